//! Who may open a pipe, in Windows' words, and as it can change while the pipe lives.
//!
//! The file `pipe` cannot change, since its locks tell who lives. What is said later, or at the creation
//! in more words than that file has, stands in the file `security`, which appears whole by being
//! renamed:
//!
//! ```text
//!  0  8  "ntpsec\0" and the version of this layout
//!  8  2  length of the access list
//! 10  2  length of the descriptor
//! 12  .  the access list, as in `pipe`; then the descriptor, self-relative
//! ```

use std::os::fd::{AsFd, OwnedFd};

use ntpipe_shm::socket;
use rustix::fs::{Mode, OFlags, fstat, openat, renameat};
use rustix::io::{self, Errno};

use super::publish::Pipe;
use super::setup::Setup;
use super::{META, Namespace, Protection, listening_in, open_file_at, own_groups};
use crate::error::{Error, ErrorKind, Result};
use crate::name::PipeName;
use crate::security::{Descriptor, Grants, Security, Target};

const SECURITY: &str = "security";
const MAGIC: &[u8; 8] = b"ntpsec\0\x01";
const HEADER: usize = 12;
/// Longer descriptors are refused.
const MAX_LEN: usize = 8192;

/// Who may open a pipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The list that both ends go by.
    pub security: Security,
    /// What the list was made of, if it was made of a descriptor.
    pub descriptor: Option<Descriptor>,
}

impl From<Security> for Policy {
    fn from(security: Security) -> Self {
        Self { security, descriptor: None }
    }
}

impl Policy {
    /// The policy that a descriptor means. Without a DACL it is the default one.
    ///
    /// # Errors
    /// As [`Descriptor::security`].
    pub fn of(descriptor: Descriptor) -> Result<Self> {
        let security = descriptor.security()?.unwrap_or_default();
        Ok(Self { security, descriptor: Some(descriptor) })
    }

    fn encode(&self) -> Option<Vec<u8>> {
        let mut list = Vec::new();
        self.security.encode(&mut list);
        let descriptor = match &self.descriptor {
            Some(descriptor) => descriptor.to_bytes()?,
            None => Vec::new(),
        };
        let mut out = MAGIC.to_vec();
        for part in [&list, &descriptor] {
            out.extend(u16::try_from(part.len()).ok()?.to_le_bytes());
        }
        out.extend(list);
        out.extend(descriptor);
        (out.len() <= MAX_LEN).then_some(out)
    }

    /// Believes nothing: `None` when it is anything but what [`encode`](Self::encode) gives.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
        let word = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let (list, descriptor) = rest.split_at_checked(word(8))?;
        if !header.starts_with(MAGIC) || descriptor.len() != word(10) {
            return None;
        }
        let descriptor = match descriptor {
            [] => None,
            bytes => Some(Descriptor::from_bytes(bytes)?),
        };
        Some(Self { security: Security::decode(list)?, descriptor })
    }

    /// What was said in a pipe's directory beside `pipe`, if anything was.
    pub(super) fn read(dir: impl AsFd) -> Result<Option<Self>> {
        let file = match open_file_at(dir, SECURITY) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(Error::os("open", errno)),
        };
        let mut bytes = vec![0; MAX_LEN + 1];
        let mut len = 0;
        while len < bytes.len() {
            let at = u64::try_from(len).map_err(|_| ErrorKind::GenFailure)?;
            match io::pread(&file, &mut bytes[len..], at) {
                Ok(0) => break,
                Ok(more) => len += more,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Error::os("read", errno)),
            }
        }
        let policy = Self::decode(&bytes[..len]);
        // What is damaged lets nobody in.
        policy.map(Some).ok_or_else(|| {
            Error::new(ErrorKind::AccessDenied).because("what the pipe's security says is damaged")
        })
    }

    /// Says it in a pipe's directory. To be called with the right to set up.
    pub(super) fn write(&self, dir: &OwnedFd, grants: &Grants) -> Result<()> {
        const NEW: &str = "t.security";
        let bytes = self.encode().ok_or_else(|| {
            Error::new(ErrorKind::InvalidParameter).because("the security descriptor is too long")
        })?;
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(dir, NEW, flags, Mode::RUSR | Mode::WUSR)
            .map_err(|e| Error::os("writing who may open the pipe", e))?;
        let written = io::pwrite(&file, &bytes, 0).map_err(|e| Error::os("write", e))?;
        if written != bytes.len() {
            return Err(Error::new(ErrorKind::DiskFull));
        }
        grants.apply(file.as_fd(), Target::Metadata)?;
        renameat(dir, NEW, dir, SECURITY).map_err(|e| Error::os("rename", e))
    }

    /// The whole of it in Windows' words, for a pipe of `owner` in the group `gid`.
    pub(super) fn told(&self, owner: u32, gid: u32) -> Descriptor {
        let made = self.security.descriptor(owner, gid);
        match self.descriptor.clone() {
            None => made,
            Some(descriptor) => Descriptor {
                // A client may go by the owner, so a server does not choose a name: only root may.
                owner: descriptor.owner.filter(|_| owner == 0).or(made.owner),
                group: descriptor.group.or(made.group),
                dacl: descriptor.dacl.or(made.dacl),
                ..descriptor
            },
        }
    }
}

impl Pipe {
    /// Who may open the pipe now, in Windows' words.
    ///
    /// # Errors
    /// The system calls'.
    pub fn descriptor(&self) -> Result<Descriptor> {
        let said = Policy::read(&self.dir)?;
        let policy = said.unwrap_or_else(|| self.meta().security.clone().into());
        Ok(Protection::new(&self.dir, self.meta.incarnation, &policy)?.descriptor)
    }

    /// Changes who may open it, for all instances.
    ///
    /// # Errors
    /// [`ErrorKind::AccessDenied`] if it is another user's, [`ErrorKind::InvalidParameter`] if the
    /// descriptor is too long, and the system calls'.
    pub fn set_policy(&self, policy: Policy) -> Result<()> {
        change(&self.dir, policy)
    }
}

impl Namespace {
    /// Who may open the pipe of this name, in Windows' words; of that incarnation of it, if one is
    /// given.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such pipe any more, and the system calls'.
    pub fn descriptor(&self, name: &PipeName, of: Option<u64>) -> Result<Descriptor> {
        let (dir, meta) = self.find_policed(name, of)?;
        let policy = Policy::read(&dir)?.unwrap_or_else(|| meta.security.clone().into());
        Ok(Protection::new(&dir, meta.incarnation, &policy)?.descriptor)
    }

    /// As [`Pipe::set_policy`], for the pipe of this name, and that incarnation of it if one is given.
    ///
    /// # Errors
    /// As there, and [`ErrorKind::NotFound`] when there is no such pipe any more.
    pub fn set_policy(&self, name: &PipeName, of: Option<u64>, policy: Policy) -> Result<()> {
        change(&self.find_policed(name, of)?.0, policy)
    }

    fn find_policed(&self, name: &PipeName, of: Option<u64>) -> Result<(OwnedFd, super::Meta)> {
        let (dir, meta) = self.find_dir(name)?;
        match of {
            Some(of) if meta.incarnation != of => Err(ErrorKind::NotFound.into()),
            _ => Ok((dir, meta)),
        }
    }
}

fn change(dir: &OwnedFd, mut policy: Policy) -> Result<()> {
    let owner = fstat(dir).map_err(|e| Error::os("stat", e))?.st_uid;
    if owner != rustix::process::geteuid().as_raw() {
        return Err(Error::new(ErrorKind::AccessDenied)
            .because(format!("the pipe belongs to user {owner}")));
    }
    let groups = own_groups();
    policy.security.resolve_group(groups[0]);
    let grants = Grants::new(&policy.security, owner, &groups);
    let setup = Setup::begin(dir).map_err(|e| Error::os("locking the pipe", e))?;
    let _setup = setup
        .ok_or_else(|| Error::new(ErrorKind::NotFound).because("its directory was removed"))?;
    // Both ends go by this from here on; what follows is the second line.
    policy.write(dir, &grants)?;
    let file = open_file_at(dir, META).map_err(|e| Error::os("open", e))?;
    grants.renew(dir.as_fd(), Target::Directory)?;
    grants.renew(file.as_fd(), Target::Metadata)?;
    for instance in listening_in(dir).map_err(|e| Error::os("reading the pipe", e))? {
        let (mode, gid) = (grants.mode(Target::Socket), grants.gid().unwrap_or(groups[0]));
        let changed =
            socket::change_at(dir, &instance.file(), mode, gid, |path| grants.renew_acl_at(path));
        match changed {
            // A client took it meanwhile.
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(Error::os("chmod", errno)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::Sid;

    #[test]
    fn it_reads_back_and_garbage_does_not() {
        let descriptor = Descriptor::parse("O:BAD:P(A;;GA;;;WD)(A;;GR;;;S-1-5-21-7)").unwrap();
        let policy = Policy::of(descriptor).unwrap();
        let bytes = policy.encode().unwrap();
        assert_eq!(Policy::decode(&bytes), Some(policy));
        for len in 0..bytes.len() {
            assert_eq!(Policy::decode(&bytes[..len]), None, "{len}");
        }
        let plain = Policy { security: Security::everyone(), descriptor: None };
        assert_eq!(Policy::decode(&plain.encode().unwrap()), Some(plain));
    }

    #[test]
    fn what_is_not_said_is_the_files() {
        let policy = Policy::of(Descriptor::parse("G:SY").unwrap()).unwrap();
        assert_eq!(policy.security, Security::current_user());
        let text = policy.told(5, 50).text();
        assert_eq!(text, "O:S-1-22-1-5G:SYD:(A;;FA;;;S-1-22-1-5)(A;;FA;;;S-1-22-1-0)");
    }

    #[test]
    fn a_server_cannot_say_that_its_pipe_is_somebody_elses() {
        let policy = Policy::of(Descriptor::parse("O:SYG:SYD:(A;;GA;;;WD)").unwrap()).unwrap();
        assert_eq!(policy.told(5, 50).owner, Some(Sid::user(5)));
        assert_eq!(policy.told(0, 0).owner, Sid::parse("SY"));
    }
}
