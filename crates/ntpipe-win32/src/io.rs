//! `io.h`: descriptors of handles, and handles of descriptors.
//!
//! A descriptor and its handle stand for the same; `_close` closes both. A pipe has no descriptor that the
//! system knows, so that it gets one: see [`crate::object::descriptor`]. If that was only for reading, and
//! is closed by `fclose` or plain `close`, the handle stays open.
#![allow(unsafe_code)]

use std::ffi::c_char;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ntpipe::ErrorKind;
use ntpipe_shm::generation::{self, Once, PerProcess};
use rustix::fs::fstat;

use crate::boundary::guarded;
use crate::failure::Result;
use crate::handle::{self, Entry};
use crate::object::descriptor::{self, Sink};
use crate::object::{FileObject, Object};
use crate::path::Target;
use crate::processenv::{self, GetStdHandle};
use crate::text::{self, Filled};
use crate::types::{HANDLE, LPCSTR, access};

/// `EBADF` of the C library.
const BAD_DESCRIPTOR: i32 = 9;

unsafe extern "C" {
    safe fn ntpipe__set_errno(value: i32) -> i32;
    safe fn ntpipe_flush_all();
    safe fn ntpipe_ignore_broken_pipes();
    safe fn atexit(call: extern "C" fn()) -> i32;
    fn dup2(fd: i32, other: i32) -> i32;
}

/// What tells an open file from every other: its device and number.
type Identity = (u64, u64);

/// A descriptor and its handle.
#[derive(Clone, Debug)]
struct Pair {
    fd: i32,
    handle: usize,
    identity: Identity,
    /// For a pipe, what carries the program's bytes.
    sink: Option<Arc<Sink>>,
    /// Whether `_spawn` leaves it to the child, if that gets the handle.
    goes_along: bool,
    /// The process that made it, by its generation.
    born: u32,
}

impl Pair {
    fn new(fd: i32, handle: HANDLE, identity: Identity, sink: Option<Arc<Sink>>) -> Self {
        let (handle, born) = (handle.addr(), generation::noted());
        Self { fd, handle, identity, sink, goes_along: false, born }
    }

    /// What there is to wait for before the pair goes. In a copy by `fork` the bytes are the other process's,
    /// and so is the thread that carries them.
    fn to_drain(&self) -> Option<&Arc<Sink>> {
        self.sink.as_ref().filter(|_| self.born == generation::now())
    }
}

/// In a copy by `fork` too: it has the same descriptors and the same handles. If another thread was just
/// changing them, they belong together no more there.
static PAIRS: PerProcess<Mutex<Vec<Pair>>> = PerProcess::new();

fn pairs() -> MutexGuard<'static, Vec<Pair>> {
    PAIRS.get_or_derive(Vec::clone).lock().unwrap_or_else(PoisonError::into_inner)
}

/// For tests: holds what is locked for the whole process.
#[cfg(test)]
pub(crate) fn hold() -> impl Sized {
    pairs()
}

/// Notes a pair. A file that had the same descriptor has been closed by other means than `_close`.
fn add(pairs: &mut Vec<Pair>, pair: Pair) {
    for closed in pairs.extract_if(.., |it| it.fd == pair.fd && it.sink.is_none()) {
        let _ = handle::close(number(closed.handle));
    }
    pairs.push(pair);
}

fn identity(fd: impl AsFd) -> Result<Identity> {
    let stat = fstat(fd).map_err(|_| ErrorKind::InvalidHandle)?;
    Ok((stat.st_dev, stat.st_ino))
}

/// A descriptor of the program's, for one call.
fn borrow<'a>(fd: i32) -> Result<BorrowedFd<'a>> {
    if fd < 0 {
        return Err(ErrorKind::InvalidHandle.into());
    }
    // SAFETY: not -1 (above); the program keeps it open during the call, or the system refuses it.
    Ok(unsafe { BorrowedFd::borrow_raw(fd) })
}

fn number(handle: usize) -> HANDLE {
    std::ptr::without_provenance_mut(handle)
}

/// The handle of a descriptor: the one that it came from, that of a standard stream, or a new one.
fn handle_of(fd: i32) -> Result<HANDLE> {
    let borrowed = borrow(fd)?;
    let identity = identity(borrowed)?;
    let mut pairs = pairs();
    let same = |pair: &&Pair| pair.identity == identity && handle::get(number(pair.handle)).is_ok();
    // A copy made by `_dup2` has the handle of what it is a copy of.
    let known = pairs.iter().filter(|pair| pair.fd == fd || pair.sink.is_some()).find(same);
    if let Some(pair) = known {
        return Ok(number(pair.handle));
    }
    if let stream @ 0..=2 = fd {
        let handle = GetStdHandle((-10 - stream).cast_unsigned());
        if is_file(handle, identity) {
            return Ok(handle);
        }
    }
    let file = FileObject::new(rustix::io::fcntl_dupfd_cloexec(borrowed, 3)?, false)?;
    let entry = Entry::new(Object::File(Arc::new(file)), access::FILE_ALL_ACCESS);
    let handle = handle::insert(entry)?;
    add(&mut pairs, Pair::new(fd, handle, identity, None));
    Ok(handle)
}

fn is_file(handle: HANDLE, identity: Identity) -> bool {
    match handle::get(handle) {
        Ok(Entry { object: Object::File(file), .. }) => self::identity(&*file) == Ok(identity),
        _ => false,
    }
}

/// `_get_osfhandle`.
#[unsafe(no_mangle)]
pub extern "C" fn _get_osfhandle(fd: i32) -> isize {
    match guarded(|| handle_of(fd)) {
        Ok(handle) => handle.addr().cast_signed(),
        Err(_) => {
            ntpipe__set_errno(BAD_DESCRIPTOR);
            -1
        }
    }
}

fn open(handle: HANDLE, goes_along: bool) -> Result<i32> {
    let entry = handle::get(handle)?;
    let (fd, sink): (OwnedFd, _) = match &entry.object {
        Object::File(file) => (rustix::io::fcntl_dupfd_cloexec(file.as_fd(), 3)?, None),
        Object::Pipe(pipe) => {
            static ONCE: Once = Once::new();
            ONCE.call(|| {
                // It is the program that writes: on Windows it gets an error. Programs that it starts get
                // the system's own behaviour back.
                ntpipe_ignore_broken_pipes();
                atexit(drain_all);
            });
            let reads = entry.access & access::FILE_READ_DATA != 0;
            let writes = entry.access & access::FILE_WRITE_DATA != 0;
            let number = handle.addr();
            let closed = move || closed(number);
            let (fd, sink) = descriptor::of_pipe(pipe.clone(), reads, writes, closed)?;
            (fd, Some(sink))
        }
        _ => return Err(ErrorKind::InvalidHandle.into()),
    };
    let identity = identity(&fd)?;
    let fd = fd.into_raw_fd();
    add(&mut pairs(), Pair { goes_along, ..Pair::new(fd, handle, identity, sink) });
    Ok(fd)
}

/// The descriptors that children of `_spawn` have too, under their numbers: those of handles that can be
/// inherited. What the program has opened by other means goes without a word.
pub(crate) fn going_along() -> Vec<i32> {
    let inherits = |pair: &Pair| handle::get(number(pair.handle)).is_ok_and(|it| it.inherit);
    pairs().iter().filter(|pair| pair.goes_along && inherits(pair)).map(|pair| pair.fd).collect()
}

/// The program has closed the descriptor of a pipe by other means than `_close`.
fn closed(handle: usize) {
    let before = {
        let mut pairs = pairs();
        let at = pairs.iter().position(|pair| pair.handle == handle);
        at.map(|at| pairs.swap_remove(at))
    };
    if before.is_some() {
        let _ = handle::close(number(handle));
    }
}

/// `_open_osfhandle`: of the flags one says what the handle does not.
#[unsafe(no_mangle)]
pub extern "C" fn _open_osfhandle(handle: isize, flags: i32) -> i32 {
    const O_NOINHERIT: i32 = 0x80;
    let goes_along = flags & O_NOINHERIT == 0;
    guarded(|| open(number(handle.cast_unsigned()), goes_along)).unwrap_or_else(|_| {
        ntpipe__set_errno(BAD_DESCRIPTOR);
        -1
    })
}

/// For system.c: closes a descriptor, and its handle if it has one. 0, or an errno.
///
/// # Safety
/// `fd` is the program's to close.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn ntpipe_close_descriptor(fd: i32) -> i32 {
    let close = || {
        let identity = identity(borrow(fd)?)?;
        let pair = {
            let mut pairs = pairs();
            let at = pairs.iter().position(|pair| pair.fd == fd && pair.identity == identity);
            at.map(|at| pairs.swap_remove(at))
        };
        // SAFETY: open (above), and the program's to close.
        unsafe { rustix::io::close(fd) };
        if let Some(pair) = pair {
            if let Some(sink) = pair.to_drain() {
                sink.drain();
            }
            let _ = handle::close(number(pair.handle));
        }
        Ok(())
    };
    if guarded(close).is_ok() { 0 } else { BAD_DESCRIPTOR }
}

/// For system.c: makes `other` stand for what `fd` does, and closes what it stood for, with its handle. As on
/// Windows, a standard stream's handle goes along. 0, or an errno.
///
/// # Safety
/// `other` is the program's to close.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn ntpipe_dup2_descriptor(fd: i32, other: i32) -> i32 {
    let change = || {
        let from = borrow(fd)?;
        identity(from)?;
        if fd == other {
            return Ok(());
        }
        let before = borrow(other).and_then(identity).ok();
        let pair = {
            let mut pairs = pairs();
            let is_it = |pair: &Pair| pair.fd == other && Some(pair.identity) == before;
            let at = pairs.iter().position(is_it);
            at.map(|at| pairs.swap_remove(at))
        };
        let stream = usize::try_from(other).ok().filter(|stream| *stream <= 2);
        let handle = stream.and_then(processenv::set_stream_of);
        if let (Some(stream), Some(handle), Some(before)) = (stream, handle, before)
            && is_file(handle, before)
        {
            // First: with its handle a standard stream goes too.
            processenv::forget_stream(stream);
            let _ = handle::close(handle);
        }
        // SAFETY: plain numbers; `other` is the program's to close.
        if unsafe { dup2(from.as_raw_fd(), other) } < 0 {
            return Err(ErrorKind::InvalidHandle.into());
        }
        if let Some(pair) = pair {
            if let Some(sink) = pair.to_drain() {
                sink.drain();
            }
            let _ = handle::close(number(pair.handle));
        }
        Ok(())
    };
    if guarded(change).is_ok() { 0 } else { BAD_DESCRIPTOR }
}

/// What a path names, for paths.c.
#[repr(i32)]
enum Named {
    File = 0,
    Pipe = 1,
    Nothing = 2,
}

/// For paths.c: puts the path as this system has it, which is a zero longer than its text at most twice over,
/// and 16 bytes, into a buffer.
///
/// # Safety
/// `path` is a string, `to` valid for `room` bytes.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn ntpipe_path(path: LPCSTR, to: *mut c_char, room: u32) -> i32 {
    let translate = || {
        // SAFETY: a string, by the caller's promise.
        let path = unsafe { text::ansi(path) }.unwrap_or_default();
        let (text, kind) = match Target::of(&path) {
            Target::File(file) => (file, Named::File),
            Target::Null => ("/dev/null".to_owned(), Named::File),
            Target::ConsoleInput | Target::ConsoleOutput => ("/dev/tty".to_owned(), Named::File),
            Target::Pipe(name) => (name, Named::Pipe),
            Target::Pipes { .. } => (String::new(), Named::Nothing),
        };
        // SAFETY: valid, by the caller's promise.
        match unsafe { text::put_ansi(&text, to, room) } {
            Filled::Whole(_) => Ok(kind),
            Filled::Needs(_) => Ok(Named::Nothing),
        }
    };
    guarded(translate).unwrap_or(Named::Nothing) as i32
}

fn sinks() -> Vec<Arc<Sink>> {
    pairs().iter().filter_map(|pair| pair.to_drain().cloned()).collect()
}

/// Before the program ends, what it has written to descriptors of pipes gets there.
extern "C" fn drain_all() {
    let _ = guarded(|| {
        if !sinks().is_empty() {
            ntpipe_flush_all();
        }
        ntpipe_drain();
        Ok(())
    });
}

/// For spawn.c: the same, without what streams have kept back.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn ntpipe_drain() {
    let _ = guarded(|| {
        sinks().iter().for_each(|sink| sink.drain());
        Ok(())
    });
}
