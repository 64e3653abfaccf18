//! Which directory is the root, and whether it can be trusted.

use std::env;
use std::fs::DirBuilder;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags, fstat, open};
use rustix::io::Errno;

use crate::error::{Error, ErrorKind, Result};

/// A place where pipes have names; processes with the same root see the same pipes.
#[derive(Clone, Debug)]
pub struct Namespace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    why: &'static str,
    dir: OwnedFd,
    /// Device and number of the directory.
    id: (u64, u64),
}

impl Namespace {
    /// The namespace of this process: `$NTPIPE_ROOT`; else `/run/ntpipe` if it exists; else
    /// `ntpipe` in `$XDG_RUNTIME_DIR`; else `ntpipe-<uid>` in `/dev/shm` or `/tmp`.
    ///
    /// # Errors
    /// [`ErrorKind::AccessDenied`] when the root could be tampered with; or what the file system
    /// says.
    pub fn from_env() -> Result<Self> {
        let (path, why) = choose();
        Self::at_root(&path, why)
    }

    /// The namespace whose root is this directory, which is made if it is missing.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn at(path: impl AsRef<Path>) -> Result<Self> {
        Self::at_root(path.as_ref(), "the caller named it")
    }

    /// Where the root is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Why the root is where it is, in words.
    #[must_use]
    pub fn why(&self) -> &'static str {
        self.0.why
    }

    pub(super) fn root(&self) -> BorrowedFd<'_> {
        self.0.dir.as_fd()
    }

    /// Device and number of the root.
    pub(super) fn id(&self) -> (u64, u64) {
        self.0.id
    }

    fn at_root(path: &Path, why: &'static str) -> Result<Self> {
        let told = |error: Error| error.because(format!("namespace root {}", path.display()));
        let open = || {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            open(path, flags, Mode::empty())
        };
        let dir = match open() {
            Err(Errno::NOENT) => {
                let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
                made.map_err(|error| told(Error::from_io("mkdir", &error)))?;
                open()
            }
            result => result,
        };
        let dir = dir.map_err(|errno| told(Error::os("open", errno)))?;
        let stat = fstat(&dir).map_err(|e| told(Error::os("stat", e)))?;
        let own = rustix::process::geteuid().as_raw();
        if let Some(why_not) = distrust(stat.st_uid, stat.st_mode, own) {
            return Err(Error::new(ErrorKind::AccessDenied)
                .because(format!("namespace root {}: {why_not}", path.display())));
        }
        let id = (stat.st_dev, stat.st_ino);
        Ok(Self(Arc::new(Inner { path: path.to_owned(), why, dir, id })))
    }
}

fn choose() -> (PathBuf, &'static str) {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = set("NTPIPE_ROOT") {
        return (path, "NTPIPE_ROOT names it");
    }
    let system = Path::new("/run/ntpipe");
    if system.is_dir() {
        return (system.to_owned(), "the system provides it for all users");
    }
    if let Some(path) = set("XDG_RUNTIME_DIR").filter(|path| path.is_dir()) {
        return (path.join("ntpipe"), "XDG_RUNTIME_DIR is set");
    }
    let own = format!("ntpipe-{}", rustix::process::geteuid().as_raw());
    if Path::new("/dev/shm").is_dir() {
        return (Path::new("/dev/shm").join(own), "there is no XDG_RUNTIME_DIR");
    }
    (Path::new("/tmp").join(own), "there is neither XDG_RUNTIME_DIR nor /dev/shm")
}

/// Why pipes in a directory of this owner and mode could be replaced by somebody else.
fn distrust(owner: u32, mode: u32, own: u32) -> Option<&'static str> {
    const STICKY: u32 = 0o1000;
    if owner != own && owner != 0 {
        return Some("it belongs to another user, who could replace every pipe");
    }
    if mode & 0o022 != 0 && mode & STICKY == 0 {
        return Some("others may write to it without the sticky bit; run chmod +t on it");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::distrust;

    #[test]
    fn a_root_is_ours_or_roots_and_sticky_when_shared() {
        assert_eq!(distrust(5, 0o700, 5), None);
        assert_eq!(distrust(0, 0o755, 5), None);
        assert_eq!(distrust(0, 0o1777, 5), None);
        assert!(distrust(0, 0o777, 5).is_some());
        assert!(distrust(5, 0o770, 5).is_some());
        assert!(distrust(6, 0o755, 5).is_some());
        assert!(distrust(6, 0o755, 0).is_some());
    }
}
