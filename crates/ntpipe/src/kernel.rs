//! The kernel pipe behind an anonymous pipe whose other end is a program's standard stream.
//!
//! That program calls plain `read` and `write`; here the rules of Windows go on: what the ring still
//! holds comes first, peek looks without taking, the end of both is `ERROR_BROKEN_PIPE`.

use std::os::fd::{AsFd, OwnedFd};

use ntpipe_core::connection::PeerLife;
use ntpipe_core::mode::{ReadMode, WaitMode};
use ntpipe_core::ops::{Peek, ReadProgress, Reader, Recv, Step};
use rustix::event::{PollFd, PollFlags};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags};

use crate::anonymous::Pair;
use crate::end::End;
use crate::wait::{Blocked, Until, announce_poller, poll_error};
use crate::{Error, ErrorKind, Result, cancel};

/// The read end of a kernel pipe, in non-blocking mode.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a>(pub(crate) &'a OwnedFd);

/// What the ring beside a kernel pipe said.
enum Ring {
    Got(Recv),
    Empty(Blocked),
    Over,
}

/// What ring and kernel pipe said together.
pub(crate) enum Looked {
    Got(Recv),
    /// Nothing yet: what to wait for in the ring, unless that is over, and whether to wait for the
    /// kernel pipe.
    Nothing {
        ring: Option<Blocked>,
        source: bool,
    },
    Over,
}

/// A descriptor for a program to write to, whose data this pipe's reader reads.
pub(crate) fn hand_out_writer(end: &End) -> Result<OwnedFd> {
    let pair = hand_out(end)?;
    // The reader, or an earlier writer, was handed out before: the same kernel pipe once more.
    if let Some(sink) = pair.own.get() {
        return reopen(sink, OFlags::WRONLY);
    }
    // Without a reader it is broken at once.
    let Some(source) = pair.other.upgrade() else { return Ok(kernel_pipe()?.1) };
    if let Some(source) = source.get() {
        return reopen(source, OFlags::WRONLY);
    }
    let (read, write) = kernel_pipe()?;
    set_nonblocking(&read)?;
    if source.set(read).is_err() {
        return hand_out_writer(end);
    }
    pair.rouse_reader();
    Ok(write)
}

/// A descriptor for a program to read from, to which this pipe's writer writes from now on.
pub(crate) fn hand_out_reader(end: &End) -> Result<OwnedFd> {
    let pair = hand_out(end)?;
    let sink = pair.other.upgrade();
    if let Some(sink) = sink.as_ref().and_then(|sink| sink.get()) {
        return reopen(sink, OFlags::RDONLY);
    }
    let mut slot = end.reader.lock();
    let reader = slot.as_mut().ok_or(ErrorKind::PipeNotConnected)?;
    let (read, write) = match pair.own.get() {
        // A writer was handed out before, and may have written meanwhile.
        Some(_) if !reader.is_empty()? => {
            return Err(Error::new(ErrorKind::NotSupported)
                .because("what was written before the write end became a stream is unread"));
        }
        Some(source) => (reopen(source, OFlags::RDONLY)?, reopen(source, OFlags::WRONLY)?),
        None => kernel_pipe()?,
    };
    let left = drain(reader);
    if left.len() > 65_536 {
        rustix::pipe::fcntl_setpipe_size(&write, left.len())
            .map_err(|errno| Error::os("fcntl", errno))?;
    }
    set_nonblocking(&write)?;
    write_all(&write, &left, Until::Forever, false)?;
    if let Some(sink) = sink {
        sink.set(write).map_err(|_| ErrorKind::NotSupported)?;
        reader.connection().rouse_peer();
    }
    Ok(read)
}

fn hand_out(end: &End) -> Result<&Pair> {
    let pair = end.pair.as_ref().ok_or(ErrorKind::NotSupported)?;
    if end.connection().is_some_and(|connection| connection.is_shared()) {
        return Err(Error::new(ErrorKind::NotSupported)
            .because("another process holds an end of this pipe"));
    }
    Ok(pair)
}

/// What the ring still holds.
fn drain(reader: &mut Reader) -> Vec<u8> {
    let mut left = Vec::new();
    let mut piece = vec![0; 65_536];
    while let Ok(Step::Done(recv)) =
        reader.read(&mut piece, ReadMode::Byte, WaitMode::NoWait, &mut ReadProgress::default())
    {
        left.extend_from_slice(&piece[..recv.len]);
    }
    left
}

/// Either side of a kernel pipe, blocking, as an open file of its own.
fn reopen(fd: &OwnedFd, side: OFlags) -> Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(fd));
    rustix::fs::open(path, side | OFlags::CLOEXEC, rustix::fs::Mode::empty())
        .map_err(|errno| Error::os("open", errno))
}

fn kernel_pipe() -> Result<(OwnedFd, OwnedFd)> {
    rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(|errno| Error::os("pipe2", errno))
}

fn set_nonblocking(fd: &OwnedFd) -> Result<()> {
    rustix::fs::fcntl_setfl(fd, OFlags::NONBLOCK).map_err(|errno| Error::os("fcntl", errno))
}

/// Reads from the ring first, then from the kernel pipe.
pub(crate) fn recv(
    end: &End,
    source: Source<'_>,
    into: &mut [u8],
    until: Until,
    nowait: bool,
) -> Result<Recv> {
    // SYNC(cancels): Acquire, here and below. Pairs with the Release addition in `End::cancel`.
    let cancels = end.waiter.cancels.load(std::sync::atomic::Ordering::Acquire);
    loop {
        let (wait, progress) = (WaitMode::NoWait, &mut ReadProgress::default());
        let (ring, wait_for_source) = match look(end, source, into, wait, progress)? {
            Looked::Got(recv) => return Ok(recv),
            Looked::Over => return Err(ErrorKind::BrokenPipe.into()),
            Looked::Nothing { ring, source } => (ring, source),
        };
        if nowait {
            return Err(ErrorKind::NoData.into());
        }
        if end.waiter.cancels.load(std::sync::atomic::Ordering::Acquire) != cancels {
            return Err(ErrorKind::OperationAborted.into());
        }
        if until.is_over() {
            return Err(ErrorKind::WaitTimeout.into());
        }
        wait_for_either(ring.as_ref(), wait_for_source.then_some(source), until)?;
    }
}

/// Looks into the ring first, then into the kernel pipe, and takes what is there.
pub(crate) fn look(
    end: &End,
    source: Source<'_>,
    into: &mut [u8],
    wait: WaitMode,
    progress: &mut ReadProgress,
) -> Result<Looked> {
    let mut slot = end.reader.lock();
    let ring = match read_ring(slot.as_mut(), into, wait, progress)? {
        Ring::Got(recv) => return Ok(Looked::Got(recv)),
        Ring::Empty(blocked) => Some(blocked),
        Ring::Over => None,
    };
    if slot.as_ref().is_some_and(|reader| !reader.is_first(progress)) {
        return Ok(Looked::Nothing { ring, source: false });
    }
    let looked = match (take(source, into)?, ring) {
        (Some(recv), _) => Looked::Got(recv),
        (None, ring) => match (is_over(source)?, ring) {
            (true, None) => Looked::Over,
            (over, ring) => Looked::Nothing { source: !over, ring },
        },
    };
    if !matches!(looked, Looked::Nothing { .. })
        && let Some(reader) = slot.as_mut()
    {
        let _ = reader.give_up(progress);
    }
    Ok(looked)
}

fn read_ring(
    reader: Option<&mut Reader>,
    into: &mut [u8],
    wait: WaitMode,
    progress: &mut ReadProgress,
) -> Result<Ring> {
    let Some(reader) = reader else { return Ok(Ring::Over) };
    let gone = reader.connection().peer_life() == PeerLife::Gone;
    let result = if gone && reader.is_first(progress) && reader.is_empty()? {
        Err(ErrorKind::BrokenPipe.into())
    } else {
        reader.read(into, ReadMode::Byte, wait, progress)
    };
    match result {
        Ok(Step::Done(recv)) => Ok(Ring::Got(recv)),
        Ok(Step::Wait(pending)) => {
            Ok(Ring::Empty(Blocked { connection: reader.connection().clone(), pending }))
        }
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            if wait == WaitMode::Wait {
                reader.stay_first(progress);
            }
            Ok(Ring::Over)
        }
        Err(error) => Err(error),
    }
}

/// Takes what is in the kernel pipe, if something is.
fn take(source: Source<'_>, into: &mut [u8]) -> Result<Option<Recv>> {
    let some = |len| Ok(Some(Recv { len, more: false }));
    if into.is_empty() {
        //= observed: zero-byte read, empty: pends until data comes
        return if available(source)? == 0 { Ok(None) } else { some(0) };
    }
    match rustix::io::read(source.0, into) {
        Ok(0) | Err(Errno::AGAIN | Errno::INTR) => Ok(None),
        Ok(len) => some(len),
        Err(errno) => Err(Error::os("read", errno)),
    }
}

fn available(source: Source<'_>) -> Result<u64> {
    rustix::io::ioctl_fionread(source.0).map_err(|errno| Error::os("ioctl", errno))
}

/// Whether the kernel pipe is empty and nobody can write to it any more.
fn is_over(source: Source<'_>) -> Result<bool> {
    let mut fds = [PollFd::new(source.0, PollFlags::IN)];
    poll(&mut fds, Until::after(std::time::Duration::ZERO))?;
    let seen = fds[0].revents();
    Ok(seen.contains(PollFlags::HUP) && !seen.contains(PollFlags::IN))
}

fn wait_for_either(ring: Option<&Blocked>, source: Option<Source<'_>>, until: Until) -> Result<()> {
    if ring.is_some_and(announce_poller) {
        return Ok(());
    }
    let mut fds = Vec::with_capacity(2);
    if let Some(source) = source {
        fds.push(PollFd::new(source.0, PollFlags::IN));
    }
    if let Some(blocked) = ring {
        fds.push(PollFd::from_borrowed_fd(blocked.connection.as_fd(), PollFlags::IN));
    }
    cancel::poll(fds, until)
}

fn poll(fds: &mut [PollFd<'_>], until: Until) -> Result<()> {
    let timeout = until.left().and_then(|left| rustix::fs::Timespec::try_from(left).ok());
    match rustix::event::poll(fds, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(poll_error(errno)),
    }
}

/// Writes all of `data` to the kernel pipe.
pub(crate) fn write_all(sink: &OwnedFd, data: &[u8], until: Until, nowait: bool) -> Result<usize> {
    let mut written = 0;
    loop {
        written += write_some(sink, &data[written..])?;
        if written == data.len() || nowait {
            return Ok(written);
        }
        if until.is_over() {
            return Err(ErrorKind::WaitTimeout.into());
        }
        cancel::poll([PollFd::new(sink, PollFlags::OUT)], until)?;
    }
}

/// Writes to the kernel pipe what has room.
pub(crate) fn write_some(sink: &OwnedFd, data: &[u8]) -> Result<usize> {
    let mut written = 0;
    while written < data.len() {
        match rustix::io::write(sink, &data[written..]) {
            Ok(len) => written += len,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => break,
            Err(Errno::PIPE) => return Err(ErrorKind::NoData.into()),
            Err(errno) => return Err(Error::os("write", errno)),
        }
    }
    Ok(written)
}

/// Looks into the kernel pipe without taking.
pub(crate) fn peek(source: Source<'_>, into: &mut [u8]) -> Result<Peek> {
    let available = available(source)?;
    if available == 0 {
        return if is_over(source)? {
            Err(ErrorKind::BrokenPipe.into())
        } else {
            Ok(Peek::default())
        };
    }
    let wish = into.len().min(usize::try_from(available).unwrap_or(usize::MAX));
    let mut len = 0;
    if wish > 0 {
        // A copy of the pipe's pages in a pipe of our own, which is then read.
        let (read, write) = kernel_pipe()?;
        let copied = rustix::pipe::tee(source.0, &write, wish, SpliceFlags::NONBLOCK)
            .map_err(|errno| Error::os("tee", errno))?;
        len = rustix::io::read(&read, &mut into[..copied.min(wish)])
            .map_err(|errno| Error::os("read", errno))?;
    }
    Ok(Peek { len, available, message_left: 0, messages: 0 })
}
