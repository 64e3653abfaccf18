//! `PeekNamedPipe`: looks without taking.
//!
//= learn: PeekNamedPipe; observed: counts on message pipes

use super::read::Found;
use super::{Reader, Step};
use crate::connection::PeerLife;
use crate::error::{ErrorKind, Result};
use crate::mode::PipeType;

/// What a peek saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peek {
    /// Bytes copied.
    pub len: usize,
    /// Bytes that can be read now, over all messages.
    pub available: u64,
    /// On a message pipe: bytes of the first message beyond those copied.
    pub message_left: u64,
    /// Messages that are there, whole or in part.
    pub messages: u64,
}

impl Reader {
    /// How many bytes are in front: of the first message, or all on a byte pipe; waits for some.
    ///
    /// # Errors
    ///
    /// As [`peek`](Self::peek).
    pub fn front_len(&mut self) -> Result<Step<usize>> {
        let _held = self.hold()?;
        if let Some(pending) = self.foreign {
            return Ok(Step::Wait(pending));
        }
        let mut left = self.records_max();
        loop {
            match self.front(1)? {
                Ok(Found::Record(_)) => break,
                Ok(Found::Cut) if left > 0 => left -= 1,
                Ok(Found::Cut) => return Ok(Step::Wait(self.try_again(1))),
                Ok(Found::End) => return Err(ErrorKind::BrokenPipe.into()),
                Err(pending) => return Ok(Step::Wait(pending)),
            }
        }
        let peek = self.peek(&mut [])?;
        let len = match self.connection.pipe_type() {
            PipeType::Byte => peek.available,
            PipeType::Message => peek.message_left,
        };
        Ok(Step::Done(usize::try_from(len).unwrap_or(usize::MAX)))
    }

    /// Copies from the front without taking: on a message pipe from the first message only, whatever
    /// the read mode.
    ///
    /// # Errors
    ///
    /// `ERROR_BROKEN_PIPE` when the peer is gone and nothing is left, `ERROR_PIPE_NOT_CONNECTED` when
    /// the server disconnected.
    pub fn peek(&mut self, into: &mut [u8]) -> Result<Peek> {
        let _held = self.hold()?;
        if self.foreign.is_some() {
            return Ok(Peek::default());
        }
        let gone = self.connection.peer_life() != PeerLife::Here;
        let mut left = self.records_max();
        loop {
            match self.front(0)? {
                Ok(Found::Record(_)) => break,
                Ok(Found::Cut) if left > 0 => left -= 1,
                Ok(Found::End) => return Err(ErrorKind::BrokenPipe.into()),
                Ok(Found::Cut) | Err(_) => return Ok(Peek::default()),
            }
        }
        let messages = self.connection.pipe_type() == PipeType::Message;
        let mut seen = Peek::default();
        let mut first_bytes = 0;
        let mut first_over = false;
        let mut rest = 0;
        let bounds = if gone { Some(self.bounds()?) } else { None };
        self.consumer.scan(|front, void, copy| {
            if void || bounds.is_some_and(|bounds| !bounds.survives(front)) {
                // What continued before it ends here; on a byte pipe it is just not there.
                first_over |= messages && rest != 0;
                seen.messages += u64::from(rest != 0);
                rest = 0;
                return true;
            }
            if !first_over {
                seen.len += copy(&mut into[seen.len..]);
                first_bytes += u64::from(front.left);
            }
            seen.available += u64::from(front.left);
            rest = front.rest;
            if rest == 0 {
                seen.messages += 1;
                first_over = messages;
            } else if messages && !first_over {
                // What is still to come of the first message counts as its rest.
                seen.message_left = rest;
            }
            true
        })?;
        // The last record continues: its writer has the rest ready.
        seen.available = seen.available.saturating_add(rest);
        seen.messages += u64::from(rest != 0);
        seen.message_left = match (messages, first_over) {
            (false, _) => 0,
            (true, true) => first_bytes - seen.len as u64,
            (true, false) => first_bytes.saturating_add(rest) - seen.len as u64,
        };
        Ok(seen)
    }
}
