//! What a user keeps in the namespace for its own processes only.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, fstat, mkdirat};
use rustix::io::Errno;

use super::{Namespace, open_dir_at};
use crate::error::{Error, ErrorKind, Result};

impl Namespace {
    /// The directory of this user's named events, which is made if it is missing.
    ///
    /// # Errors
    /// [`ErrorKind::AccessDenied`] when another user has taken its place; or what the file system
    /// says.
    pub fn events(&self) -> Result<OwnedFd> {
        let user = rustix::process::geteuid().as_raw();
        let name = format!(".events-{user}");
        match mkdirat(self.root(), &name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(Error::os("mkdir", errno)),
        }
        let dir = open_dir_at(self.root(), &name).map_err(|errno| Error::os("open", errno))?;
        let stat = fstat(&dir).map_err(|errno| Error::os("stat", errno))?;
        if stat.st_uid != user || stat.st_mode & 0o022 != 0 {
            return Err(Error::new(ErrorKind::AccessDenied)
                .because(format!("{name} in the namespace is open to another user")));
        }
        Ok(dir)
    }
}
