//! The four states of an instance, and what each event does in each.
//!
//! ```text
//!                 open                    client closes
//!   Listening ───────────▶ Connected ───────────────────▶ Closing
//!       ▲  └──────────────────┬───────────────────────────┘
//!       │ listen              │ disconnect
//!       └──────── Disconnected ◀
//! ```
//!
//! [`Instance`](crate::instance::Instance) asks this table before each of its steps.
//!
//= learn: ConnectNamedPipe, DisconnectNamedPipe, CreateFile; observed: the codes of each

use crate::error::ErrorKind;

/// Where an instance stands (`FILE_PIPE_*_STATE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No client, and none is let in.
    Disconnected,
    /// Waits for a client.
    Listening,
    /// A client has opened it.
    Connected,
    /// The client has closed its end.
    Closing,
}

/// What happens to an instance, or is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The server's `ConnectNamedPipe`.
    Listen,
    /// The server's `DisconnectNamedPipe`.
    Disconnect,
    /// A call of the server that needs a client: `ReadFile`, `WriteFile`. What it says to a client that
    /// has closed depends on what is unread, so that is up to the operation.
    Transfer,
    /// A client's `CreateFile`: it was let in, and has greeted.
    Open,
    /// The client's `CloseHandle`, or its death.
    ClientCloses,
}

impl State {
    /// The state after the event, or the error of the call that asked for it.
    ///
    /// # Errors
    ///
    /// The call's.
    pub fn on(self, event: Event) -> Result<Self, ErrorKind> {
        match (self, event) {
            (Self::Disconnected | Self::Listening, Event::Listen) => Ok(Self::Listening),
            (Self::Connected, Event::Listen) => Err(ErrorKind::PipeConnected),
            (Self::Closing, Event::Listen) => Err(ErrorKind::NoData),
            (Self::Disconnected, Event::Disconnect) => Err(ErrorKind::PipeNotConnected),
            (_, Event::Disconnect) => Ok(Self::Disconnected),
            (Self::Disconnected, Event::Transfer) => Err(ErrorKind::PipeNotConnected),
            (Self::Listening, Event::Transfer) => Err(ErrorKind::PipeListening),
            (Self::Connected | Self::Closing, Event::Transfer) => Ok(self),
            (Self::Listening, Event::Open) => Ok(Self::Connected),
            (_, Event::Open) => Err(ErrorKind::PipeBusy),
            (Self::Connected, Event::ClientCloses) => Ok(Self::Closing),
            // Its connection was over before.
            (_, Event::ClientCloses) => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_in_every_state() {
        use Event::{ClientCloses, Disconnect, Listen, Open, Transfer};
        use State::{Closing, Connected, Disconnected, Listening};
        let mut table = String::new();
        for state in [Disconnected, Listening, Connected, Closing] {
            for event in [Listen, Disconnect, Transfer, Open, ClientCloses] {
                table.push_str(&format!("{state:?} {event:?} {:?}\n", state.on(event)));
            }
        }
        assert_eq!(
            table,
            "Disconnected Listen Ok(Listening)\n\
             Disconnected Disconnect Err(PipeNotConnected)\n\
             Disconnected Transfer Err(PipeNotConnected)\n\
             Disconnected Open Err(PipeBusy)\n\
             Disconnected ClientCloses Ok(Disconnected)\n\
             Listening Listen Ok(Listening)\n\
             Listening Disconnect Ok(Disconnected)\n\
             Listening Transfer Err(PipeListening)\n\
             Listening Open Ok(Connected)\n\
             Listening ClientCloses Ok(Listening)\n\
             Connected Listen Err(PipeConnected)\n\
             Connected Disconnect Ok(Disconnected)\n\
             Connected Transfer Ok(Connected)\n\
             Connected Open Err(PipeBusy)\n\
             Connected ClientCloses Ok(Closing)\n\
             Closing Listen Err(NoData)\n\
             Closing Disconnect Ok(Disconnected)\n\
             Closing Transfer Ok(Closing)\n\
             Closing Open Err(PipeBusy)\n\
             Closing ClientCloses Ok(Closing)\n"
        );
    }
}
