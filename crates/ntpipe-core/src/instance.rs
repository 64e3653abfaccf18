//! One instance of a pipe, as its server has it: its place among the others, and how far it is with a
//! client.
//!
//! ```text
//!   Listening ──────▶ Arriving ──────▶ Connected ──────▶ Disconnected ──────▶ Listening …
//!             let in           greeted         disconnect               listen
//! ```
//!
//! A client that is let in has greeted by then, as a rule: only one that is slow, or hostile, is seen
//! arriving. Until its greeting is here, nobody has opened the instance: it listens. A client that may
//! not come in, leaves half-way or sends something else is as one that never came; the instance then
//! listens with a new socket.
//!
//! Nothing here waits. Where nothing can be done, [`Instance::source`] is what to poll, and the same
//! question is asked again. What each event does is in [`state`](crate::state).

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use crate::connection::{Connection, PeerLife, Quotas};
use crate::error::{Error, ErrorKind, Result};
use crate::greeting;
use crate::mode::WaitMode;
use crate::namespace::{Listener, Listening, Place};
use crate::ops::Step;
use crate::security::Rights;
use crate::state::{Event, State};

/// An instance of a pipe; given up on drop.
#[derive(Debug)]
pub struct Instance {
    place: Place,
    phase: Phase,
    /// A client was let in of whom [`newcomer`](Self::newcomer) has not told yet.
    untold: bool,
}

#[derive(Debug)]
enum Phase {
    /// Waits for a client.
    Listening(Arc<Listening>),
    /// A client is let in whose greeting has not come yet.
    Arriving(Arc<OwnedFd>, Rights),
    /// A client has opened it; it may be gone by now.
    Connected(Arc<Connection>),
    Disconnected,
}

/// What shows at present that something has happened to an instance: readable then.
#[derive(Clone, Debug)]
pub enum Source {
    /// The socket that clients come to.
    Listening(Arc<Listening>),
    /// The socket of a client that has not greeted yet.
    Arriving(Arc<OwnedFd>),
    /// The connection, which becomes readable as its operations ask.
    Connected(Arc<Connection>),
}

/// How far a call of [`Instance::listen`] is. A new one for each call of `ConnectNamedPipe`.
#[derive(Debug, Default)]
pub struct ListenProgress {
    waited: bool,
}

impl Instance {
    /// A fresh instance.
    #[must_use]
    pub fn new(listener: Listener) -> Self {
        let Listener { place, listening, .. } = listener;
        Self { place, phase: Phase::Listening(Arc::new(listening)), untold: false }
    }

    /// One that another process gave us together with its client.
    #[must_use]
    pub fn connected(place: Place, connection: Arc<Connection>) -> Self {
        Self { place, phase: Phase::Connected(connection), untold: false }
    }

    /// Its place among the instances of the pipe.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Where it stands, as far as is known without asking the kernel: a client that has closed still
    /// counts as connected, and one that nobody has let in yet does not.
    #[must_use]
    pub fn state(&self) -> State {
        self.phase.state()
    }

    /// What to poll; `None` if it is disconnected.
    #[must_use]
    pub fn source(&self) -> Option<Source> {
        match &self.phase {
            Phase::Listening(listening) => Some(Source::Listening(listening.clone())),
            Phase::Arriving(socket, _) => Some(Source::Arriving(socket.clone())),
            Phase::Connected(connection) => Some(Source::Connected(connection.clone())),
            Phase::Disconnected => None,
        }
    }

    /// The connection of a client that was let in since the last call, whichever step did it. To be
    /// asked after each of them, or nobody serves that client.
    #[must_use]
    pub fn newcomer(&mut self) -> Option<Arc<Connection>> {
        match &self.phase {
            Phase::Connected(connection) if std::mem::take(&mut self.untold) => {
                Some(connection.clone())
            }
            _ => None,
        }
    }

    /// Lets a client in if one has come: moves on as far as possible without waiting.
    ///
    /// # Errors
    ///
    /// The system calls'. If it cannot listen for want of something, it is disconnected.
    pub fn advance(&mut self) -> Result<()> {
        loop {
            match &self.phase {
                Phase::Connected(_) | Phase::Disconnected => return Ok(()),
                Phase::Listening(listening) => match listening.try_accept()? {
                    None => return Ok(()),
                    Some(socket) => self.welcome(socket)?,
                },
                Phase::Arriving(socket, rights) => {
                    let quotas =
                        Quotas { inbound: self.place.in_quota(), outbound: self.place.out_quota() };
                    let pipe_type = self.place.pipe().meta().pipe_type;
                    match greeting::receive(socket, pipe_type, quotas, *rights) {
                        Ok(None) => return Ok(()),
                        Ok(Some(connection)) => {
                            self.enter(Event::Open, Phase::Connected(connection))?;
                            self.untold = true;
                        }
                        // It left half-way, or sent something else: as if it had never come.
                        Err(_) => self.refuse()?,
                    }
                }
            }
        }
    }

    /// Whether a client is here whom a call may deal with; lets one in that has come.
    ///
    /// # Errors
    ///
    /// `ERROR_PIPE_LISTENING` before a client came, `ERROR_PIPE_NOT_CONNECTED` after a disconnect; the
    /// system calls'.
    pub fn settle(&mut self) -> Result<()> {
        self.advance()?;
        self.state().on(Event::Transfer).map(drop).map_err(Error::new)
    }

    /// `ConnectNamedPipe`—lets a client in, after a disconnect the next one. The first answer of a call
    /// tells whether one was here already, the later ones that it has come.
    ///
    /// # Errors
    ///
    /// `ERROR_PIPE_CONNECTED` if a client was here already, which is a good connection; `ERROR_NO_DATA` if
    /// it has closed and was not disconnected; `ERROR_PIPE_LISTENING` with `PIPE_NOWAIT` and nobody
    /// there; `ERROR_PIPE_NOT_CONNECTED` when disconnected since the call's first step.
    pub fn listen(
        &mut self,
        wait: WaitMode,
        progress: &mut ListenProgress,
    ) -> Result<Step<(), Source>> {
        let waits = || match wait {
            WaitMode::Wait => Ok(()),
            WaitMode::NoWait => Err(Error::new(ErrorKind::PipeListening)),
        };
        if self.state() == State::Disconnected {
            if progress.waited {
                return Err(ErrorKind::PipeNotConnected.into());
            }
            self.relisten()?;
            //= observed: PIPE_NOWAIT, first call after a disconnect
            waits()?;
        }
        self.advance()?;
        match self.source() {
            Some(Source::Connected(_)) if progress.waited => Ok(Step::Done(())),
            Some(Source::Connected(connection)) => {
                let mut state = self.state();
                if connection.ask_kernel() != PeerLife::Here {
                    state = state.on(Event::ClientCloses)?;
                }
                state.on(Event::Listen)?;
                Ok(Step::Done(()))
            }
            Some(source) => {
                waits()?;
                progress.waited = true;
                Ok(Step::Wait(source))
            }
            None => Err(ErrorKind::PipeNotConnected.into()),
        }
    }

    /// `DisconnectNamedPipe`. Whoever holds the halves of the connection has to sever it then; a client
    /// that nobody was told of is severed here.
    ///
    /// # Errors
    ///
    /// `ERROR_PIPE_NOT_CONNECTED` if it is disconnected already.
    pub fn disconnect(&mut self) -> Result<()> {
        // A client that has come meanwhile learns of it too; an error is as if nobody had.
        let _ = self.advance();
        let newcomer = self.newcomer();
        self.enter(Event::Disconnect, Phase::Disconnected)?;
        if let Some(connection) = newcomer {
            connection.leave(true);
        }
        Ok(())
    }

    /// Listens again if it is disconnected: by a disconnect, or for want of something that may be there
    /// now.
    ///
    /// # Errors
    ///
    /// The system calls'; it stays disconnected then.
    pub fn relisten(&mut self) -> Result<()> {
        if self.state() != State::Disconnected {
            return Ok(());
        }
        let listening = self.place.listen()?;
        self.enter(Event::Listen, Phase::Listening(Arc::new(listening)))
    }

    /// The kernel let this client in; whoever it is, the rule is asked again.
    fn welcome(&mut self, socket: OwnedFd) -> Result<()> {
        match self.place.pipe().rights_of(&socket) {
            Ok(rights) if rights.read || rights.write => {
                self.phase = Phase::Arriving(Arc::new(socket), rights);
                Ok(())
            }
            _ => self.refuse(),
        }
    }

    /// Sends away who came, and waits for another client.
    fn refuse(&mut self) -> Result<()> {
        self.enter(Event::Disconnect, Phase::Disconnected)?;
        self.relisten()
    }

    /// Goes where the table of states says that this event leads.
    fn enter(&mut self, event: Event, phase: Phase) -> Result<()> {
        let state = self.state().on(event)?;
        debug_assert_eq!(state, phase.state(), "{event:?}");
        self.phase = phase;
        Ok(())
    }
}

impl Phase {
    fn state(&self) -> State {
        match self {
            Self::Listening(_) | Self::Arriving(..) => State::Listening,
            Self::Connected(_) => State::Connected,
            Self::Disconnected => State::Disconnected,
        }
    }
}

impl Source {
    /// Whether both are the same descriptor.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Listening(one), Self::Listening(two)) => Arc::ptr_eq(one, two),
            (Self::Arriving(one), Self::Arriving(two)) => Arc::ptr_eq(one, two),
            (Self::Connected(one), Self::Connected(two)) => Arc::ptr_eq(one, two),
            _ => false,
        }
    }
}

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Listening(listening) => listening.as_ref().as_fd(),
            Self::Arriving(socket) => socket.as_ref().as_fd(),
            Self::Connected(connection) => connection.as_ref().as_fd(),
        }
    }
}
