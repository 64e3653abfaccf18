//! The handles that a child gets: what its parent tells it in the environment, and how it takes them.
//!
//! ```text
//! NTPIPE_HANDLES   <number>:<kind>:<access>:<flags>:<descriptor>,...;...   numbers in hexadecimal
//! NTPIPE_HANDLE_<number>   the text of what this handle stands for, if it has one
//! NTPIPE_CHANNEL   how more handles come later: see `channel.rs`
//!
//! kind   what it is
//! a letter   an object in the form of `inherit/form.rs`
//! 0 1 2      the standard stream that this handle is
//! ```
//!
//! A handle has the same number in the child. A program that knows nothing of all this inherits the
//! descriptors and holds them until it ends, as on Windows.

pub(crate) mod form;

use std::collections::HashSet;
use std::fmt::Write;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::sync::Arc;

use ntpipe::ErrorKind;
use ntpipe_shm::generation::Once;
use ntpipe_shm::handover;

use crate::channel::{self, Opening};
use crate::failure::Result;
use crate::handle::{self, Entry};
use crate::object::{FileObject, Object};
use crate::types::{HANDLE, access};
use form::{Form, Head};

const LIST: &str = "NTPIPE_HANDLES";
const TEXT: &str = "NTPIPE_HANDLE_";

/// Leaves all inheritable handles to the program that `command` starts, or those of them that are in
/// `only`, if it inherits any, tells it which of them are its standard streams, and opens a way for more.
///
/// # Errors
/// `ERROR_TOO_MANY_OPEN_FILES`.
pub fn leave(
    command: &mut Command,
    inherits: bool,
    only: Option<&[HANDLE]>,
    streams: [Option<HANDLE>; 3],
) -> Result<Opening> {
    for (key, _) in std::env::vars_os() {
        if key
            .to_str()
            .is_some_and(|key| [LIST, channel::KEY].contains(&key) || key.starts_with(TEXT))
        {
            command.env_remove(key);
        }
    }
    let mut list = String::new();
    let mut told = HashSet::new();
    for (stream, handle) in streams.iter().enumerate() {
        if let Some(handle) = handle.filter(|handle| told.insert(handle.addr())) {
            let _ = write!(list, "{:x}:{stream}:{:x}:2:;", handle.addr(), access::FILE_ALL_ACCESS);
        }
    }
    let mut fds = Vec::new();
    for (handle, entry) in handle::inheritable() {
        let wanted = inherits && only.is_none_or(|only| only.contains(&handle));
        if !wanted || !told.insert(handle.addr()) {
            continue;
        }
        let form = match Form::of(&entry.object) {
            Ok(form) => form,
            Err(failure) if failure == ErrorKind::TooManyOpenFiles.into() => return Err(failure),
            // One that the child cannot have: an end that waits for a client, a pipe that has become a
            // stream, a thread.
            Err(_) => continue,
        };
        let numbers: Vec<_> = form.fds.iter().map(|fd| fd.as_raw_fd().to_string()).collect();
        let _ = write!(list, "{}:{};", Head::of(handle, &entry, &form), numbers.join(","));
        if !form.text.is_empty() {
            command.env(text_key(handle), form.text);
        }
        fds.extend(form.fds);
    }
    handover::leave_to(command, fds);
    if !list.is_empty() {
        command.env(LIST, list);
    }
    channel::open(command, told.into_iter().map(std::ptr::without_provenance_mut))
}

fn text_key(handle: HANDLE) -> String {
    format!("{TEXT}{:x}", handle.addr())
}

/// Takes what the parent left, before the first handle of this process is made or looked for in vain;
/// whether that was now.
pub fn adopt() -> bool {
    static ONCE: Once = Once::new();
    // Can be done again: what was taken is not there any more.
    ONCE.call(|| {
        channel::adopt();
        let list = std::env::var(LIST).unwrap_or_default();
        for line in list.split_terminator(';') {
            // Believes nothing: a line that is none is passed over, and so is one whose descriptors are
            // not there.
            if let Some((handle, entry)) = take(line) {
                let _ = handle::insert_at(handle, entry);
            }
        }
    })
}

fn take(line: &str) -> Option<(HANDLE, Entry)> {
    let (head, numbers) = Head::parse(line)?;
    let handle = head.handle;
    let object = if let Some(stream) = head.kind.to_digit(10).filter(|stream| *stream <= 2) {
        let stream = stream as usize;
        let file = FileObject::of_stream(stream).ok()?;
        crate::processenv::set_stream(stream, handle);
        Object::File(Arc::new(file))
    } else {
        let fds = numbers.split_terminator(',');
        let fds = fds.map(|number| handover::take(number.parse().ok()?).ok());
        let text = std::env::var(text_key(handle)).unwrap_or_default();
        head.form(text, fds.collect::<Option<_>>()?).object()?
    };
    Some((handle, head.entry(object)))
}

#[cfg(test)]
pub(crate) mod tests;
