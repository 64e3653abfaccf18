//! The name of an event, a mutex, a semaphore or a timer: its spellings, and the file it gets.

use std::fmt::Write;

use crate::error::{Error, ErrorKind, Result};
use crate::name::fnv1a_128;

/// The longest name, in UTF-16 units.
//= learn: CreateEventW, lpName
const LONGEST: usize = 260;
/// The longest file name that [`ObjectName::file`] gives.
const LONGEST_FILE: usize = 200;

/// The name of an object that is waited for, without the name of its session.
///
/// `x`, `Local\x` and `Global\x` are one object: a user has one session here. Names compare with regard to
/// case, unlike those of pipes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectName(String);

impl ObjectName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`] for an empty one or one with a NUL; [`ErrorKind::PathNotFound`] when it
    /// names a directory that is not there; [`ErrorKind::FilenameTooLong`] beyond 260 characters.
    pub fn new(spelling: &str) -> Result<Self> {
        Self::parse(spelling).map_err(|error| error.on(spelling.escape_debug()))
    }

    fn parse(spelling: &str) -> Result<Self> {
        if spelling.encode_utf16().count() > LONGEST {
            return Err(ErrorKind::FilenameTooLong.into());
        }
        let name = match spelling.split_once('\\') {
            Some((session, name)) if is_session(session) => name,
            Some(_) => return Err(ErrorKind::PathNotFound.into()),
            None => spelling,
        };
        if name.contains('\\') {
            return Err(ErrorKind::PathNotFound.into());
        }
        if name.is_empty() || name.contains('\0') {
            let why = "it is empty, or has a NUL in it";
            return Err(Error::new(ErrorKind::InvalidName).because(why));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name of its file: of at most 200 bytes, one for each distinct name.
    ///
    /// Lower-case letters, digits and `._-` stand for themselves, all else as `%xx`. A longer one
    /// keeps its beginning and ends in `%h` and a hash of the whole.
    #[must_use]
    pub fn file(&self) -> String {
        let mut out = String::new();
        for (at, byte) in self.0.bytes().enumerate() {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => out.push(char::from(byte)),
                b'.' if at > 0 => out.push('.'),
                _ => {
                    let _ = write!(out, "%{byte:02x}");
                }
            }
        }
        if out.len() > LONGEST_FILE {
            let hash = fnv1a_128(self.0.as_bytes());
            out.truncate(LONGEST_FILE - 34);
            let _ = write!(out, "%h{hash:032x}");
        }
        out
    }
}

fn is_session(name: &str) -> bool {
    ["local", "global"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(spelling: &str) -> ErrorKind {
        ObjectName::new(spelling).unwrap_err().kind()
    }

    #[test]
    fn a_name_is_the_same_in_every_session_and_not_in_another_case() {
        let name = |spelling| ObjectName::new(spelling).unwrap();
        assert_eq!(name("ready"), name(r"Global\ready"));
        assert_eq!(name("ready"), name(r"local\ready"));
        assert_ne!(name("ready").file(), name("Ready").file());
        assert_eq!(name("../É").file(), "%2e.%2f%c3%89");
    }

    #[test]
    fn what_is_no_name_is_told_as_windows_does() {
        assert_eq!((kind(""), kind(r"Local\")), (ErrorKind::InvalidName, ErrorKind::InvalidName));
        assert_eq!(
            (kind(r"a\b"), kind(r"Local\a\b")),
            (ErrorKind::PathNotFound, ErrorKind::PathNotFound)
        );
        assert_eq!(kind(&"x".repeat(261)), ErrorKind::FilenameTooLong);
    }

    #[test]
    fn long_names_have_distinct_files_of_limited_length() {
        let file =
            |last: char| ObjectName::new(&format!("{}{last}", "É".repeat(200))).unwrap().file();
        assert!(file('a').len() == 200 && file('a') != file('b'));
    }
}
