//! Operations that are started and go on while the caller does something else: Windows' overlapped I/O,
//! without a loop of its own.
//!
//! [`Pipe::start_read`] and its kind try once. What cannot finish at once is handed back as a value
//! ([`Read`], [`Write`], [`Transact`], [`Flush`], [`Listen`]) that the caller *steps* until it is done. It
//! keeps no buffer; each step is given the same one again. It does not keep its end open either: when the
//! last handle of the end is dropped, the next step answers `ERROR_BROKEN_PIPE`.
//!
//! # When to step
//!
//! Two ways, which go together:
//!
//! * `is_worth_trying` looks at memory only. Who waits for many operations for a short time asks each of
//!   them in turn and costs the peers nothing.
//! * `arm` asks for the descriptor of the end, [`Readiness`], to become readable at the next change. Who
//!   is going to sleep in `poll` or `epoll` arms each operation first. Nothing else does: an operation
//!   that is never armed makes no system call on either side.
//!
//! ```
//! use ntpipe::overlapped::Started;
//! use rustix::event::{PollFd, PollFlags, poll};
//! # fn main() -> ntpipe::Result<()> {
//! # let (reader, writer) = ntpipe::anonymous()?;
//! let mut buffer = [0; 16];
//! let got = match reader.start_read(&mut buffer) {
//!     Started::Done(result) => result?,
//!     Started::Pending(mut read) => {
//!         let readiness = reader.readiness()?;
//! #       let peer = std::thread::spawn(move || writer.send(b"hello"));
//!         loop {
//!             readiness.clear();
//!             if let std::task::Poll::Ready(result) = read.step(&mut buffer) {
//!                 break result?;
//!             }
//!             if !read.arm()? {
//!                 poll(&mut [PollFd::new(&*readiness, PollFlags::IN)], None).expect("polled");
//!             }
//!         }
//!     }
//! };
//! assert_eq!(&buffer[..got.len], b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! # Rules for a driver
//!
//! 1. The descriptor is level-triggered, and one for all operations of its end. It is readable from the
//!    first change after an operation was armed until [`Readiness::clear`]. A peer that is gone keeps it
//!    readable for good, and so does a client that has come and was not let in: poll it only while
//!    operations pend, or with `EPOLLET`.
//! 2. *Clear, then step, then arm*: after the descriptor was readable, clear it, step **every** pending
//!    operation of the end, and arm each that still pends. The announcement is spent with the first
//!    change, whichever operation it was for.
//! 3. When `arm` answers `true`, something has changed meanwhile: step again before you sleep. So no
//!    change is lost.
//! 4. One thread clears; any thread may start, step, cancel and arm. What other threads of the process do
//!    (disconnect, cancel, finish an operation before this one, drop the end) makes the descriptor
//!    readable as the peer's changes do.
//! 5. Step the operations of one end in the order in which they were started. Their order of taking and
//!    placing data is kept even if you do not; a step out of turn only answers that it waits.
//!
//! A driver of many ends may attach them to a [`Hub`] instead ([`Pipe::attach`]): one descriptor, which tells
//! by a key on which end something has changed, in the place of two for each end. The rules are the same;
//! only changes are told there, so nothing stays readable for good.
//!
//! # Differences from Windows
//!
//! An operation completes in a step, so a completion shows no sooner than somebody looks; what it did is
//! as on Windows. A started read counts as a waiting reader for the peer's `PIPE_NOWAIT` writes only while
//! it is armed. Where several *processes* hold one end, each of their descriptors becomes readable for a
//! change that may be for any of them.

mod flush;
mod hub;
mod listen;
mod read;
mod readiness;
mod site;
mod transact;
mod write;

use crate::Result;
#[cfg(doc)]
use crate::pipe::Pipe;

pub use flush::Flush;
pub use hub::Hub;
pub(crate) use hub::Spot;
pub use listen::Listen;
pub use read::Read;
pub use readiness::Readiness;
pub use transact::Transact;
pub use write::Write;

/// What starting an operation gave.
#[derive(Debug)]
pub enum Started<T, Op> {
    /// It was over at once.
    Done(Result<T>),
    /// It goes on (`ERROR_IO_PENDING`).
    Pending(Op),
}

/// What a cancellation found.
#[derive(Debug)]
pub enum Cancelled<T> {
    /// It ended the operation (`ERROR_OPERATION_ABORTED`).
    Aborted,
    /// The operation was over, with this result.
    Completed(Result<T>),
}

impl<T, Op> Started<T, Op> {
    /// The operation, if it goes on.
    ///
    /// # Errors
    ///
    /// What it was over with.
    pub fn pending(self) -> std::result::Result<Op, Result<T>> {
        match self {
            Self::Done(result) => Err(result),
            Self::Pending(operation) => Ok(operation),
        }
    }
}
