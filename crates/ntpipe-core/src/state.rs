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
//= learn: ConnectNamedPipe, DisconnectNamedPipe; observed: the codes of each

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

/// What the server asks of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// `ConnectNamedPipe`.
    Listen,
    /// `DisconnectNamedPipe`.
    Disconnect,
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_in_every_state() {
        use State::{Closing, Connected, Disconnected, Listening};
        let mut table = String::new();
        for state in [Disconnected, Listening, Connected, Closing] {
            for event in [Event::Listen, Event::Disconnect] {
                table.push_str(&format!("{state:?} {event:?} {:?}\n", state.on(event)));
            }
        }
        assert_eq!(
            table,
            "Disconnected Listen Ok(Listening)\n\
             Disconnected Disconnect Err(PipeNotConnected)\n\
             Listening Listen Ok(Listening)\n\
             Listening Disconnect Ok(Disconnected)\n\
             Connected Listen Err(PipeConnected)\n\
             Connected Disconnect Ok(Disconnected)\n\
             Closing Listen Err(NoData)\n\
             Closing Disconnect Ok(Disconnected)\n"
        );
    }
}
