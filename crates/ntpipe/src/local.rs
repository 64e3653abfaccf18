//! What an end tells of this moment (`FilePipeLocalInformation`).

use ntpipe_core::connection::PeerLife;
use ntpipe_core::mode::PipeEnd;
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
