//! The security descriptor of a pipe, asked for and set through one of its ends. For the C library.

use ntpipe_core::name::PipeName;
use ntpipe_core::namespace::{Namespace, Policy};
use ntpipe_core::security::Descriptor;

use crate::end::lock;
use crate::{Error, ErrorKind, Pipe, Result, Security};

impl Pipe {
    /// Who may open the pipe, in Windows' words: the pipe's, not this end's. A client knows it as it
    /// last saw it when the pipe is no more.
    ///
    /// # Errors
    ///
    /// What the system calls give.
    #[doc(hidden)]
    pub fn descriptor(&self) -> Result<Descriptor> {
        self.named("query the security of", self.find_descriptor())
    }

    fn find_descriptor(&self) -> Result<Descriptor> {
        self.end.check_process()?;
        if let Some(server) = &self.end.server {
            return server.instance().place().pipe().descriptor();
        }
        if self.end.pair.is_some() {
            let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
            return Ok(Security::current_user().descriptor(uid.as_raw(), gid.as_raw()));
        }
        let (name, incarnation) = self.place()?;
        let now = Namespace::from_env()?.descriptor(&name, incarnation);
        match (now, self.end.protection.get()) {
            (Ok(now), Some(seen)) => {
                lock(seen).descriptor = now.clone();
                Ok(now)
            }
            (Err(error), Some(seen)) if error.kind() == ErrorKind::NotFound => {
                Ok(lock(seen).descriptor.clone())
            }
            (now, _) => now,
        }
    }

    /// Changes who may open the pipe, through whichever end.
    ///
    /// # Errors
    ///
    /// `ERROR_ACCESS_DENIED` if the pipe is another user's, `ERROR_FILE_NOT_FOUND` if it is no more,
    /// `ERROR_NOT_SUPPORTED` for an anonymous pipe, which cannot be opened.
    #[doc(hidden)]
    pub fn set_descriptor(&self, descriptor: Descriptor) -> Result<()> {
        let set = || {
            self.end.check_process()?;
            let policy = Policy::of(descriptor)?;
            if let Some(server) = &self.end.server {
                return server.instance().place().pipe().set_policy(policy);
            }
            if self.end.pair.is_some() {
                return Err(Error::new(ErrorKind::NotSupported));
            }
            let (name, incarnation) = self.place()?;
            Namespace::from_env()?.set_policy(&name, incarnation, policy)
        };
        self.named("set the security of", set())
    }

    /// The name of the pipe, and its incarnation if that is known.
    fn place(&self) -> Result<(PipeName, Option<u64>)> {
        let incarnation = self.end.protection.get().map(|seen| lock(seen).incarnation);
        Ok((self.end.facts.name.parse()?, incarnation))
    }
}
