//! Creating an instance: the first one makes the pipe, later ones join it.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ntpipe_shm::crash;
use ntpipe_shm::generation::PerProcess;
use ntpipe_shm::lockfile::{self, LockKind};
use ntpipe_shm::peer;
use rustix::fs::{Mode, OFlags, fstat, mkdirat, openat, renameat};
use rustix::io::{self, Errno};

use super::place::{Listening, Place};
use super::setup::{MAX_PLACES, Setup};
use super::{LOCK, META, Meta, Namespace, Policy, open_dir_at, open_file_at, own_groups};
use crate::error::{Error, ErrorKind, Result};
use crate::mode::{Access, PipeType};
use crate::name::PipeName;
use crate::security::{Grants, Rights, Target};

/// The `nMaxInstances` that stands for no limit.
//= learn: CreateNamedPipe, PIPE_UNLIMITED_INSTANCES
const UNLIMITED: u32 = 255;

/// The default wait when the server asks for 0.
//= learn: CreateNamedPipe, nDefaultTimeOut
const DEFAULT_TIMEOUT_MS: u32 = 50;

/// What an instance shall be.
#[derive(Clone, Debug)]
pub struct CreateParams {
    /// Bytes or messages; only the first instance decides.
    pub pipe_type: PipeType,
    /// The directions; the same for all instances.
    pub access: Access,
    /// 1 to 255, which stands for no limit; only the first instance decides.
    pub max_instances: u32,
    /// Room for data from the client, of this instance.
    pub in_quota: u32,
    /// Room for data to the client, of this instance.
    pub out_quota: u32,
    /// How long clients wait by default, 0 for 50 ms; only the first instance decides.
    pub default_timeout_ms: u32,
    /// Whether this has to be the first instance.
    pub first: bool,
    /// Who may open the pipe; only the first instance decides.
    pub policy: Policy,
    /// Whether this instance brings another owner and a descriptor of its own, which only the first
    /// one may.
    pub takes_ownership: bool,
}

/// A fresh instance: its place in the pipe, and its socket.
#[derive(Debug)]
pub struct Listener {
    /// The pipe it is an instance of.
    pub pipe: Arc<Pipe>,
    /// Its place, for as long as the instance lives.
    pub place: Place,
    /// Its socket, until a client is there.
    pub listening: Listening,
}

impl Listener {
    fn new(setup: Setup<'_>, pipe: Arc<Pipe>, live: &[u32], params: &CreateParams) -> Result<Self> {
        let quotas = (params.in_quota, params.out_quota);
        let place = Place::take(&setup, Arc::clone(&pipe), live, quotas)?;
        let listening = place.listen_by(&setup);
        // A place that does not listen is given up, which takes the right to set up again.
        drop(setup);
        Ok(Self { pipe, listening: listening?, place })
    }
}

/// What the instances of a pipe share in this process: what it is, and three descriptors.
#[derive(Debug)]
pub struct Pipe {
    pub(super) namespace: Namespace,
    pub(super) directory: String,
    pub(super) meta: Meta,
    pub(super) grants: Grants,
    pub(super) dir: OwnedFd,
    pub(super) lock: OwnedFd,
    pub(super) file: OwnedFd,
    /// The process that opened the descriptors: a forked one must not release its locks.
    pub(super) process: u32,
    /// How many places this process holds.
    pub(super) places: Mutex<u32>,
    /// When this process last found that nothing of the dead is left.
    pub(super) swept: Mutex<Option<Swept>>,
    pub(super) owner: u32,
}

/// What tells whether anybody else was at a pipe: as long as both are the same, nobody can have left
/// anything, and thousands of instances are not looked through for each new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Swept {
    /// The order of the youngest listening instance.
    pub(super) order: u64,
    /// How many instances other processes have.
    foreign: usize,
}

impl Pipe {
    /// What the pipe is.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// How many places this process holds.
    fn places(&self) -> u32 {
        *self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes what dead servers left behind, if there can be anything.
    fn sweep(&self, setup: &Setup<'_>, live: &[u32]) -> io::Result<()> {
        let foreign = live.len().saturating_sub(self.places() as usize);
        let now = Swept { order: setup.order()?, foreign };
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if *swept != Some(now) {
            setup.sweep(live)?;
            *swept = Some(now);
        }
        Ok(())
    }

    /// What the client behind `socket` may do, as the kernel attests who it is.
    ///
    /// # Errors
    /// The system call's.
    pub fn rights_of(&self, socket: impl AsFd) -> Result<Rights> {
        let who = peer::credentials(&socket).map_err(|e| Error::os("SO_PEERCRED", e))?;
        let said = Policy::read(&self.dir)?;
        let security = said.as_ref().map_or(&self.meta.security, |said| &said.security);
        let mut groups = vec![who.gid];
        if security.names_groups() {
            groups.extend(peer::groups(&socket).map_err(|e| Error::os("SO_PEERGROUPS", e))?);
        }
        Ok(security.allows(self.owner, who.uid, &groups))
    }

    /// How many instances the pipe has, in all processes.
    ///
    /// # Errors
    /// The system call's.
    pub fn instances(&self) -> Result<u32> {
        let lock = open_file_at(&self.dir, LOCK).map_err(|e| Error::os("open", e))?;
        let live = super::setup::live(lock).map_err(|e| Error::os("F_OFD_GETLK", e))?;
        Ok(u32::try_from(live.len()).unwrap_or(u32::MAX))
    }
}

impl Namespace {
    /// Creates an instance of `name`, which listens from then on.
    ///
    /// # Errors
    /// [`ErrorKind::PipeBusy`] when the limit of the pipe is reached;
    /// [`ErrorKind::AccessDenied`] when it has to be the first and is not, when its directions
    /// are not those of the pipe, or when the pipe belongs to another user;
    /// [`ErrorKind::InvalidParameter`] when the limit is not within 1 to 255.
    pub fn create(&self, name: &PipeName, params: &CreateParams) -> Result<Listener> {
        self.try_create(name, params).map_err(|error| error.during("create").on(name))
    }

    fn try_create(&self, name: &PipeName, params: &CreateParams) -> Result<Listener> {
        if !(1..=UNLIMITED).contains(&params.max_instances) {
            return Err(Error::new(ErrorKind::InvalidParameter)
                .because("the most instances are 1 to 254, or 255 for no limit"));
        }
        let directory = name.directory();
        if let Some(pipe) = self.own(name)
            && let Some(listener) = self.add_to(&pipe, params)?
        {
            return Ok(listener);
        }
        loop {
            if let Some(listener) = self.create_at(&directory, name, params)? {
                return Ok(listener);
            }
        }
    }

    /// The pipe of this name, if this process, as the user that it is now, has an instance of it.
    fn own(&self, name: &PipeName) -> Option<Arc<Pipe>> {
        let (process, user) = (std::process::id(), rustix::process::geteuid().as_raw());
        registry().values().filter_map(Weak::upgrade).find(|pipe| {
            pipe.meta.name == *name
                && pipe.namespace.id() == self.id()
                && (pipe.process, pipe.owner) == (process, user)
                && pipe.places() > 0
        })
    }

    /// One more instance of a pipe that this process has; `None` if it has ended meanwhile.
    fn add_to(&self, pipe: &Arc<Pipe>, params: &CreateParams) -> Result<Option<Listener>> {
        let setup = Setup::begin(&pipe.dir).map_err(|e| Error::os("locking the pipe", e))?;
        let Some(setup) = setup else { return Ok(None) };
        let current = setup.is_current(self, &pipe.directory);
        if !current.map_err(|e| Error::os("stat", e))? {
            return Ok(None);
        }
        // As long as this process holds a place, nobody makes the pipe anew in the same directory; and with
        // the right to set up here, this process gives none up.
        if pipe.places() == 0 {
            return Ok(None);
        }
        let live = setup.live().map_err(|e| Error::os("F_OFD_GETLK", e))?;
        may_join(pipe.meta(), params, live.len())?;
        pipe.sweep(&setup, &live).map_err(|e| Error::os("sweeping the pipe", e))?;
        Listener::new(setup, Arc::clone(pipe), &live, params).map(Some)
    }

    /// One attempt; `None` when the directory went away under it.
    fn create_at(
        &self,
        directory: &str,
        name: &PipeName,
        params: &CreateParams,
    ) -> Result<Option<Listener>> {
        match mkdirat(self.root(), directory, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(Error::os("mkdir", errno)),
        }
        crash::point("create.after-mkdir");
        let dir = match open_dir_at(self.root(), directory) {
            Ok(dir) => dir,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(Error::os("open", errno)),
        };
        let owner = fstat(&dir).map_err(|e| Error::os("stat", e))?.st_uid;
        if owner != rustix::process::geteuid().as_raw() {
            return Err(Error::new(ErrorKind::AccessDenied)
                .because(format!("the pipe belongs to user {owner}")));
        }
        let set_up = io::fcntl_dupfd_cloexec(&dir, 0).map_err(|e| Error::os("dup", e))?;
        let setup = Setup::begin(&set_up).map_err(|e| Error::os("locking the pipe", e))?;
        let Some(setup) = setup else { return Ok(None) };
        let current = setup.is_current(self, directory).map_err(|e| Error::os("stat", e))?;
        if !current {
            return Ok(None);
        }
        let live = setup.live().map_err(|e| Error::os("F_OFD_GETLK", e))?;
        let pipe = if live.is_empty() {
            let made = self.make_pipe(&setup, dir, directory, name, params, owner);
            match made {
                Ok(pipe) => pipe,
                Err(error) => {
                    setup.discard(self, directory).ok();
                    return Err(error);
                }
            }
        } else {
            let pipe = self.join_pipe(dir, directory, name, owner)?;
            may_join(pipe.meta(), params, live.len())?;
            pipe.sweep(&setup, &live).map_err(|e| Error::os("sweeping the pipe", e))?;
            pipe
        };
        Listener::new(setup, pipe, &live, params).map(Some)
    }

    /// The first instance: clears what dead ones left, and tells what the pipe is.
    fn make_pipe(
        &self,
        setup: &Setup<'_>,
        dir: OwnedFd,
        directory: &str,
        name: &PipeName,
        params: &CreateParams,
        owner: u32,
    ) -> Result<Arc<Pipe>> {
        setup.clear().map_err(|e| Error::os("sweeping the pipe", e))?;
        let groups = own_groups();
        let mut policy = params.policy.clone();
        policy.security.resolve_group(groups[0]);
        let grants = Grants::new(&policy.security, owner, &groups);
        if policy.descriptor.is_some() {
            policy.write(&dir, &grants)?;
        }
        let timeout = match params.default_timeout_ms {
            0 => DEFAULT_TIMEOUT_MS,
            given => given,
        };
        let meta = Meta {
            name: name.clone(),
            pipe_type: params.pipe_type,
            access: params.access,
            max_instances: params.max_instances,
            default_timeout_ms: timeout,
            incarnation: Meta::fresh_incarnation(),
            security: policy.security,
        };
        grants.apply(dir.as_fd(), Target::Directory)?;
        let file = write_meta(&dir, &meta, &grants)?;
        crash::point("create.after-meta");
        let pipe = self.open_pipe(dir, directory, meta, grants, file, owner)?;
        registry().insert(key(&pipe.dir)?, Arc::downgrade(&pipe));
        Ok(pipe)
    }

    /// A later instance: finds the pipe in this process, or opens what another one made.
    pub(super) fn join_pipe(
        &self,
        dir: OwnedFd,
        directory: &str,
        name: &PipeName,
        owner: u32,
    ) -> Result<Arc<Pipe>> {
        let file = open_file_at(&dir, META).map_err(|e| Error::os("open", e))?;
        let key = key(&dir)?;
        let mut registry = registry();
        if let Some(pipe) = registry.get(&key).and_then(Weak::upgrade)
            && pipe.process == std::process::id()
            && self::key(&pipe.file)? == self::key(&file)?
        {
            return Ok(pipe);
        }
        let meta = Meta::read(&file).map_err(|e| Error::os("read", e))?;
        let meta = meta.filter(|meta| meta.name == *name).ok_or_else(|| {
            Error::new(ErrorKind::GenFailure)
                .because(format!("{} is damaged", self.path().join(directory).display()))
        })?;
        let grants = Grants::new(&meta.security, owner, &own_groups());
        let pipe = self.open_pipe(dir, directory, meta, grants, file, owner)?;
        registry.insert(key, Arc::downgrade(&pipe));
        Ok(pipe)
    }

    fn open_pipe(
        &self,
        dir: OwnedFd,
        directory: &str,
        meta: Meta,
        grants: Grants,
        file: OwnedFd,
        owner: u32,
    ) -> Result<Arc<Pipe>> {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let lock = openat(&dir, LOCK, flags, Mode::empty()).map_err(|e| Error::os("open", e))?;
        Ok(Arc::new(Pipe {
            namespace: self.clone(),
            directory: directory.to_owned(),
            meta,
            grants,
            dir,
            lock,
            file,
            process: std::process::id(),
            places: Mutex::new(0),
            swept: Mutex::new(None),
            owner,
        }))
    }
}

/// Whether one more instance fits to those that live. The limit comes before all else.
//= observed: a full pipe answers PIPE_BUSY even to FILE_FLAG_FIRST_PIPE_INSTANCE
fn may_join(meta: &Meta, params: &CreateParams, live: usize) -> Result<()> {
    let limit = match meta.max_instances {
        UNLIMITED => MAX_PLACES,
        limit => limit,
    };
    if u32::try_from(live).is_ok_and(|live| live < limit) {
        if params.first {
            return Err(Error::new(ErrorKind::AccessDenied)
                .because("it shall be the first instance, and there is one"));
        }
        //= observed: a later instance with WRITE_OWNER and a descriptor of its own
        if params.takes_ownership {
            return Err(Error::new(ErrorKind::AccessDenied).because("the pipe has its owner"));
        }
        if params.access != meta.access {
            return Err(
                Error::new(ErrorKind::AccessDenied).because("its instances have other directions")
            );
        }
        return Ok(());
    }
    Err(Error::new(ErrorKind::PipeBusy).because(format!("its limit is {limit}")))
}

/// Writes the metadata, which appear with their lock held, or not at all.
fn write_meta(dir: &OwnedFd, meta: &Meta, grants: &Grants) -> Result<OwnedFd> {
    const NEW: &str = "t.pipe";
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(dir, NEW, flags, Mode::RUSR | Mode::WUSR)
        .map_err(|e| Error::os("writing what the pipe is", e))?;
    let bytes = meta.encode();
    let written = io::pwrite(&file, &bytes, 0).map_err(|e| Error::os("write", e))?;
    if written != bytes.len() {
        return Err(Error::new(ErrorKind::DiskFull));
    }
    grants.apply(file.as_fd(), Target::Metadata)?;
    lockfile::try_lock(&file, LockKind::Shared, 0..1).map_err(|e| Error::os("F_OFD_SETLK", e))?;
    renameat(dir, NEW, dir, META).map_err(|e| Error::os("rename", e))?;
    Ok(file)
}

/// Which file something is, while it exists: its device and its number.
pub(super) type Key = (u64, u64);

/// The pipes of this process, by device and number of their directories.
fn registry() -> MutexGuard<'static, HashMap<Key, Weak<Pipe>>> {
    static PIPES: PerProcess<Mutex<HashMap<Key, Weak<Pipe>>>> = PerProcess::new();
    let mut pipes = PIPES.get().lock().unwrap_or_else(PoisonError::into_inner);
    pipes.retain(|_, pipe| pipe.strong_count() > 0);
    pipes
}

pub(super) fn key(file: &OwnedFd) -> Result<Key> {
    let stat = fstat(file).map_err(|e| Error::os("stat", e))?;
    Ok((stat.st_dev, stat.st_ino))
}

#[cfg(test)]
mod tests {
    use ntpipe_shm::generation::{Ended, in_copy, is_alone};

    use super::*;

    #[test]
    fn a_copy_makes_pipes_while_the_registry_is_locked() {
        if !is_alone("namespace::publish::tests::a_copy_makes_pipes_while_the_registry_is_locked") {
            return;
        }
        let root = std::env::temp_dir().join(format!("ntpipe-copy-{}", std::process::id()));
        let params = CreateParams {
            pipe_type: PipeType::Byte,
            access: Access::Duplex,
            max_instances: 2,
            in_quota: 1,
            out_quota: 1,
            default_timeout_ms: 0,
            first: false,
            policy: crate::security::Security::current_user().into(),
            takes_ownership: false,
        };
        let namespace = Namespace::at(&root).unwrap();
        let name = |name| PipeName::new(name).unwrap();
        let before = namespace.create(&name("before"), &params).unwrap();
        // For the copy it is the lock of a thread that is not there.
        let held = registry();
        let makes = in_copy(|| {
            let both = [(); 2].map(|()| namespace.create(&name("copied"), &params));
            let joined = namespace.create(&name("before"), &params);
            both.iter().all(Result::is_ok) && joined.is_ok()
        });
        drop((held, before));
        std::fs::remove_dir_all(root).unwrap();
        assert_eq!(makes, Ok(Ended::Well));
    }
}
