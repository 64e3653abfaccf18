//! `NtQueryDirectoryFile`: the entries of the directory of pipes, and of plain ones.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::sync::{Mutex, PoisonError};

use ntpipe::{ErrorKind, Recv};

use super::answer::Answer;
use super::name;
use super::transfer::{Completion, not_a_file, told};
use super::types::{IO_STATUS_BLOCK, NTSTATUS, UNICODE_STRING};
use crate::boundary::{bytes_mut, status};
use crate::failure::{Failure, Result};
use crate::handle;
use crate::object::scan::Listed;
use crate::object::{Object, Scan};
use crate::overlapped::ApcRoutine;
use crate::types::HANDLE;

const DIRECTORY: u32 = 1;
const FULL: u32 = 2;
const BOTH: u32 = 3;
const NAMES: u32 = 12;
const ID_BOTH: u32 = 37;
const ID_FULL: u32 = 38;

/// `NtQueryDirectoryFile`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtQueryDirectoryFile(
    file: HANDLE,
    event: HANDLE,
    routine: Option<ApcRoutine>,
    context: *mut c_void,
    block: *mut IO_STATUS_BLOCK,
    information: *mut c_void,
    len: u32,
    class: u32,
    single: u8,
    pattern: *const UNICODE_STRING,
    restart: u8,
) -> NTSTATUS {
    status(|| {
        let object = handle::get(file)?.object;
        // SAFETY: null or valid with its buffer, by the caller's promise.
        let pattern = unsafe { name::string(pattern) };
        // SAFETY: as long as the operation goes on, by the caller's promise.
        let place = unsafe { Completion { event, routine, context, block }.place(0) }?;
        let restart = restart != 0;
        let io = object.io().map_err(|_| Failure::TYPE_MISMATCH)?;
        told(io.at_once(place, || {
            // SAFETY: null or valid for `len` bytes, by the caller's promise.
            let into = unsafe { bytes_mut(information.cast(), len) };
            match &object {
                //= model: only the directory lists anything
                Object::Pipes(pipes) if pipes.is_root => {
                    let begin = || Scan::of_pipes(&pattern);
                    next(&pipes.scan, restart, begin, class, single != 0, into)
                }
                Object::File(file) if file.path()?.is_dir() => {
                    let begin = || Scan::of_directory(&file.path()?, &pattern);
                    next(&file.scan, restart, begin, class, single != 0, into)
                }
                other => Err(match not_a_file(other) {
                    Failure::TYPE_MISMATCH => ErrorKind::InvalidParameter.into(),
                    failure => failure,
                }),
            }
        }))
    })
}

/// Where an entry's structure has its name, and the structure before that.
fn head(listed: &Listed, class: u32) -> Result<Answer> {
    let name_bytes = u32::try_from(listed.name.encode_utf16().count() * 2).unwrap_or(u32::MAX);
    let begin = Answer::new().u32(0).u32(0);
    if class == NAMES {
        return Ok(begin.u32(name_bytes));
    }
    let times = listed.times.iter().fold(begin, |answer, time| answer.u64(*time));
    let facts =
        times.u64(listed.size).u64(listed.allocation).u32(listed.attributes).u32(name_bytes);
    Ok(match class {
        DIRECTORY => facts,
        FULL => facts.u32(0),
        ID_FULL => facts.u32(0).padded(72).u64(listed.id),
        // A short name there is not.
        BOTH => facts.u32(0).padded(94),
        ID_BOTH => facts.u32(0).padded(96).u64(listed.id),
        _ => return Err(Failure::INVALID_INFO_CLASS),
    })
}

/// Puts the next entries into a buffer; one whose name is cut off is the last, with a warning.
fn next(
    scan: &Mutex<Option<Scan>>,
    restart: bool,
    begin: impl FnOnce() -> Result<Scan>,
    class: u32,
    single: bool,
    into: &mut [u8],
) -> Result<Recv> {
    let mut scan = scan.lock().unwrap_or_else(PoisonError::into_inner);
    let mut fresh = match scan.take() {
        //= learn: NtQueryDirectoryFile: the pattern of the first call counts
        Some(scan) if !restart => scan,
        _ => begin()?,
    };
    let first = !std::mem::replace(&mut fresh.begun, true);
    let fresh = scan.insert(fresh);
    let none = if first { Failure::NO_SUCH_FILE } else { Failure::NO_MORE_FILES };
    let mut filled = 0;
    let mut last = None;
    while let Some(listed) = fresh.peek() {
        let entry = head(listed, class)?;
        let (least, entry) = (entry.len(), entry.text(&listed.name));
        let at = usize::next_multiple_of(filled, 8);
        let room = into.len().saturating_sub(at);
        if last.is_none() && room < least {
            return Err(Failure::BAD_LENGTH);
        }
        if room < entry.len() && last.is_some() {
            break;
        }
        let len = entry.len().min(room);
        into[at..at + len].copy_from_slice(&entry.as_bytes()[..len]);
        if let Some(last) = last {
            let step = u32::try_from(at - last).unwrap_or_default();
            into[last..last + 4].copy_from_slice(&step.to_le_bytes());
        }
        (last, filled) = (Some(at), at + len);
        let cut = len < entry.len();
        fresh.take_next();
        if cut {
            return Ok(Recv { len: filled, more: true });
        }
        if single {
            break;
        }
    }
    if last.is_none() { Err(none) } else { Ok(Recv { len: filled, more: false }) }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::{DIRECTORY, NAMES, next};
    use crate::object::Scan;

    fn scan() -> crate::failure::Result<Scan> {
        let dir = std::env::temp_dir().join(format!("ntpipe-scan-{}", std::process::id()));
        let _ = std::fs::create_dir(&dir);
        for name in ["a-longer-name", "b"] {
            std::fs::write(dir.join(name), "x")?;
        }
        Scan::of_directory(&dir, "*")
    }

    fn name_at(buffer: &[u8], at: usize, head: usize) -> String {
        let len = u32::from_le_bytes(buffer[at + head - 4..at + head].try_into().expect("4"));
        let bytes = &buffer[at + head..at + head + len as usize];
        let units: Vec<u16> = bytes.as_chunks().0.iter().copied().map(u16::from_le_bytes).collect();
        String::from_utf16_lossy(&units)
    }

    #[test]
    fn entries_stand_one_behind_the_other() {
        let place = Mutex::default();
        let mut buffer = [0xEE; 600];
        let got = next(&place, false, scan, NAMES, false, &mut buffer).expect("listed");
        let mut names = Vec::new();
        let mut at = 0;
        loop {
            names.push(name_at(&buffer, at, 12));
            let step = u32::from_le_bytes(buffer[at..at + 4].try_into().expect("4"));
            if step == 0 {
                break;
            }
            assert_eq!(step % 8, 0);
            at += step as usize;
        }
        assert_eq!(names, [".", "..", "a-longer-name", "b"]);
        assert!(!got.more && got.len > at);
        let end = next(&place, false, scan, NAMES, false, &mut buffer);
        assert_eq!(end.err().map(|failure| failure.nt), Some(0x8000_0006));
        assert!(next(&place, true, scan, NAMES, true, &mut buffer).is_ok());
        assert_eq!(name_at(&buffer, 0, 12), ".");
    }

    #[test]
    fn a_name_that_does_not_fit_is_cut_off_and_told() {
        let place = Mutex::default();
        let mut buffer = [0; 64];
        for _ in 0..2 {
            next(&place, false, scan, NAMES, true, &mut buffer).expect("listed");
        }
        let got = next(&place, false, scan, NAMES, false, &mut buffer[..20]).expect("a part");
        assert!(got.more && got.len == 20);
        let short = next(&place, false, scan, DIRECTORY, false, &mut buffer[..60]);
        assert_eq!(short.err().map(|failure| failure.nt), Some(0xC000_0004));
    }

    #[test]
    fn nothing_that_matches_is_told_differently_the_first_time() {
        let place = Mutex::default();
        let none = || Scan::of_directory(&std::env::temp_dir(), "no-such-name-at-all");
        let mut buffer = [0; 64];
        let mut ask = || {
            let end = next(&place, false, none, NAMES, false, &mut buffer);
            end.err().map(|failure| failure.nt)
        };
        assert_eq!((ask(), ask()), (Some(0xC000_000F), Some(0x8000_0006)));
    }
}
