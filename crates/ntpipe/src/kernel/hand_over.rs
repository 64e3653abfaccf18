//! The change from ring to kernel pipe, once, for both ends together.
//!
//! Under the locks of the writing and of the reading half no step is under way, so what the ring holds is
//! moved as a whole, and each step after it finds the kernel pipe: of a write in pieces, those that were
//! placed are in the kernel pipe then, and the rest follows them there.

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Weak};

use ntpipe_core::connection::{Connection, PeerLife};
use ntpipe_core::ops::{Reader, WriteProgress, Writer};
use rustix::fs::{Mode, OFlags};
use rustix::pipe::{PipeFlags, fcntl_getpipe_size, fcntl_setpipe_size};

use super::{kernel_pipe, write_all, write_some};
use crate::anonymous::Pair;
use crate::end::End;
use crate::{Error, ErrorKind, Result};

/// What an unprivileged process may ask of a kernel pipe, by default.
const KERNEL_BYTES_MAX: usize = 1 << 20;

/// A descriptor for a program to write to, whose data this pipe's reader reads.
pub(crate) fn hand_out_writer(end: &End) -> Result<OwnedFd> {
    end.check_process()?;
    let pair = end.pair.as_ref().ok_or(ErrorKind::NotSupported)?;
    let reader = pair.other(end);
    change(Some(end), reader.as_deref())?;
    match pair.beside() {
        Some(sink) => reopen(sink, OFlags::WRONLY),
        None => Err(ErrorKind::PipeNotConnected.into()),
    }
}

/// A descriptor for a program to read from, to which this pipe's writer writes from now on.
pub(crate) fn hand_out_reader(end: &End) -> Result<OwnedFd> {
    end.check_process()?;
    let pair = end.pair.as_ref().ok_or(ErrorKind::NotSupported)?;
    let writer = pair.other(end);
    change(writer.as_deref(), Some(end))?;
    match pair.beside() {
        Some(source) => reopen(source, OFlags::RDONLY),
        None => Err(ErrorKind::PipeNotConnected.into()),
    }
}

impl Pair {
    /// The other end, unless it has closed.
    fn other(&self, end: &End) -> Option<Arc<End>> {
        loop {
            if let Some(other) = self.weak_other().upgrade() {
                return Some(other);
            }
            // Nobody has it here any more; but only when it has left is all that it wrote sure to be seen.
            // One that another process holds too does not leave.
            let leaves = |connection: Arc<Connection>| {
                connection.peer_life() == PeerLife::Here && !connection.is_shared()
            };
            if !end.connection().is_some_and(leaves) {
                return None;
            }
            std::thread::yield_now();
        }
    }
}

/// Makes a kernel pipe of this pipe, unless it is one.
fn change(writer: Option<&End>, reader: Option<&End>) -> Result<()> {
    // In this order everywhere.
    let mut writing = writer.map(|end| end.writer.lock());
    let mut reading = reader.map(|end| end.reader.lock());
    if [writer, reader].into_iter().flatten().any(|end| end.beside().is_some()) {
        return Ok(());
    }
    let writing = writing.as_mut().and_then(|slot| slot.as_mut());
    let mut reading = reading.as_mut().and_then(|slot| slot.as_mut());
    let connections = [
        writing.as_ref().map(|half| half.connection().clone()),
        reading.as_ref().map(|half| half.connection().clone()),
    ];
    if connections.iter().flatten().any(|connection| connection.is_shared()) {
        return Err(Error::new(ErrorKind::NotSupported)
            .because("another process holds an end of this pipe"));
    }
    let (source, sink) = kernel_pipe(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
    let (source, sink) = (Arc::new(source), Arc::new(sink));
    if let (Some(reading), Some(pair)) = (&mut reading, reader.and_then(|end| end.pair.as_ref())) {
        move_over(reading, writing, pair.weak_other(), &sink)?;
    }
    for (end, fd) in [(writer, sink), (reader, source)] {
        if let Some(pair) = end.and_then(|end| end.pair.as_ref()) {
            pair.set_beside(fd);
        }
    }
    for connection in connections.iter().flatten() {
        connection.set_changed();
    }
    Ok(())
}

/// Moves what the ring holds into the kernel pipe. What can fail comes before anything is taken.
fn move_over(
    reading: &mut Reader,
    writing: Option<&mut Writer>,
    writer: Weak<End>,
    sink: &Arc<OwnedFd>,
) -> Result<()> {
    let unread = match reading.peek(&mut []) {
        Ok(peek) => usize::try_from(peek.available).unwrap_or(usize::MAX),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => 0,
        Err(error) => return Err(error),
    };
    let capacity = make_room(sink, unread)?;
    let carrier = if unread > capacity { Some(carrier(sink.clone())?) } else { None };
    let unread = reading.drain()?;
    let moved = write_some(sink, &unread)?;
    let Some(carrier) = carrier else {
        debug_assert_eq!(moved, unread.len(), "an empty kernel pipe takes what it has room for");
        return Ok(());
    };
    let mut place = None;
    if let Some(writing) = writing {
        let mut progress = WriteProgress::default();
        writing.enter_elsewhere_first(&mut progress);
        place = Some((writer, progress));
    }
    let load = Load { data: unread, moved, place };
    carrier.send(load).map_err(|_| ErrorKind::NotEnoughMemory.into())
}

/// What a kernel pipe did not take at once.
struct Load {
    data: Vec<u8>,
    moved: usize,
    /// Its place among the writes of this end: all others come behind it.
    place: Option<(Weak<End>, WriteProgress)>,
}

/// A thread that brings a load into the kernel pipe, which stays open as long.
fn carrier(sink: Arc<OwnedFd>) -> Result<Sender<Load>> {
    let (sender, receiver) = channel::<Load>();
    let run = move || {
        let Ok(load) = receiver.recv() else { return };
        // Fails only when nobody reads any more.
        let _ = write_all(&sink, &load.data[load.moved..]);
        if let Some((end, progress)) = load.place
            && let Some(end) = end.upgrade()
            && let Some(writer) = end.writer.lock().as_mut()
        {
            writer.leave_elsewhere(&progress);
        }
    };
    std::thread::Builder::new()
        .name("ntpipe-carry".into())
        .stack_size(64 * 1024)
        .spawn(run)
        .map_err(|error| Error::from_io("clone", &error))?;
    Ok(sender)
}

/// As much room as the system grants for so many bytes; how much it is.
fn make_room(sink: &OwnedFd, bytes: usize) -> Result<usize> {
    let size = || fcntl_getpipe_size(sink).map_err(|errno| Error::os("fcntl", errno));
    for wish in [bytes, KERNEL_BYTES_MAX] {
        if size()? >= bytes || fcntl_setpipe_size(sink, wish).is_ok() {
            break;
        }
    }
    size()
}

/// Either side of a kernel pipe, blocking, as an open file of its own.
fn reopen(fd: &OwnedFd, side: OFlags) -> Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    rustix::fs::open(path, side | OFlags::CLOEXEC, Mode::empty())
        .map_err(|errno| Error::os("open", errno))
}
