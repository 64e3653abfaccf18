//! Windows pipes for Linux.
//!
//! # Three traps, before anything else
//!
//! 1. **Your own copy of a write end keeps its reader waiting.** A reader sees the end of an anonymous
//!    pipe only when *every* copy of the write end is closed, the one in the parent as well. Give it
//!    away (`Stdio::from(writer)` takes it) or drop it before you read to the end. The same holds for
//!    an [`Inheritable`] and for the `Command` it was passed to.
//! 2. **A client finds no pipe between two instances.** After a client was let in, create the next
//!    instance *before* you serve it, or use [`PipeListener`], which keeps spares.
//! 3. **`disconnect` throws unread data away.** Call [`Pipe::flush`] first, which waits until the client
//!    has read everything, or [`Pipe::flush_timeout`]; or just drop the end, which keeps the data.
//!
//! # A server and a client
//!
//! ```
//! use ntpipe::{ClientOptions, PipeMode, ServerOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let name = &format!(r"\\.\pipe\doc-greeting-{}", std::process::id());
//! let server = ServerOptions::new().pipe_mode(PipeMode::Message).create(name)?;
//! let client = ClientOptions::new().pipe_mode(PipeMode::Message).open(name)?;
//! server.connect()?;
//!
//! client.send(b"Hello, Server!")?;
//! let mut message = Vec::new();
//! server.recv_msg(&mut message)?;
//! assert_eq!(message, b"Hello, Server!");
//! # Ok(())
//! # }
//! ```
//!
//! Everything blocks unless it says otherwise; [`Pipe::cancel_io`] ends blocked calls from another
//! thread. Errors carry Windows' code and name ([`Error::win32`]).
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

mod anonymous;
mod cancel;
mod client;
mod end;
mod event;
mod inherit;
mod kernel;
mod listener;
mod local;
mod news;
pub mod overlapped;
mod pipe;
mod protection;
mod query;
mod server;
pub mod sync;
mod wait;
mod watch;
mod zero_copy;

pub use anonymous::{PipeReader, PipeWriter, anonymous, anonymous_with_quota};
pub use cancel::{ThreadHandle, current_thread};
pub use client::{ClientOptions, NamedPipeClient};
pub use end::HandleState;
pub use event::{ChildProcess, Event, Waitable, wait_all, wait_any};
pub use inherit::Inheritable;
pub use listener::{Incoming, PipeListener};
pub use local::Local;
#[doc(hidden)]
pub use ntpipe_core::context;
pub use ntpipe_core::error::{Error, ErrorKind, NtStatus, Result, Win32Error};
pub use ntpipe_core::mode::{Access, PipeEnd};
pub use ntpipe_core::ops::{Peek, Recv};
pub use ntpipe_core::security::Security;
pub use ntpipe_core::state::State;
pub use pipe::{Peer, Pipe, PipeInfo, PipeMode, ReadHalf, WriteHalf};
pub use query::{PipeEntry, Timeout, call, info, list, root, wait_named_pipe};
pub use server::{NamedPipeServer, ServerOptions};
pub use wait::WaitStrategy;
pub use zero_copy::{Borrowed, Reservation};

/// The README's example, which is compiled and run as a test of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
