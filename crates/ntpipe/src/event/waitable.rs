//! What can be waited for, when it is ready, and what wakes whoever waits for it.

use std::os::fd::{AsFd, OwnedFd};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use ntpipe_core::connection::Connection;
use ntpipe_shm::doorbell::{Doorbell, SLEEPER};
use ntpipe_shm::signal::{Signal, Ticket};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::Event;
use crate::end::End;
use crate::watch::{self, Alarm};
use crate::{Error, NamedPipeClient, NamedPipeServer, Result};

/// Something that [`wait_any`](super::wait_any) and [`wait_all`](super::wait_all) wait for.
///
/// An [`Event`] is ready when it is signalled; a [`ChildProcess`] when it has exited; a pipe end when
/// reading from it would not wait: data is there, or the peer is gone; and a server end that listens
/// when a client has come, which is then told once.
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
    End(&'a End),
    Child(&'a ChildProcess),
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
waitable!(ChildProcess, self => Kind::Child(self));
waitable!(NamedPipeServer, self => Kind::End(&self.pipe.end));
waitable!(NamedPipeClient, self => Kind::End(&self.pipe.end));

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

    fn has_exited(&self) -> bool {
        let Some(process) = &self.process else { return true };
        let mut fds = [PollFd::new(process, PollFlags::IN)];
        matches!(rustix::event::poll(&mut fds, Some(&Timespec::default())), Ok(1))
    }
}

/// One of the things that a call waits for, for as long as the call lasts.
pub(super) struct Wait<'a> {
    kind: Kind<'a>,
    ticket: Option<(Signal<'a>, Ticket)>,
    /// A server's client came; it is told once, so it is kept.
    came: bool,
}

impl<'a> Wait<'a> {
    pub(super) fn begin(of: &'a dyn Waitable) -> Self {
        let Source(kind) = of.source();
        let ticket = match kind {
            Kind::Event(event) => Some((event.signal(), event.signal().begin())),
            _ => None,
        };
        Self { kind, ticket, came: false }
    }

    /// Whether it is ready, and if so, takes what a wait takes.
    pub(super) fn take(&mut self) -> bool {
        match &mut self.ticket {
            Some((signal, ticket)) => signal.take(ticket),
            None => self.is_ready(),
        }
    }

    /// Whether it is ready at this moment.
    pub(super) fn is_ready(&mut self) -> bool {
        match self.kind {
            Kind::Event(event) => event.signal().is_available(),
            Kind::Child(child) => child.has_exited(),
            Kind::End(end) => {
                self.came |= end.server.as_ref().is_some_and(|server| server.has_news(end));
                self.came || end.is_readable()
            }
        }
    }

    /// For an event, what tells it apart.
    pub(super) fn event(&self) -> Option<(u64, usize)> {
        match self.kind {
            Kind::Event(event) => Some(event.key()),
            _ => None,
        }
    }

    /// Gives back what [`take`](Self::take) took.
    pub(super) fn give_back(&self) {
        if let Some((signal, _)) = &self.ticket {
            signal.give_back();
        }
    }

    /// Counts this wait among those that a set or a pulse releases.
    pub(super) fn enter(&mut self) {
        if let Some((signal, ticket)) = &mut self.ticket {
            signal.enter(ticket);
        }
    }

    /// From now on the word changes when it becomes ready. To be looked at once more after this.
    pub(super) fn arm(&self) -> Result<Armed<'a>> {
        match self.kind {
            Kind::Event(event) => {
                let (word, seen) = event.signal().announce();
                Ok(Armed { word: Word::Event(word), seen })
            }
            Kind::Child(child) => match &child.process {
                Some(process) => watch::alarm(&[process.as_fd()]).map(Armed::alarm),
                None => Ok(Armed::at_once()),
            },
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
    Event(&'a AtomicU32),
    Bell(Arc<Connection>),
    Alarm(Alarm),
    /// There is no need to sleep.
    None,
}

impl Armed<'_> {
    fn alarm(alarm: Alarm) -> Self {
        Self { word: Word::Alarm(alarm), seen: 0 }
    }

    fn at_once() -> Self {
        Self { word: Word::None, seen: 0 }
    }

    /// The word, and what it holds as long as nothing happens.
    pub(super) fn word(&self) -> Option<(&AtomicU32, u32)> {
        let word = match &self.word {
            Word::Event(word) => word,
            Word::Bell(connection) => &connection.own().data_bell,
            Word::Alarm(alarm) => alarm.word(),
            Word::None => return None,
        };
        Some((word, self.seen))
    }
}
