//! The handles that a child gets: what its parent tells it in the environment, and how it takes them.
//!
//! ```text
//! NTPIPE_HANDLES   <number>:<kind>:<access>:<flags>:<argument>;...   numbers in hexadecimal
//! NTPIPE_HANDLE_<number>   the engine's token of a pipe's end
//!
//! kind   argument
//! s c r w  server, client, read end, write end of a pipe: its token is in the other variable
//! f        a file: its descriptor
//! p        a process: its descriptor and, after a comma, its number
//! e m n t  an event, a mutex, a semaphore, a timer: a descriptor and, after a comma, its place
//! 0 1 2    the standard stream that this handle is
//! ```
//!
//! A handle has the same number in the child. A program that knows nothing of all this inherits the
//! descriptors and holds them until it ends, as on Windows.

use std::collections::HashSet;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::Command;
use std::sync::{Arc, Once};

use ntpipe::sync::{Lease, Shareable, Timer};
use ntpipe::{NamedPipeClient, NamedPipeServer, PipeReader, PipeWriter};
use ntpipe_shm::handover;

use crate::failure::Result;
use crate::handle::{self, Entry};
use crate::object::pipe::End;
use crate::object::{FileObject, Object, PipeObject, ProcessObject, TimerObject};
use crate::types::HANDLE;

const LIST: &str = "NTPIPE_HANDLES";

/// Leaves all inheritable handles to the program that `command` starts, if it inherits any, and tells
/// it which of them are its standard streams.
///
/// # Errors
/// `ERROR_TOO_MANY_OPEN_FILES`.
pub fn leave(command: &mut Command, inherits: bool, streams: [Option<HANDLE>; 3]) -> Result<()> {
    for (key, _) in std::env::vars_os() {
        if key
            .to_str()
            .is_some_and(|key| key.starts_with(LIST) || key.starts_with("NTPIPE_HANDLE_"))
        {
            command.env_remove(key);
        }
    }
    let mut list = String::new();
    let mut told = HashSet::new();
    for (stream, handle) in streams.iter().enumerate() {
        if let Some(handle) = handle.filter(|handle| told.insert(handle.addr())) {
            list += &format!("{:x}:{stream}:1f01ff:0:;", handle.addr());
        }
    }
    let mut fds = Vec::new();
    for (handle, entry) in handle::inheritable() {
        if inherits && told.insert(handle.addr()) {
            list += &line(command, &mut fds, handle, &entry)?.unwrap_or_default();
        }
    }
    handover::leave_to(command, fds);
    if !list.is_empty() {
        command.env(LIST, list);
    }
    Ok(())
}

/// A handle's line; `None` for one that the child cannot have: an end that waits for a client, a pipe
/// that has become a stream, or a thread.
fn line(
    command: &mut Command,
    fds: &mut Vec<OwnedFd>,
    handle: HANDLE,
    entry: &Entry,
) -> Result<Option<String>> {
    let number = handle.addr();
    let mut copy = |fd: std::os::fd::BorrowedFd<'_>| -> Result<i32> {
        let copy = handover::copy(fd)?;
        let raw = copy.as_raw_fd();
        fds.push(copy);
        Ok(raw)
    };
    let lease = match &entry.object {
        Object::Event(event) => Some(('e', event.lease())),
        Object::Mutex(mutex) => Some(('m', mutex.lease())),
        Object::Semaphore(semaphore) => Some(('n', semaphore.lease())),
        Object::Timer(timer) => Some(('t', timer.timer.lease())),
        _ => None,
    };
    if let Some((kind, lease)) = lease {
        let Lease { memory, place } = lease?;
        let line =
            format!("{number:x}:{kind}:{:x}:0:{},{place};", entry.access, memory.as_raw_fd());
        fds.push(memory);
        return Ok(Some(line));
    }
    let (kind, overlapped, argument) = match &entry.object {
        Object::Pipe(pipe) => {
            let (kind, inheritable) = match pipe.end() {
                End::Server(end) => ('s', end.inherit()),
                End::Client(end) => ('c', end.inherit()),
                End::Reader(end) => ('r', end.inherit()),
                End::Writer(end) => ('w', end.inherit()),
            };
            let Ok(inheritable) = inheritable else { return Ok(None) };
            inheritable.pass_to(command, &token_key(number))?;
            (kind, pipe.overlapped, String::new())
        }
        Object::File(file) => ('f', file.overlapped, copy(file.as_fd())?.to_string()),
        Object::Process(process) => {
            ('p', false, format!("{},{}", copy(process.as_fd())?, process.pid))
        }
        _ => return Ok(None),
    };
    let flags = u32::from(overlapped);
    Ok(Some(format!("{number:x}:{kind}:{:x}:{flags}:{argument};", entry.access)))
}

fn token_key(number: usize) -> String {
    format!("NTPIPE_HANDLE_{number:x}")
}

/// Takes what the parent left, before the first handle of this process is made or looked for in vain;
/// whether that was now.
pub fn adopt() -> bool {
    static ONCE: Once = Once::new();
    let mut now = false;
    ONCE.call_once(|| {
        now = true;
        let list = std::env::var(LIST).unwrap_or_default();
        for line in list.split_terminator(';') {
            // Believes nothing: a line that is none is passed over, and so is one whose descriptors are
            // not there.
            if let Some((handle, entry)) = take(line) {
                let _ = handle::insert_at(handle, entry.inherited(true));
            }
        }
    });
    now
}

fn take(line: &str) -> Option<(HANDLE, Entry)> {
    let mut parts = line.splitn(5, ':');
    let number = usize::from_str_radix(parts.next()?, 16).ok()?;
    let kind = parts.next()?;
    let access = u32::from_str_radix(parts.next()?, 16).ok()?;
    let overlapped = parts.next()? == "1";
    let argument = parts.next()?;
    let descriptor = |text: &str| handover::take(text.parse().ok()?).ok();
    let token = || std::env::var(token_key(number)).ok();
    let pipe = |end| Some(Object::Pipe(Arc::new(PipeObject::new(end, overlapped).ok()?)));
    let object = match kind {
        "s" => pipe(End::Server(NamedPipeServer::from_inherited(&token()?).ok()?)),
        "c" => pipe(End::Client(NamedPipeClient::from_inherited(&token()?).ok()?)),
        "r" => pipe(End::Reader(PipeReader::from_inherited(&token()?).ok()?)),
        "w" => pipe(End::Writer(PipeWriter::from_inherited(&token()?).ok()?)),
        "f" => {
            let file = FileObject::new(descriptor(argument)?, overlapped).ok()?;
            Some(Object::File(Arc::new(file)))
        }
        "e" => shared(argument, Object::Event),
        "m" => shared(argument, Object::Mutex),
        "n" => shared(argument, Object::Semaphore),
        "t" => shared(argument, |timer: Timer| Object::Timer(TimerObject::new(timer))),
        "p" => {
            let (fd, pid) = argument.split_once(',')?;
            let process = ProcessObject::inherited(descriptor(fd)?, pid.parse().ok()?);
            Some(Object::Process(Arc::new(process)))
        }
        "0" | "1" | "2" => {
            let stream = kind.parse().ok()?;
            let file = FileObject::of_stream(stream).ok()?;
            let handle = std::ptr::without_provenance_mut(number);
            crate::processenv::set_stream(stream, handle);
            Some(Object::File(Arc::new(file)))
        }
        _ => None,
    }?;
    Some((std::ptr::without_provenance_mut(number), Entry::new(object, access)))
}

fn shared<T: Shareable>(argument: &str, object: impl FnOnce(T) -> Object) -> Option<Object> {
    let (fd, place) = argument.split_once(',')?;
    let memory = handover::take(fd.parse().ok()?).ok()?;
    T::adopt(memory, place).ok().map(object)
}

#[cfg(test)]
mod tests;
