//! What can be waited for, when it is ready, and what wakes whoever waits for it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use ntpipe_core::connection::Connection;
use ntpipe_shm::doorbell::{Doorbell, SLEEPER};
use ntpipe_shm::owner::Taken;
use ntpipe_shm::signal::{Signal, Ticket};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::Event;
use super::owner::{OwnerWatch, me};
use super::store::Store;
use crate::end::End;
use crate::sync::{Mutex, Semaphore, Timer};
use crate::watch::{self, Alarm};
use crate::{Error, NamedPipeClient, NamedPipeServer, Result};

/// Something that [`wait_any`](super::wait_any) and [`wait_all`](super::wait_all) wait for.
///
/// An [`Event`] is ready when it is signalled; a [`Mutex`] when nobody or this thread owns it; a
/// [`Semaphore`] when its count is above zero; a [`Timer`] when it was due; a [`ChildProcess`] when it has
/// exited; a pipe end when reading from it would not wait: data is there, or the peer is gone; and a
/// server end that listens when a client has come, which is then told once. Any descriptor is ready when
/// it is readable; that of a process (`pidfd_open`) is when the process has exited.
pub trait Waitable: Sealed {}

pub(super) mod sealed {
    /// Implemented in this crate only.
    pub trait Sealed {
        /// What it is.
        fn source(&self) -> Source<'_>;
    }

    /// What a [`Waitable`](super::Waitable) is.
    #[derive(Debug)]
    pub struct Source<'a>(pub(super) super::Kind<'a>);
}

use sealed::{Sealed, Source};

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind<'a> {
    Event(&'a Event),
    Mutex(&'a Mutex),
    Semaphore(&'a Semaphore),
    Timer(&'a Timer),
    End(&'a End),
    Descriptor(BorrowedFd<'a>),
    /// Ready for ever.
    Over,
}

macro_rules! waitable {
    ($type:ty, $self:ident => $kind:expr) => {
        impl Waitable for $type {}
        impl Sealed for $type {
            fn source(&$self) -> Source<'_> {
                Source($kind)
            }
        }
    };
}

waitable!(Event, self => Kind::Event(self));
waitable!(Mutex, self => Kind::Mutex(self));
waitable!(Semaphore, self => Kind::Semaphore(self));
waitable!(Timer, self => Kind::Timer(self));
waitable!(ChildProcess, self => self.kind());
waitable!(Always, self => Kind::Over);
waitable!(OwnedFd, self => Kind::Descriptor(self.as_fd()));
waitable!(BorrowedFd<'_>, self => Kind::Descriptor(*self));
waitable!(NamedPipeServer, self => Kind::End(&self.pipe.end));
waitable!(NamedPipeClient, self => Kind::End(&self.pipe.end));

/// Something that is always ready.
#[derive(Clone, Copy, Debug, Default)]
pub struct Always;

/// The exit of a child process, to wait for.
#[derive(Debug)]
pub struct ChildProcess {
    /// `None`: it was over when asked.
    process: Option<OwnedFd>,
}

impl ChildProcess {
    /// The exit of this child. Its status stays with the [`Child`], whose `wait` does not block then.
    ///
    /// # Errors
    ///
    /// What the system says when asked for a descriptor of the process.
    pub fn new(child: &mut Child) -> Result<Self> {
        // Its number is its own only while nobody has waited for it, which `Child` knows.
        let over = child.try_wait().map_err(|error| Error::from_io("waitpid", &error))?;
        let number = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let (None, Some(number)) = (over, number) else { return Ok(Self { process: None }) };
        let process = pidfd_open(number, PidfdFlags::empty());
        Ok(Self { process: Some(process.map_err(|errno| Error::os("pidfd_open", errno))?) })
    }

    fn kind(&self) -> Kind<'_> {
        self.process.as_ref().map_or(Kind::Over, |process| Kind::Descriptor(process.as_fd()))
    }
}

/// Whether a read from the descriptor would not wait.
pub(super) fn is_readable(fd: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    matches!(rustix::event::poll(&mut fds, Some(&Timespec::default())), Ok(1))
}

/// One of the things that a call waits for, for as long as the call lasts.
pub(super) struct Wait<'a> {
    kind: Kind<'a>,
    ticket: Option<(Signal<'a>, Ticket)>,
    /// A server's client came; it is told once, so it is kept.
    came: bool,
    /// The process that owns a mutex.
    owner: OwnerWatch,
    taken: Option<Took>,
}

/// What a wait has taken, in order to give it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Took {
    Signal,
    Mutex(Taken),
    Permit,
    Due(u64),
}

impl<'a> Wait<'a> {
    pub(super) fn begin(of: &'a dyn Waitable) -> Self {
        let kind = match of.source() {
            // What is done with it next tells why.
            Source(Kind::End(end)) if end.is_copy() => Kind::Over,
            Source(kind) => kind,
        };
        let ticket = match kind {
            Kind::Event(event) => Some((event.signal(), event.signal().begin())),
            _ => None,
        };
        Self { kind, ticket, came: false, owner: OwnerWatch::default(), taken: None }
    }

    /// Whether it is ready, and if so, takes what a wait takes.
    pub(super) fn take(&mut self) -> bool {
        self.taken = match (self.kind, &mut self.ticket) {
            (_, Some((signal, ticket))) => signal.take(ticket).then_some(Took::Signal),
            (Kind::Mutex(mutex), _) => {
                self.look_after_owner(mutex);
                mutex.take().map(Took::Mutex)
            }
            (Kind::Semaphore(semaphore), _) => semaphore.counter().take().then_some(Took::Permit),
            (Kind::Timer(timer), _) => timer.due().take().map(Took::Due),
            _ => return self.is_ready(),
        };
        self.taken.is_some()
    }

    /// Whether it is ready at this moment.
    pub(super) fn is_ready(&mut self) -> bool {
        match self.kind {
            Kind::Event(event) => event.signal().is_available(),
            Kind::Mutex(mutex) => {
                self.look_after_owner(mutex);
                mutex.owner().is_available(me())
            }
            Kind::Semaphore(semaphore) => semaphore.counter().is_available(),
            Kind::Timer(timer) => timer.due().is_available(),
            Kind::Descriptor(fd) => is_readable(fd),
            Kind::Over => true,
            Kind::End(end) => {
                self.came |= end.server.as_ref().is_some_and(|server| server.has_news(end));
                self.came || end.is_readable()
            }
        }
    }

    fn look_after_owner(&mut self, mutex: &Mutex) {
        if mutex.owner().process() != 0 {
            self.owner.look(mutex.owner(), me());
        }
    }

    /// For something that a wait takes, what tells it apart.
    pub(super) fn key(&self) -> Option<(u64, u64, u64)> {
        self.store().map(Store::key)
    }

    fn store(&self) -> Option<&'a Store> {
        match self.kind {
            Kind::Event(event) => Some(&event.store),
            Kind::Mutex(mutex) => Some(&mutex.store),
            Kind::Semaphore(semaphore) => Some(&semaphore.store),
            Kind::Timer(timer) => Some(&timer.store),
            Kind::Descriptor(_) | Kind::Over | Kind::End(_) => None,
        }
    }

    /// Whether what was taken is a mutex whose last owner ended without releasing it.
    pub(super) fn is_abandoned(&self) -> bool {
        self.taken == Some(Took::Mutex(Taken::Abandoned))
    }

    /// Gives back what [`take`](Self::take) took.
    pub(super) fn give_back(&mut self) {
        match (self.kind, self.taken.take()) {
            (Kind::Event(event), Some(Took::Signal)) => event.signal().give_back(),
            (Kind::Mutex(mutex), Some(Took::Mutex(taken))) => mutex.give_back(taken),
            (Kind::Semaphore(semaphore), Some(Took::Permit)) => {
                // There is room for what was just taken, unless others have filled it meanwhile.
                let _ = semaphore.counter().release(1);
            }
            (Kind::Timer(timer), Some(Took::Due(due))) => timer.due().give_back(due),
            _ => {}
        }
    }

    /// Counts this wait among those that a set or a pulse releases.
    pub(super) fn enter(&mut self) {
        if let Some((signal, ticket)) = &mut self.ticket {
            signal.enter(ticket);
        }
    }

    /// How long it takes at most until it is to be looked at again; `None` is for ever.
    pub(super) fn left(&self) -> Option<Duration> {
        match self.kind {
            Kind::Timer(timer) => timer.due().left(),
            _ => None,
        }
    }

    /// Whether the last look found more to arm: nobody may sleep before that is.
    pub(super) fn is_unarmed(&self) -> bool {
        self.owner.is_unarmed()
    }

    /// From now on a word changes when it becomes ready, or one of `fds` becomes readable. To be looked
    /// at once more after this.
    pub(super) fn arm<'fd>(&'fd self, fds: &mut Vec<BorrowedFd<'fd>>) -> Result<Armed<'a>> {
        let on = |announced| Ok(Armed::plain(announced));
        match self.kind {
            Kind::Event(event) => on(event.signal().announce()),
            Kind::Mutex(mutex) => {
                fds.extend(self.owner.arm());
                on(mutex.owner().announce())
            }
            Kind::Semaphore(semaphore) => on(semaphore.counter().announce()),
            Kind::Timer(timer) => on(timer.due().announce()),
            Kind::Descriptor(fd) => {
                fds.push(fd);
                Ok(Armed { word: Word::None, seen: 0 })
            }
            Kind::Over => Ok(Armed::at_once()),
            Kind::End(end) => match (end.connection(), &end.server) {
                (Some(connection), _) => {
                    watch::ensure(&connection)?;
                    let seen = Doorbell(&connection.own().data_bell).announce(SLEEPER);
                    Ok(Armed { word: Word::Bell(connection), seen })
                }
                (None, Some(server)) => {
                    Ok(server.alarm(end)?.map_or_else(Armed::at_once, Armed::alarm))
                }
                (None, None) => Ok(Armed::at_once()),
            },
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if let Some((signal, ticket)) = &mut self.ticket {
            signal.leave(ticket);
        }
        if self.came
            && let Kind::End(End { server: Some(server), .. }) = self.kind
        {
            server.keep_news();
        }
    }
}

impl Wait<'_> {
    /// The caller is told that this one is ready.
    pub(super) fn tell(&mut self) {
        self.came = false;
    }
}

/// A word to sleep on.
pub(super) struct Armed<'a> {
    word: Word<'a>,
    seen: u32,
}

enum Word<'a> {
    Plain(&'a AtomicU32),
    Bell(Arc<Connection>),
    Alarm(Alarm),
    /// A descriptor alone tells.
    None,
    /// There is no need to sleep.
    AtOnce,
}

impl<'a> Armed<'a> {
    pub(super) fn alarm(alarm: Alarm) -> Self {
        Self { word: Word::Alarm(alarm), seen: 0 }
    }

    /// One that changes with this word.
    pub(super) fn plain((word, seen): (&'a AtomicU32, u32)) -> Self {
        Self { word: Word::Plain(word), seen }
    }

    fn at_once() -> Self {
        Self { word: Word::AtOnce, seen: 0 }
    }

    /// Whether to look again without a sleep.
    pub(super) fn is_at_once(&self) -> bool {
        matches!(self.word, Word::AtOnce)
    }

    /// The word, and what it holds as long as nothing happens.
    pub(super) fn word(&self) -> Option<(&AtomicU32, u32)> {
        let word = match &self.word {
            Word::Plain(word) => word,
            Word::Bell(connection) => &connection.own().data_bell,
            Word::Alarm(alarm) => alarm.word(),
            Word::None | Word::AtOnce => return None,
        };
        Some((word, self.seen))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use ntpipe_shm::owner::Identity;

    use super::*;

    #[test]
    fn a_mutex_that_passes_to_another_process_between_the_looks_is_armed_again() {
        let mut children = [(); 2].map(|()| Command::new("sleep").arg("600").spawn().unwrap());
        let [first, second] = children.each_ref().map(|child| Identity {
            process: child.id(),
            thread: child.id(),
            since: 0,
            world: 0,
        });
        let mutex = Mutex::new(false).unwrap();
        assert!(mutex.owner().take(first).is_some());
        let mut wait = Wait::begin(&mutex);
        assert!(!wait.take());
        let mut fds = Vec::new();
        wait.arm(&mut fds).unwrap();
        assert_eq!(fds.len(), 1);
        assert!(!wait.take() && !wait.is_unarmed());
        assert_eq!(mutex.owner().release(first), Some(true));
        assert!(mutex.owner().take(second).is_some());
        assert!(!wait.take() && wait.is_unarmed(), "the death of the second would go unnoticed");
        wait.arm(&mut Vec::new()).unwrap();
        assert!(!wait.is_unarmed());
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert!(wait.take() && wait.is_abandoned());
    }
}
