//! How to learn that an instance may have become free, without asking all the time.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use ntpipe_shm::process::Process;
use ntpipe_shm::watchdir::WatchDir;
use rustix::event::epoll;
use rustix::io::Errno;

use super::lookup::census;
use super::{Namespace, open_dir_at};
use crate::error::{Error, ErrorKind, Result};
use crate::name::PipeName;

/// A descriptor that becomes readable when an instance of a pipe may have appeared, or the pipe may be gone.
///
/// Use it so: watch; ask; while the answer does not please, poll, [`clear`](Self::clear), ask
/// again. It may be readable for nothing.
#[derive(Debug)]
pub struct Watch {
    namespace: Namespace,
    directory: String,
    news: WatchDir,
    /// The server processes, by their numbers: one that is killed says nothing in the directory.
    servers: BTreeMap<u32, Process>,
    sees_all: bool,
    /// All of them together.
    poll: OwnedFd,
}

impl Namespace {
    /// Watches for instances of `name`, whether there is such a pipe yet or not.
    ///
    /// # Errors
    /// [`AccessDenied`](crate::ErrorKind::AccessDenied), or that descriptors are exhausted.
    pub fn watch(&self, name: &PipeName) -> Result<Watch> {
        let told = |error: Error| error.during("watch").on(name);
        let os = |call| move |errno| told(Error::os(call, errno));
        let news = WatchDir::new().map_err(os("inotify_init"))?;
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(os("epoll_create1"))?;
        let data = epoll::EventData::new_u64(0);
        epoll::add(&poll, &news, data, epoll::EventFlags::IN).map_err(os("epoll_ctl"))?;
        let mut watch = Watch {
            namespace: self.clone(),
            directory: name.directory(),
            news,
            servers: BTreeMap::new(),
            sees_all: false,
            poll,
        };
        watch.arm().map_err(told)?;
        watch.watch_servers().map_err(told)?;
        Ok(watch)
    }
}

impl Watch {
    /// Forgets what happened so far. Ask after this, not before.
    ///
    /// # Errors
    /// As [`Namespace::watch`].
    pub fn clear(&mut self) -> Result<()> {
        self.news.clear().map_err(|e| Error::os("read of inotify", e))?;
        self.arm()?;
        self.watch_servers()
    }

    /// Whether it also tells when the last server is killed. It does not if the pipe belongs to another
    /// user, or the process that made an instance has ended or has no number here: then who waits has to ask
    /// now and then.
    #[must_use]
    pub fn sees_all(&self) -> bool {
        self.sees_all
    }

    /// Watches the processes that serve the pipe now.
    fn watch_servers(&mut self) -> Result<()> {
        // Of a pipe that is not there yet, or goes this moment, the directories tell.
        let servers = match open_dir_at(self.namespace.root(), &self.directory) {
            Ok(directory) => match census(&directory) {
                Ok(census) => census.servers,
                Err(error) if error.kind() == ErrorKind::NotFound => Some(Vec::new()),
                Err(error) => return Err(error),
            },
            Err(Errno::NOENT) => Some(Vec::new()),
            Err(errno) => return Err(Error::os("open", errno)),
        };
        let Some(servers) = servers else {
            self.sees_all = false;
            return Ok(());
        };
        // The descriptor of one that has ended stays readable.
        self.servers.retain(|pid, process| {
            servers.iter().any(|slot| slot.pid == *pid) && !process.has_ended()
        });
        self.sees_all = true;
        for slot in servers {
            if self.servers.contains_key(&slot.pid) {
                continue;
            }
            let Some(process) = slot.process() else {
                self.sees_all = false;
                continue;
            };
            let data = epoll::EventData::new_u64(slot.pid.into());
            epoll::add(&self.poll, &process, data, epoll::EventFlags::IN)
                .map_err(|errno| Error::os("epoll_ctl", errno))?;
            self.servers.insert(slot.pid, process);
        }
        Ok(())
    }

    /// Watches the pipe's directory, or the root while there is none.
    fn arm(&self) -> Result<()> {
        if !self.arm_directory()? {
            self.news
                .add(self.namespace.root())
                .map_err(|e| Error::os("watching the namespace", e))?;
            // It may have come between the two.
            self.arm_directory()?;
        }
        Ok(())
    }

    fn arm_directory(&self) -> Result<bool> {
        let directory = match open_dir_at(self.namespace.root(), &self.directory) {
            Ok(directory) => directory,
            Err(Errno::NOENT) => return Ok(false),
            Err(error) => return Err(Error::os("open", error)),
        };
        match self.news.add(&directory) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(Error::os("watching the pipe", error)),
        }
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poll.as_fd()
    }
}
