//! What server and client ends can do: one type, to which both dereference.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use ntpipe_core::context;
use ntpipe_core::mode::{PipeEnd, PipeType, ReadMode};
use ntpipe_core::ops::{Peek, Reader, Recv};

use crate::end::{End, HandleState, until};
use crate::wait::Until;
use crate::{Error, ErrorKind, Result, query};

/// How a pipe carries data, or how an end reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PipeMode {
    /// A stream of bytes (`PIPE_TYPE_BYTE`, `PIPE_READMODE_BYTE`).
    #[default]
    Byte,
    /// Messages (`PIPE_TYPE_MESSAGE`, `PIPE_READMODE_MESSAGE`).
    Message,
}

impl From<ReadMode> for PipeMode {
    fn from(mode: ReadMode) -> Self {
        match mode {
            ReadMode::Byte => Self::Byte,
            ReadMode::Message => Self::Message,
        }
    }
}

impl From<PipeType> for PipeMode {
    fn from(pipe_type: PipeType) -> Self {
        match pipe_type {
            PipeType::Byte => Self::Byte,
            PipeType::Message => Self::Message,
        }
    }
}

impl PipeMode {
    pub(crate) fn pipe_type(self) -> PipeType {
        match self {
            Self::Byte => PipeType::Byte,
            Self::Message => PipeType::Message,
        }
    }

    pub(crate) fn read_mode(self) -> ReadMode {
        match self {
            Self::Byte => ReadMode::Byte,
            Self::Message => ReadMode::Message,
        }
    }
}

/// What `GetNamedPipeInfo` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PipeInfo {
    /// The pipe type.
    pub mode: PipeMode,
    /// Which end was asked.
    pub end: PipeEnd,
    /// The limit of instances; 255 is none.
    pub max_instances: u32,
    /// The quota from client to server, in bytes.
    pub in_buffer_size: u32,
    /// The quota from server to client, in bytes.
    pub out_buffer_size: u32,
}

/// Who is on the other end, as the kernel attests; not what the peer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// The process that opened or created its end; 0 if it has no number in this PID namespace.
    pub pid: u32,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
    /// Its session; 0 if unknown.
    pub session: u32,
}

/// An end of a pipe: what [`NamedPipeServer`](crate::NamedPipeServer) and
/// [`NamedPipeClient`](crate::NamedPipeClient) share.
///
/// All methods take `&self`: one thread may read while another writes, and several may do either; each
/// write stays whole, and in message mode each read takes one message.
#[derive(Debug)]
pub struct Pipe {
    pub(crate) end: Arc<End>,
}

impl Pipe {
    /// `WriteFile`—writes all of `data`; on a message pipe as one message, which may be empty.
    ///
    /// # Blocking
    ///
    /// Until what is unread of it fits the quota of its direction; with a quota of 0, until it is
    /// read. With `PIPE_NOWAIT` at once, and the result is 0 if it does not fit.
    ///
    /// # Errors
    ///
    /// `ERROR_NO_DATA` when the peer has closed, `ERROR_BROKEN_PIPE` when it closes while the call waits,
    /// `ERROR_PIPE_NOT_CONNECTED` after a disconnect, `ERROR_PIPE_LISTENING` before a client came,
    /// `ERROR_ACCESS_DENIED` without the right to write, `ERROR_OPERATION_ABORTED` when cancelled,
    /// `ERROR_INVALID_PARAMETER` for a message over 1 GiB.
    #[doc(alias = "WriteFile")]
    #[inline]
    pub fn send(&self, data: &[u8]) -> Result<usize> {
        self.named("write", self.end.send(data, Until::Forever, false))
    }

    /// As [`send`](Self::send), but gives up after `timeout`; what is unread then vanishes.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and `WAIT_TIMEOUT`.
    pub fn send_timeout(&self, data: &[u8], timeout: Duration) -> Result<usize> {
        self.named("write", self.end.send(data, Until::after(timeout), false))
    }

    /// As [`send`](Self::send), but never waits: all or nothing.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and `ERROR_NO_DATA` when it would have to wait.
    pub fn try_send(&self, data: &[u8]) -> Result<usize> {
        match self.end.send(data, Until::Forever, true) {
            Ok(0) if !data.is_empty() => self.named("write", Err(ErrorKind::NoData.into())),
            result => self.named("write", result),
        }
    }

    /// `ReadFile`—reads bytes, or one message; `more` tells that the message goes on
    /// (`ERROR_MORE_DATA`, which is no error here).
    ///
    /// # Blocking
    ///
    /// Until something is there.
    ///
    /// # Errors
    ///
    /// `ERROR_BROKEN_PIPE` when the peer has closed and everything was read, `ERROR_PIPE_NOT_CONNECTED`
    /// after a disconnect, `ERROR_PIPE_LISTENING` before a client came, `ERROR_ACCESS_DENIED` without the
    /// right to read, `ERROR_OPERATION_ABORTED` when cancelled, `ERROR_NO_DATA` with `PIPE_NOWAIT` and
    /// nothing there.
    #[doc(alias = "ReadFile")]
    #[inline]
    pub fn recv(&self, into: &mut [u8]) -> Result<Recv> {
        self.named("read", self.end.recv(into, Until::Forever, false))
    }

    /// As [`recv`](Self::recv), but gives up after `timeout`.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), and `WAIT_TIMEOUT`.
    pub fn recv_timeout(&self, into: &mut [u8], timeout: Duration) -> Result<Recv> {
        self.named("read", self.end.recv(into, Until::after(timeout), false))
    }

    /// As [`recv`](Self::recv), but never waits.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), and `ERROR_NO_DATA` when nothing is there.
    pub fn try_recv(&self, into: &mut [u8]) -> Result<Recv> {
        self.named("read", self.end.recv(into, Until::Forever, true))
    }

    /// As [`recv`](Self::recv), if that takes no more than a look at memory and a copy: what is there as a
    /// whole and fits. `None` says nothing but that `recv` has to be asked.
    ///
    /// For a caller who holds a lock for the moment of such a look, and would not for a wait.
    #[inline]
    pub fn recv_at_once(&self, into: &mut [u8]) -> Option<Recv> {
        self.end.recv_at_once(into)
    }

    /// As [`send`](Self::send), if that takes no more than a look at memory and a copy; whether it was done.
    /// `false` says nothing but that `send` has to be asked.
    #[inline]
    pub fn send_at_once(&self, data: &[u8]) -> bool {
        self.end.send_at_once(data)
    }

    /// Reads one whole message, of any length, in place of the buffer's content; in byte mode, what
    /// is there.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn recv_msg(&self, message: &mut Vec<u8>) -> Result<usize> {
        message.clear();
        if self.end.is_shared() {
            return self.named("read", self.end.recv_whole(message));
        }
        message.resize(message.capacity().max(4096), 0);
        let mut filled = 0;
        loop {
            let got = match self.recv(&mut message[filled..]) {
                Ok(got) => got,
                Err(error) => {
                    message.truncate(filled);
                    return Err(error);
                }
            };
            filled += got.len;
            if !got.more {
                message.truncate(filled);
                return Ok(filled);
            }
            if filled == message.len() {
                message.resize(filled * 2, 0);
            }
        }
    }

    /// `TransactNamedPipe`—sends a request and reads its reply.
    ///
    /// # Errors
    ///
    /// `ERROR_BAD_PIPE` on a byte pipe or in byte-read mode, `ERROR_PIPE_BUSY` when unread data is there,
    /// and what [`send`](Self::send) and [`recv`](Self::recv) give.
    #[doc(alias = "TransactNamedPipe")]
    pub fn transact(&self, request: &[u8], reply: &mut [u8]) -> Result<Recv> {
        self.named("transact", self.end.transact(request, reply, Until::Forever))
    }

    /// As [`transact`](Self::transact), but gives up after `timeout`; the request stays sent.
    ///
    /// # Errors
    ///
    /// As [`transact`](Self::transact), and `WAIT_TIMEOUT`.
    pub fn transact_timeout(
        &self,
        request: &[u8],
        reply: &mut [u8],
        timeout: Duration,
    ) -> Result<Recv> {
        self.named("transact", self.end.transact(request, reply, Until::after(timeout)))
    }

    /// `PeekNamedPipe`—looks without taking; never waits.
    ///
    /// # Errors
    ///
    /// `ERROR_BROKEN_PIPE` when the peer has closed and everything was read, `ERROR_BAD_PIPE` on a server
    /// end without a client, `ERROR_PIPE_NOT_CONNECTED` on a client after a disconnect,
    /// `ERROR_ACCESS_DENIED` without the right to read.
    #[doc(alias = "PeekNamedPipe")]
    pub fn peek(&self, into: &mut [u8]) -> Result<Peek> {
        self.named("peek", self.end.peek(into))
    }

    /// `FlushFileBuffers`—waits until the peer has read everything.
    ///
    /// # Errors
    ///
    /// `ERROR_BROKEN_PIPE` when the peer closes meanwhile, `ERROR_PIPE_NOT_CONNECTED` when the server
    /// disconnects, `ERROR_ACCESS_DENIED` without the right to write.
    #[doc(alias = "FlushFileBuffers")]
    pub fn flush(&self) -> Result<()> {
        self.named("flush", self.end.flush(Until::Forever))
    }

    /// As [`flush`](Self::flush), but gives up after `timeout`; nothing is lost by that.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush), and `WAIT_TIMEOUT`.
    pub fn flush_timeout(&self, timeout: Duration) -> Result<()> {
        self.named("flush", self.end.flush(Until::after(timeout)))
    }

    /// `GetNamedPipeHandleState`—read mode, wait mode and the number of instances.
    ///
    /// # Errors
    ///
    /// `ERROR_PIPE_NOT_CONNECTED` on a client after a disconnect, `ERROR_ACCESS_DENIED` on an outbound
    /// server end, as on Windows.
    #[doc(alias = "GetNamedPipeHandleState")]
    pub fn state(&self) -> Result<HandleState> {
        let instances = query::instances(&self.end);
        self.named("query", self.end.state(instances))
    }

    /// `SetNamedPipeHandleState`—sets read mode and wait mode of this end and its clones.
    ///
    /// # Errors
    ///
    /// `ERROR_INVALID_PARAMETER` for message mode on a byte pipe, `ERROR_ACCESS_DENIED` on an inbound
    /// server end or a client that may only read, `ERROR_PIPE_NOT_CONNECTED` on a client after a disconnect.
    #[doc(alias = "SetNamedPipeHandleState")]
    pub fn set_state(&self, read_mode: PipeMode, nowait: bool) -> Result<()> {
        self.named("set the state of", self.end.set_state(read_mode.read_mode(), nowait))
    }

    /// `GetNamedPipeInfo`—what does not change.
    ///
    /// # Errors
    ///
    /// As [`state`](Self::state).
    #[doc(alias = "GetNamedPipeInfo")]
    pub fn info(&self) -> Result<PipeInfo> {
        self.named("query", self.end.state(0))?;
        let facts = &self.end.facts;
        Ok(PipeInfo {
            mode: facts.pipe_type.into(),
            end: facts.end,
            max_instances: facts.max_instances,
            in_buffer_size: facts.quotas.inbound,
            out_buffer_size: facts.quotas.outbound,
        })
    }

    /// Who is on the other end. It stays right after the peer has closed.
    ///
    /// # Errors
    ///
    /// `ERROR_NOT_FOUND` on a server end without a client, `ERROR_PIPE_NOT_CONNECTED` on a client after a
    /// disconnect.
    #[doc(alias = "GetNamedPipeClientProcessId")]
    #[doc(alias = "GetNamedPipeServerProcessId")]
    pub fn peer(&self) -> Result<Peer> {
        let connection = self.end.check_severed().and_then(|()| {
            self.end.settled(ErrorKind::ElementNotFound)?;
            self.end.connection().ok_or_else(|| ErrorKind::ElementNotFound.into())
        });
        let connection = self.named("query the peer of", connection)?;
        let ids = ntpipe_shm::peer::credentials(connection.as_ref())
            .map_err(|errno| Error::os("getsockopt", errno));
        let ids = self.named("query the peer of", ids)?;
        let session = connection.peer_session().unwrap_or(0);
        Ok(Peer { pid: ids.pid, uid: ids.uid, gid: ids.gid, session })
    }

    /// What the peer says of itself, and said with the write that was read from last: believed by its
    /// server to its own harm only. Who it is tells [`peer`](Self::peer). For the C library, which gives
    /// it a meaning.
    ///
    /// # Errors
    ///
    /// As [`peer`](Self::peer).
    #[doc(hidden)]
    pub fn peer_context(&self) -> Result<context::Told> {
        self.named("query the peer of", self.end.settled(ErrorKind::ElementNotFound))?;
        let told = self.end.reader.lock().as_ref().map(Reader::told);
        self.named("query the peer of", told.ok_or_else(|| ErrorKind::ElementNotFound.into()))
    }

    /// The supplementary groups of the peer, as the kernel attests.
    ///
    /// # Errors
    ///
    /// As [`peer`](Self::peer).
    #[doc(hidden)]
    pub fn peer_groups(&self) -> Result<Vec<u32>> {
        let connection = self.end.connection().ok_or_else(|| ErrorKind::ElementNotFound.into());
        let connection = self.named("query the peer of", connection)?;
        let groups = ntpipe_shm::peer::groups(connection.as_ref());
        self.named("query the peer of", groups.map_err(|errno| Error::os("getsockopt", errno)))
    }

    /// Ends every call that blocks on this end or its clones with `ERROR_OPERATION_ABORTED`.
    #[doc(alias = "CancelIoEx")]
    pub fn cancel_io(&self) {
        self.end.cancel();
    }

    /// As [`cancel_io`](Self::cancel_io), also for every call that would block from now on: for who gives the
    /// end up while others may be about to call.
    #[doc(hidden)]
    pub fn cancel_io_for_good(&self) {
        self.end.cancel_for_good();
    }

    /// Whether this end was handed to another process, or came from one, while it is connected.
    #[must_use]
    pub fn is_inherited(&self) -> bool {
        self.end.connection().is_some_and(|connection| connection.sharing().is_some())
    }

    pub(crate) fn named<T>(&self, operation: &'static str, result: Result<T>) -> Result<T> {
        self.end.named(operation, result)
    }

    pub(crate) fn share(&self) -> Self {
        Self { end: self.end.clone() }
    }

    /// A half that reads and one that writes, to be moved to two threads.
    #[must_use]
    pub fn split(&self) -> (ReadHalf, WriteHalf) {
        (ReadHalf(self.share()), WriteHalf(self.share()))
    }

    fn read_io(&self, into: &mut [u8]) -> io::Result<usize> {
        match self.end.recv(into, Until::Forever, false) {
            Ok(recv) => Ok(recv.len),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(0),
            Err(error) if error.kind() == ErrorKind::NoData => {
                Err(io::Error::new(io::ErrorKind::WouldBlock, error))
            }
            Err(error) => Err(error.during("read").on(&self.end.facts.name).into()),
        }
    }

    fn write_io(&self, data: &[u8]) -> io::Result<usize> {
        match self.send(data)? {
            0 if !data.is_empty() => {
                Err(io::Error::new(io::ErrorKind::WouldBlock, Error::new(ErrorKind::NoData)))
            }
            written => Ok(written),
        }
    }
}

impl io::Read for &Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.read_io(into)
    }
}

impl io::Write for &Pipe {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.write_io(data)
    }

    /// Does nothing: every write is visible at once. [`Pipe::flush`] waits for the reader.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The reading half of an end.
#[derive(Debug)]
pub struct ReadHalf(Pipe);

/// The writing half of an end.
#[derive(Debug)]
pub struct WriteHalf(Pipe);

/// Reading and writing through the [`Pipe`] inside, for a type and for references to it.
macro_rules! through_pipe {
    ($type:ty, $field:tt) => {
        impl std::ops::Deref for $type {
            type Target = Pipe;
            fn deref(&self) -> &Pipe {
                &self.$field
            }
        }
        impl $type {
            /// As [`Pipe::flush`]; here as well, so that it is found before [`io::Write::flush`], which
            /// waits for nothing.
            ///
            /// # Errors
            ///
            /// As [`Pipe::flush`].
            pub fn flush(&self) -> Result<()> {
                self.$field.flush()
            }
        }
        impl io::Read for $type {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                (&self.$field).read(into)
            }
        }
        impl io::Read for &$type {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                (&self.$field).read(into)
            }
        }
        impl io::Write for $type {
            fn write(&mut self, data: &[u8]) -> io::Result<usize> {
                (&self.$field).write(data)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        impl io::Write for &$type {
            fn write(&mut self, data: &[u8]) -> io::Result<usize> {
                (&self.$field).write(data)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
    };
}

through_pipe!(crate::NamedPipeServer, pipe);
through_pipe!(crate::NamedPipeClient, pipe);
through_pipe!(ReadHalf, 0);
through_pipe!(WriteHalf, 0);

/// The descriptor to poll for reading: after a call that would have had to wait, it becomes readable when
/// that call may go on. Get it before the first such call: an end whose descriptor nobody has asked for
/// does not pay for it. Get it once more after [`inherit`](crate::NamedPipeClient::inherit): it is another
/// one then, which other processes that poll the end cannot make unreadable.
impl AsFd for crate::NamedPipeClient {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.set_polled();
        self.pipe.end.polled.descriptor(&self.connection)
    }
}

/// For calls with an optional timeout.
pub(crate) fn deadline(timeout: Option<Duration>) -> Until {
    until(timeout)
}
