//! The kernel pipe that an anonymous pipe has become because an end is a program's standard stream.
//!
//! That program calls plain `read` and `write`; here the rules of Windows go on: reads and writes of an
//! end keep their order, a write stays whole, peek looks without taking, the end is `ERROR_BROKEN_PIPE`.
//!
//! The functions of this file are steps, as those of the ring: they run under the lock of their half, and
//! answer what they wait for.

mod hand_over;

use std::os::fd::OwnedFd;

use ntpipe_core::mode::WaitMode;
use ntpipe_core::ops::{Peek, ReadProgress, Reader, Recv, Step, WriteProgress, Writer};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size};

use crate::wait::{Until, poll_error};
use crate::{Error, ErrorKind, Result, cancel};

pub(crate) use hand_over::{hand_out_reader, hand_out_writer};

fn kernel_pipe(flags: PipeFlags) -> Result<(OwnedFd, OwnedFd)> {
    rustix::pipe::pipe_with(flags).map_err(|errno| Error::os("pipe2", errno))
}

/// Reads what is there, if it is this read's turn.
pub(crate) fn read(
    reader: &mut Reader,
    source: &OwnedFd,
    into: &mut [u8],
    wait: WaitMode,
    progress: &mut ReadProgress,
) -> Result<Step<Recv>> {
    if let Some(pending) = reader.enter_elsewhere(wait, progress) {
        return Ok(Step::Wait(pending));
    }
    let result = match take(source, into).transpose() {
        Some(result) => result,
        None => match is_over(source) {
            Ok(false) => return Ok(Step::Wait(reader.wait_elsewhere())),
            Ok(true) => Err(ErrorKind::BrokenPipe.into()),
            Err(error) => Err(error),
        },
    };
    reader.leave_elsewhere(progress);
    result.map(Step::Done)
}

/// Takes what is in the kernel pipe, if something is.
fn take(source: &OwnedFd, into: &mut [u8]) -> Result<Option<Recv>> {
    let some = |len| Ok(Some(Recv { len, more: false }));
    if into.is_empty() {
        //= observed: zero-byte read, empty: pends until data comes
        return if available(source)? == 0 { Ok(None) } else { some(0) };
    }
    match rustix::io::read(source, into) {
        Ok(0) | Err(Errno::AGAIN | Errno::INTR) => Ok(None),
        Ok(len) => some(len),
        Err(errno) => Err(Error::os("read", errno)),
    }
}

fn available(source: &OwnedFd) -> Result<u64> {
    rustix::io::ioctl_fionread(source).map_err(|errno| Error::os("ioctl", errno))
}

/// Whether the kernel pipe is empty and nobody can write to it any more.
fn is_over(source: &OwnedFd) -> Result<bool> {
    let seen = look(source)?;
    Ok(seen.contains(PollFlags::HUP) && !seen.contains(PollFlags::IN))
}

/// Whether nobody reads any more: a write of nothing would not find out.
fn is_broken(sink: &OwnedFd) -> Result<bool> {
    Ok(look(sink)?.contains(PollFlags::ERR))
}

fn look(fd: &OwnedFd) -> Result<PollFlags> {
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    match poll(&mut fds, Some(&Timespec::default())) {
        Ok(_) | Err(Errno::INTR) => Ok(fds[0].revents()),
        Err(errno) => Err(poll_error(errno)),
    }
}

/// Writes what has room, if it is this write's turn, and goes on until all is written. `fed` is how much of
/// it is in the kernel pipe, once it goes there.
pub(crate) fn write(
    writer: &mut Writer,
    sink: &OwnedFd,
    data: &[u8],
    wait: WaitMode,
    progress: &mut WriteProgress,
    fed: &mut Option<usize>,
) -> Result<Step<usize>> {
    let waited = progress.has_begun();
    // What of it was in the ring has come into the kernel pipe with all the rest of that.
    let fed = fed.get_or_insert(progress.placed());
    if *fed == data.len() && (*fed > 0 || !is_broken(sink)?) {
        writer.leave_elsewhere(progress);
        return Ok(Step::Done(data.len()));
    }
    if let Some(pending) = writer.enter_elsewhere(wait, progress)? {
        return Ok(Step::Wait(pending));
    }
    let result = match write_some(sink, &data[*fed..]) {
        Ok(_) if data.is_empty() => Err(ErrorKind::NoData.into()),
        Ok(written) => {
            *fed += written;
            if *fed == data.len() {
                Ok(data.len())
            } else if wait == WaitMode::NoWait && *fed > 0 {
                Ok(*fed)
            } else {
                return Ok(Step::Wait(writer.wait_elsewhere()?));
            }
        }
        //= observed: a write that pends when the peer closes fails with ERROR_BROKEN_PIPE, not ERROR_NO_DATA
        Err(error) if waited && error.kind() == ErrorKind::NoData => {
            Err(ErrorKind::BrokenPipe.into())
        }
        Err(error) => Err(error),
    };
    writer.leave_elsewhere(progress);
    result.map(Step::Done)
}

/// Writes to the kernel pipe what has room.
fn write_some(sink: &OwnedFd, data: &[u8]) -> Result<usize> {
    let mut written = 0;
    while written < data.len() {
        match ntpipe_shm::quiet::write(sink, &data[written..]) {
            Ok(len) => written += len,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => break,
            Err(Errno::PIPE) => return Err(ErrorKind::NoData.into()),
            Err(errno) => return Err(Error::os("write", errno)),
        }
    }
    Ok(written)
}

/// Writes all to the kernel pipe, however long it takes.
fn write_all(sink: &OwnedFd, mut data: &[u8]) -> Result<()> {
    loop {
        data = &data[write_some(sink, data)?..];
        if data.is_empty() {
            return Ok(());
        }
        cancel::poll([PollFd::new(sink, PollFlags::OUT)], Until::Forever)?;
    }
}

/// Looks into the kernel pipe without taking.
pub(crate) fn peek(source: &OwnedFd, into: &mut [u8]) -> Result<Peek> {
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
        // A copy of the pipe's pages in a pipe of our own, which is then read. It holds as many pages; if the
        // system does not grant that, less is seen.
        let (read, write) = kernel_pipe(PipeFlags::CLOEXEC)?;
        if let Ok(size) = fcntl_getpipe_size(source) {
            let _ = fcntl_setpipe_size(&write, size);
        }
        let copied = match rustix::pipe::tee(source, &write, wish, SpliceFlags::NONBLOCK) {
            // A program that reads as well was faster.
            Err(Errno::AGAIN) => return peek(source, into),
            copied => copied.map_err(|errno| Error::os("tee", errno))?,
        };
        len = rustix::io::read(&read, &mut into[..copied.min(wish)])
            .map_err(|errno| Error::os("read", errno))?;
    }
    Ok(Peek { len, available, message_left: 0, messages: 0 })
}
