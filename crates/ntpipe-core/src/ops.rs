//! The operations on a connected end, one file each.
//!
//! An operation never waits. It answers [`Step::Done`], an error, or [`Step::Wait`] with the word that
//! has to change first; the façade waits for that and calls the same operation again, with the same
//! progress value. Dropping the wait means [`Writer::cancel`] for a write; a read needs nothing.

mod flush;
mod peek;
mod read;
mod shared;
pub mod transact;
mod write;

use ntpipe_shm::sync::{AtomicU32, AtomicU64, Ordering};

use crate::connection::{Connection, PeerLife};

pub use peek::Peek;
pub use read::{ReadProgress, Reader, Recv};
pub use shared::{bury, bury_predecessor};
pub use write::{Cancelled, WriteProgress, Writer};

/// An operation's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<T, W = Pending> {
    /// It is done.
    Done(T),
    /// Nothing to do until this changes.
    Wait(W),
}

/// What an operation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Data or room.
    pub need: Need,
    /// The cursor word as the operation saw it.
    pub seen: u64,
    /// The peer's life as the operation saw it.
    pub life: PeerLife,
    /// The changes of this process as the operation saw them.
    pub changes: u32,
    /// How many bytes a read still wants, or how long the write is.
    pub wanted: u32,
    /// Whether another process has the turn. Its end is told as a change of this end, its death only if
    /// somebody [buries](bury) the process: who waits looks again by itself now and then, too.
    pub behind: bool,
    /// Whether it is the first of its half and waits for what does not go through the ring any more: for a
    /// descriptor that the caller knows of.
    pub elsewhere: bool,
}

/// Which change an operation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Data from the peer.
    Data,
    /// Room in the ring or in the quota, or the turn of a writer before this one.
    Room,
}

impl Pending {
    /// Whether there is reason to try again.
    #[inline]
    #[must_use]
    pub fn is_over(&self, connection: &Connection) -> bool {
        // Relaxed: a hint only; the operation itself looks with the right ordering.
        self.word(connection).load(Ordering::Relaxed) != self.seen
            || connection.peer_life() != self.life
            || connection.changes() != self.changes
    }

    /// The same, by who asks again and again: what is waited for is here sooner then.
    #[inline]
    #[must_use]
    pub fn is_over_spinning(&self, connection: &Connection) -> bool {
        if self.need == Need::Data {
            connection.shared().expect_next(connection.inward());
        }
        self.is_over(connection)
    }

    /// The cursor word.
    #[must_use]
    pub fn word<'a>(&self, connection: &'a Connection) -> &'a AtomicU64 {
        let segment = connection.shared();
        match self.need {
            Need::Data => &segment.ring(connection.inward()).tail.0,
            Need::Room => &segment.ring(connection.outward()).head.0,
        }
    }

    /// The bell that rings when it changes.
    #[must_use]
    pub fn bell<'a>(&self, connection: &'a Connection) -> &'a AtomicU32 {
        match self.need {
            Need::Data => &connection.own().data_bell,
            Need::Room => &connection.own().room_bell,
        }
    }
}
