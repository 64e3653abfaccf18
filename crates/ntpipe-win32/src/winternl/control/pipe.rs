//! The codes of a pipe's ends.

use ntpipe::{ErrorKind, PipeEnd, PipeMode, Recv, State};

use super::filled;
use crate::failure::{Failure, Result};
use crate::namedpipeapi::{process_id, session_id};
use crate::object::PipeObject;
use crate::object::io::Begun;
use crate::overlapped::{Input, Output, Place};
use crate::winternl::answer::Answer;
use crate::winternl::transfer::run;
use crate::winternl::{Operation, refine};

/// What stands before the data that a peek shows.
const PEEK_HEAD: usize = 16;

/// The number of a state, `FILE_PIPE_*_STATE`.
pub(in crate::winternl) fn number_of(state: State) -> u32 {
    match state {
        State::Disconnected => 1,
        State::Listening => 2,
        State::Connected => 3,
        State::Closing => 4,
    }
}

pub(super) fn listen(pipe: &PipeObject, place: Place) -> Begun {
    let begun = run(pipe, place, |place| pipe.connect(place));
    begun.map_err(|failure| refine(Operation::Serve, failure))
}

pub(super) fn transact(pipe: &PipeObject, request: Input, reply: Output, place: Place) -> Begun {
    let begun = run(pipe, place, |place| pipe.transact(request, reply, place));
    begun.map_err(|failure| {
        let by_bytes = pipe.pipe().state().is_ok_and(|state| state.read_mode == PipeMode::Byte);
        let connected = pipe.pipe().local().is_ok_and(|now| now.state == State::Connected);
        if failure == ErrorKind::BadPipe.into() && by_bytes && connected {
            return Failure::INVALID_READ_MODE;
        }
        refine(Operation::Transact, failure)
    })
}

/// The codes that never wait, and `FSCTL_PIPE_FLUSH`, which waits in its call.
pub(super) fn at_once<'a>(
    pipe: &PipeObject,
    code: u32,
    input: &[u8],
    output: impl FnOnce() -> &'a mut [u8],
) -> Result<Recv> {
    match code {
        super::FSCTL_PIPE_DISCONNECT => {
            let done = pipe.disconnect().map(|()| filled(0));
            done.map_err(|failure| refine(Operation::Serve, failure))
        }
        super::FSCTL_PIPE_PEEK => peek(pipe, output()),
        super::FSCTL_PIPE_FLUSH => Ok(pipe.pipe().flush().map(|()| filled(0))?),
        super::FSCTL_PIPE_QUERY_CLIENT_PROCESS => {
            let client = process_id(pipe.pipe(), PipeEnd::Client)?;
            give(&Answer::new().u64(0).u64(client.into()), output())
        }
        super::FSCTL_PIPE_GET_PIPE_ATTRIBUTE => {
            let value = match name_of(input).0 {
                b"ServerProcessId" => process_id(pipe.pipe(), PipeEnd::Server)?,
                b"ServerSessionId" => session_id(pipe.pipe(), PipeEnd::Server)?,
                _ => return Err(ErrorKind::ElementNotFound.into()),
            };
            give(&Answer::new().u32(value), output())
        }
        super::FSCTL_PIPE_GET_CONNECTION_ATTRIBUTE => {
            let value = match name_of(input).0 {
                b"ClientProcessId" => process_id(pipe.pipe(), PipeEnd::Client)?,
                b"ClientSessionId" => session_id(pipe.pipe(), PipeEnd::Client)?,
                // Also the client's computer, which is this one.
                _ => return Err(ErrorKind::ElementNotFound.into()),
            };
            give(&Answer::new().u32(value), output())
        }
        super::FSCTL_PIPE_GET_HANDLE_ATTRIBUTE => {
            let attributes = attributes(pipe);
            let name = String::from_utf8_lossy(name_of(input).0);
            let value = attributes.get(name.as_ref()).ok_or(ErrorKind::ElementNotFound)?;
            give(&Answer::new().bytes(value), output())
        }
        super::FSCTL_PIPE_SET_HANDLE_ATTRIBUTE => {
            let (name, value) = name_of(input);
            if name.is_empty() {
                return Err(ErrorKind::InvalidParameter.into());
            }
            let name = String::from_utf8_lossy(name).into_owned();
            attributes(pipe).insert(name, value.to_vec());
            Ok(filled(0))
        }
        // What is told of a client comes from the system; a program cannot make it up.
        super::FSCTL_PIPE_SET_CLIENT_PROCESS
        | super::FSCTL_PIPE_SET_PIPE_ATTRIBUTE
        | super::FSCTL_PIPE_SET_CONNECTION_ATTRIBUTE => Err(ErrorKind::AccessDenied.into()),
        //= observed: FSCTL_PIPE_WAIT on an end
        super::FSCTL_PIPE_WAIT => Err(Failure::ILLEGAL_FUNCTION),
        // For drivers.
        super::FSCTL_PIPE_INTERNAL_READ
        | super::FSCTL_PIPE_INTERNAL_WRITE
        | super::FSCTL_PIPE_INTERNAL_TRANSCEIVE
        | super::FSCTL_PIPE_INTERNAL_READ_OVFLOW => Err(Failure::INVALID_DEVICE_REQUEST),
        // Also the events of OS/2, `FSCTL_PIPE_ASSIGN_EVENT` and `FSCTL_PIPE_QUERY_EVENT`.
        _ => Err(ErrorKind::NotSupported.into()),
    }
}

fn attributes(
    pipe: &PipeObject,
) -> std::sync::MutexGuard<'_, std::collections::BTreeMap<String, Vec<u8>>> {
    pipe.native.attributes.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The name of an attribute, which a zero ends, and what follows it.
fn name_of(input: &[u8]) -> (&[u8], &[u8]) {
    match input.iter().position(|byte| *byte == 0) {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (input, &[]),
    }
}

fn give(answer: &Answer, output: &mut [u8]) -> Result<Recv> {
    if output.len() < answer.len() {
        return Err(ErrorKind::InsufficientBuffer.into());
    }
    output[..answer.len()].copy_from_slice(answer.as_bytes());
    Ok(filled(answer.len()))
}

fn peek(pipe: &PipeObject, output: &mut [u8]) -> Result<Recv> {
    let Some((head, data)) = output.split_at_mut_checked(PEEK_HEAD) else {
        return Err(ErrorKind::InvalidParameter.into());
    };
    let end = pipe.pipe();
    let seen = end.peek(data)?;
    let by_message =
        end.info().map_or(seen.message_left != 0, |info| info.mode == PipeMode::Message);
    let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let first = if by_message { number(seen.len as u64 + seen.message_left) } else { 0 };
    let answer = Answer::new()
        .u32(number_of(end.local()?.state))
        .u32(number(seen.available))
        .u32(if by_message { number(seen.messages) } else { 0 })
        .u32(first);
    head.copy_from_slice(answer.as_bytes());
    Ok(Recv { len: PEEK_HEAD + seen.len, more: by_message && seen.message_left != 0 })
}
