//! `CreatePipe`: an anonymous pipe, in shared memory as long as only this program uses it, and a
//! kernel pipe as soon as an end becomes a standard stream.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::{Arc, OnceLock, Weak};

use ntpipe_core::connection::{Connection, QUOTA_BYTES_MAX, Quotas};
use ntpipe_core::mode::{PipeEnd, PipeType};

use crate::end::{End, Facts, Rights};
use crate::kernel;
use crate::pipe::Pipe;
use crate::wait::{WaitStrategy, Waiter};
use crate::{Error, ErrorKind, Result};

/// The quota of `CreatePipe(.., 0)`, in bytes.
//= observed: nSize 0 gives 4096
const QUOTA_BYTES_DEFAULT: u32 = 4096;

/// What the ends of an anonymous pipe know of each other, and of the kernel pipe that it becomes once one
/// of them is a standard stream.
#[derive(Debug, Default)]
pub(crate) struct Pair {
    /// This end's side of the kernel pipe, which is closed with this end, whoever keeps the other. Set under
    /// the lock of the half: a step that does not find it is over before it is set.
    beside: OnceLock<Arc<OwnedFd>>,
    other: OnceLock<Weak<End>>,
}

/// `CreatePipe`—an anonymous pipe with the quota of Windows' default, 4096 bytes.
///
/// The trap first: the reader sees the end only when *every* copy of the writer is closed. A parent
/// that starts a child gives its writer away, and drops the `Command`, before it reads to the end:
///
/// ```
/// use std::io::Read;
/// use std::process::Command;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (mut reader, writer) = ntpipe::anonymous()?;
/// let mut child = Command::new("echo").arg("hello").stdout(writer).spawn()?;
/// let mut output = String::new();
/// reader.read_to_string(&mut output)?;
/// assert_eq!(output, "hello\n");
/// child.wait()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// `ERROR_TOO_MANY_OPEN_FILES` and `ERROR_NOT_ENOUGH_MEMORY` for what they say.
#[doc(alias = "CreatePipe")]
pub fn anonymous() -> Result<(PipeReader, PipeWriter)> {
    anonymous_with_quota(0)
}

/// As [`anonymous`], with a quota in bytes; 0 is 4096.
///
/// # Errors
///
/// As [`anonymous`], and `ERROR_INVALID_PARAMETER` above 256 MiB.
pub fn anonymous_with_quota(bytes: u32) -> Result<(PipeReader, PipeWriter)> {
    create(bytes).map_err(|error| error.during("create an anonymous pipe"))
}

fn create(bytes: u32) -> Result<(PipeReader, PipeWriter)> {
    let quota = if bytes == 0 { QUOTA_BYTES_DEFAULT } else { bytes };
    if quota > QUOTA_BYTES_MAX {
        return Err(Error::new(ErrorKind::InvalidParameter).because("a quota is at most 256 MiB"));
    }
    let quotas = Quotas { inbound: quota, outbound: quota };
    let (segment, memory) = Connection::segment(PipeType::Byte, quotas)?;
    let (read_socket, write_socket) = rustix::net::socketpair(
        rustix::net::AddressFamily::UNIX,
        rustix::net::SocketType::SEQPACKET,
        rustix::net::SocketFlags::CLOEXEC | rustix::net::SocketFlags::NONBLOCK,
        None,
    )
    .map_err(|errno| Error::os("socketpair", errno))?;
    //= observed: the read end reports SERVER_END
    let memory = Arc::new(memory);
    let reading = (PipeEnd::Server, read_socket, memory.clone());
    let writing = (PipeEnd::Client, write_socket, memory);
    let [reader, writer] = [reading, writing].map(|(side, socket, memory)| {
        let connection = Connection::new(segment.clone(), memory, socket, side, PipeType::Byte);
        let facts = Facts {
            name: "an anonymous pipe".into(),
            end: side,
            pipe_type: PipeType::Byte,
            max_instances: 1,
            quotas,
        };
        let reads = side == PipeEnd::Server;
        //= observed: access masks of the ends of CreatePipe
        let rights =
            Rights { read: reads, write: !reads, read_attributes: true, write_attributes: true };
        let waiter = Waiter::new(WaitStrategy::default());
        let mut end = End::new(facts, rights, waiter, Some(&Arc::new(connection)), None);
        end.pair = Some(Pair::default());
        Arc::new(end)
    });
    for (end, other) in [(&reader, &writer), (&writer, &reader)] {
        let pair = end.pair.as_ref().expect("set above");
        let _ = pair.other.set(Arc::downgrade(other));
    }
    let [reader, writer] = [reader, writer].map(|end| Pipe { end });
    Ok((PipeReader { pipe: reader }, PipeWriter { pipe: writer }))
}

/// The read end of an anonymous pipe. See [`Pipe`] for what it can do.
#[derive(Debug)]
pub struct PipeReader {
    pub(crate) pipe: Pipe,
}

/// The write end of an anonymous pipe. See [`Pipe`] for what it can do.
#[derive(Debug)]
pub struct PipeWriter {
    pub(crate) pipe: Pipe,
}

impl PipeReader {
    /// Another handle to the same end.
    ///
    /// # Errors
    ///
    /// None today.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self { pipe: self.pipe.share() })
    }

    /// The read end as the standard input of a program: from now on the pipe is a kernel pipe, for this
    /// program's writes as well. What was written before comes first, and a write that waits goes on
    /// there; what a kernel pipe has taken, a timeout or a cancellation does not take back.
    ///
    /// # Blocking
    ///
    /// While a [`Reservation`](crate::Reservation) of the writer or a [`Borrowed`](crate::Borrowed) of the
    /// reader exists.
    ///
    /// # Errors
    ///
    /// `ERROR_TOO_MANY_OPEN_FILES`; `ERROR_NOT_SUPPORTED` if another process holds an end.
    pub fn into_stdio(self) -> Result<Stdio> {
        self.to_stdio().map(Stdio::from)
    }

    /// As [`into_stdio`](Self::into_stdio), but this end stays open, and reads from the kernel pipe as
    /// well: whoever is first gets the bytes.
    ///
    /// # Errors
    ///
    /// As [`into_stdio`](Self::into_stdio).
    pub fn to_stdio(&self) -> Result<OwnedFd> {
        let end = &self.pipe.end;
        end.named("inherit", kernel::hand_out_reader(end))
    }
}

impl PipeWriter {
    /// Another handle to the same end.
    ///
    /// # Errors
    ///
    /// None today.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self { pipe: self.pipe.share() })
    }

    /// The write end as the standard output or error of a program: from now on the pipe is a kernel pipe, for
    /// this program's writes and reads as well. What was written before comes first.
    ///
    /// # Blocking
    ///
    /// As [`PipeReader::into_stdio`].
    ///
    /// # Errors
    ///
    /// `ERROR_TOO_MANY_OPEN_FILES`; `ERROR_NOT_SUPPORTED` if another process holds an end.
    pub fn into_stdio(self) -> Result<Stdio> {
        self.to_stdio().map(Stdio::from)
    }

    /// As [`into_stdio`](Self::into_stdio), but this end stays open: the reader sees the end of the pipe
    /// when both are closed.
    ///
    /// # Errors
    ///
    /// As [`into_stdio`](Self::into_stdio).
    pub fn to_stdio(&self) -> Result<OwnedFd> {
        let end = &self.pipe.end;
        end.named("inherit", kernel::hand_out_writer(end))
    }
}

/// See [`PipeReader::into_stdio`].
///
/// # Panics
///
/// Where that gives an error.
impl From<PipeReader> for Stdio {
    fn from(reader: PipeReader) -> Self {
        match reader.into_stdio() {
            Ok(stdio) => stdio,
            Err(error) => panic!("{error}"),
        }
    }
}

/// See [`PipeWriter::into_stdio`].
///
/// # Panics
///
/// Where that gives an error.
impl From<PipeWriter> for Stdio {
    fn from(writer: PipeWriter) -> Self {
        match writer.into_stdio() {
            Ok(stdio) => stdio,
            Err(error) => panic!("{error}"),
        }
    }
}

impl std::ops::Deref for PipeReader {
    type Target = Pipe;
    fn deref(&self) -> &Pipe {
        &self.pipe
    }
}

impl std::ops::Deref for PipeWriter {
    type Target = Pipe;
    fn deref(&self) -> &Pipe {
        &self.pipe
    }
}

impl io::Read for PipeReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        (&self.pipe).read(into)
    }
}

impl io::Read for &PipeReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        (&self.pipe).read(into)
    }
}

impl io::Write for PipeWriter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        (&self.pipe).write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl io::Write for &PipeWriter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        (&self.pipe).write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pair {
    /// This end's side of the kernel pipe, if it is one.
    pub(crate) fn beside(&self) -> Option<&Arc<OwnedFd>> {
        self.beside.get()
    }

    /// From now on it is one.
    pub(crate) fn set_beside(&self, fd: Arc<OwnedFd>) {
        let _ = self.beside.set(fd);
    }

    /// The other end, as long as somebody has it.
    pub(crate) fn weak_other(&self) -> Weak<End> {
        self.other.get().cloned().unwrap_or_default()
    }
}
