//! What an end tells of this moment (`FilePipeLocalInformation`).

use ntpipe_core::connection::PeerLife;
use ntpipe_core::mode::{Access, PipeEnd};
use ntpipe_core::namespace::Namespace;
use ntpipe_core::state::{Event, State};

use crate::Result;
use crate::pipe::Pipe;

/// Where an end stands at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Local {
    /// Where its instance stands.
    pub state: State,
    /// Bytes that can be read here; 0 where nothing may be read.
    pub readable: u64,
    /// Bytes of the quota that are free for writes here. What the peer waits to read is charged as well.
    pub writable: u32,
}

impl Pipe {
    /// The pipe's name as its first server spelled it, without prefix; that of an anonymous pipe is no
    /// pipe's.
    #[must_use]
    pub fn name(&self) -> &str {
        let name = &self.end.facts.name;
        name.strip_prefix(r"\\.\pipe\").unwrap_or(name)
    }

    /// The quotas, inbound and outbound, in bytes.
    #[must_use]
    pub fn quotas(&self) -> (u32, u32) {
        let quotas = self.end.facts.quotas;
        (quotas.inbound, quotas.outbound)
    }

    /// The directions in which data flows on this pipe, whatever this end may do.
    #[must_use]
    pub fn access(&self) -> Access {
        let rights = self.end.rights;
        let own = match (rights.read, rights.write) {
            (true, true) => Access::Duplex,
            (reads, _) if reads == (self.end.facts.end == PipeEnd::Server) => Access::Inbound,
            _ => Access::Outbound,
        };
        match &self.end.server {
            Some(_) => own,
            // A client may have asked for less than the pipe allows.
            None => self.published().unwrap_or(own),
        }
    }

    fn published(&self) -> Option<Access> {
        let name = self.end.facts.name.parse().ok()?;
        Namespace::from_env()
            .and_then(|namespace| namespace.meta(&name))
            .ok()
            .map(|meta| meta.access)
    }

    /// Where this end stands at this moment: what `FilePipeLocalInformation` tells beyond
    /// [`info`](Self::info) and [`state`](Self::state).
    ///
    /// # Errors
    ///
    /// `ERROR_PIPE_NOT_CONNECTED` on a client after a disconnect.
    pub fn local(&self) -> Result<Local> {
        self.named("query", self.end.check_severed())?;
        let state = self.state_now();
        let readable = self.end.peek(&mut []).map_or(0, |peek| peek.available);
        let quota = match self.end.facts.end {
            PipeEnd::Server => self.end.facts.quotas.outbound,
            PipeEnd::Client => self.end.facts.quotas.inbound,
        };
        let mut slot = self.end.writer.lock();
        let writable = match slot.as_mut() {
            Some(writer) => self.named("query", writer.room())?,
            None => quota,
        };
        Ok(Local { state, readable, writable })
    }

    fn state_now(&self) -> State {
        let state = match &self.end.server {
            Some(server) => {
                // A client that has come meanwhile counts.
                let _ = server.settle(&self.end);
                server.instance().state()
            }
            None => State::Connected,
        };
        let gone = self.end.connection().is_some_and(|c| c.ask_kernel() == PeerLife::Gone);
        match state {
            State::Connected if gone => state.on(Event::ClientCloses).unwrap_or(state),
            state => state,
        }
    }
}
