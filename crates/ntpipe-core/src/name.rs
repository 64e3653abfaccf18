//! The name of a pipe: its spellings, its comparison, and the file name it gets in the namespace.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// What stands before the name when Windows spells it whole.
const PREFIX: &str = r"\\.\pipe\";

/// The longest whole name, prefix included, in UTF-16 units.
//= learn: CreateNamedPipe, lpName
const MAX_WHOLE: usize = 256;

/// The longest directory name that [`PipeName::directory`] gives.
const MAX_DIRECTORY: usize = 200;

/// The name of a pipe, without its prefix.
///
/// These are one pipe: `x`, `\\.\pipe\x`, `\\?\pipe\X`, `//./pipe/x`, `npipe:////./pipe/x`.
/// Names compare without regard to case, and `/` equals `\`, as Windows normalises such paths.
/// A `\` at the end belongs to the name.
#[derive(Clone)]
pub struct PipeName {
    given: String,
    folded: String,
}

impl PipeName {
    /// Reads any spelling of a pipe's name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`] when it is empty or not a pipe's; [`ErrorKind::PathNotFound`] when
    /// it is of another computer;
    /// [`ErrorKind::FilenameTooLong`] when it exceeds 256 characters with its prefix.
    pub fn new(spelling: &str) -> Result<Self> {
        Self::parse(spelling).map_err(|error| error.on(spelling.escape_debug()))
    }

    fn parse(spelling: &str) -> Result<Self> {
        let given = strip_prefix(spelling)?;
        if given.is_empty() {
            return Err(invalid("a pipe needs a name"));
        }
        if given.contains('\0') {
            return Err(invalid("a NUL cannot be part of a name"));
        }
        if PREFIX.len() + given.encode_utf16().count() > MAX_WHOLE {
            return Err(Error::new(ErrorKind::FilenameTooLong));
        }
        let folded = given.chars().map(fold).collect();
        Ok(Self { given: given.to_owned(), folded })
    }

    /// The name as it was given, without a prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.given
    }

    /// The file name of this pipe's directory: of at most 200 bytes, one for each distinct name.
    ///
    /// Lower-case letters, digits and `._-` stand for themselves, all else as `%xx`. A longer one
    /// keeps its beginning and ends in `%h` and a hash of the whole.
    #[must_use]
    pub fn directory(&self) -> String {
        let mut out = String::new();
        for (at, byte) in self.folded.bytes().enumerate() {
            match byte.to_ascii_lowercase() {
                b'.' if at == 0 => out.push_str("%2e"),
                plain @ (b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-') => {
                    out.push(char::from(plain));
                }
                _ => out.push_str(&format!("%{byte:02x}")),
            }
        }
        if out.len() > MAX_DIRECTORY {
            let hash = self.hash();
            out.truncate(MAX_DIRECTORY - 34);
            out.push_str(&format!("%h{hash:032x}"));
        }
        out
    }
}

impl PipeName {
    /// The same for all spellings of a name, in every build.
    pub(crate) fn hash(&self) -> u128 {
        fnv1a_128(self.folded.as_bytes())
    }
}

/// Takes the prefix off; gives the bare name.
fn strip_prefix(spelling: &str) -> Result<&str> {
    let path = match spelling.get(..6) {
        Some(scheme) if scheme.eq_ignore_ascii_case("npipe:") => &spelling[6..],
        _ => spelling,
    };
    let slash = |c| c == '\\' || c == '/';
    // `npipe:////./pipe/x` has two slashes of its own before those of the path.
    let path = if path.len() < spelling.len() && path.starts_with("////") {
        &path[2..]
    } else if path.len() < spelling.len() && !path.starts_with(r"\\") {
        return Err(invalid(r"a npipe address reads npipe:////./pipe/name"));
    } else {
        path
    };
    let Some(rest) = path.strip_prefix(r"\\").or_else(|| path.strip_prefix("//")) else {
        return Ok(path);
    };
    let mut parts = rest.splitn(3, slash);
    let host = parts.next().unwrap_or_default();
    let device = parts.next().unwrap_or_default();
    if !device.eq_ignore_ascii_case("pipe") {
        return Err(invalid(r"a pipe's path reads \\.\pipe\name"));
    }
    if host != "." && host != "?" {
        //= observed: the server part of the name is not `.`
        return Err(Error::new(ErrorKind::PathNotFound)
            .because("pipes of other computers are not reached from here yet"));
    }
    Ok(parts.next().unwrap_or_default())
}

/// Windows compares names by one upper-case character for each character, none of them ASCII
/// unless it was so before.
fn fold(c: char) -> char {
    if c == '/' {
        return '\\';
    }
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) if c.is_ascii() || !one.is_ascii() => one,
        _ => c,
    }
}

/// FNV-1a of 128 bits: stable across builds and machines, which `DefaultHasher` does not promise.
pub(crate) fn fnv1a_128(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, &byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

fn invalid(why: &str) -> Error {
    Error::new(ErrorKind::InvalidName).because(why)
}

impl PartialEq for PipeName {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for PipeName {}

impl Hash for PipeName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl fmt::Display for PipeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.given)
    }
}

impl fmt::Debug for PipeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PipeName {
    type Err = Error;

    fn from_str(spelling: &str) -> Result<Self> {
        Self::new(spelling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(spelling: &str) -> PipeName {
        PipeName::new(spelling).unwrap()
    }

    fn kind(spelling: &str) -> ErrorKind {
        PipeName::new(spelling).unwrap_err().kind()
    }

    #[test]
    fn every_spelling_is_the_same_pipe() {
        for spelling in [
            "x1",
            r"\\.\pipe\x1",
            r"\\.\PIPE\X1",
            r"\\?\pipe\x1",
            "//./pipe/x1",
            "npipe:////./pipe/x1",
            r"NPIPE:\\.\pipe\x1",
        ] {
            assert_eq!(name(spelling), name("X1"), "{spelling}");
        }
        assert_eq!(name("X1").to_string(), r"\\.\pipe\X1");
        assert_eq!(name(r"\\.\pipe\X1").as_str(), "X1");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for spelling in ["", r"\\.\pipe\", r"\\.\pipe", r"\\.\mail\x", "a\0b", "npipe:x"] {
            assert_eq!(kind(spelling), ErrorKind::InvalidName, "{spelling}");
        }
        assert_eq!(kind(r"\\host\pipe\x"), ErrorKind::PathNotFound);
    }

    #[test]
    fn the_whole_name_has_at_most_256_characters() {
        assert!(PipeName::new(&"n".repeat(247)).is_ok());
        assert!(PipeName::new(&format!("{PREFIX}{}", "ä".repeat(247))).is_ok());
        assert_eq!(kind(&"n".repeat(248)), ErrorKind::FilenameTooLong);
    }

    #[test]
    fn odd_characters_and_a_trailing_backslash_belong_to_the_name() {
        assert_eq!(name(r#"\\.\pipe\<>*?|":/b"#).as_str(), r#"<>*?|":/b"#);
        assert_ne!(name(r"a\"), name("a"));
        assert_eq!(name(r"\\.\pipe\a\b").as_str(), r"a\b");
        assert_eq!(name("//./pipe/a/b"), name(r"a\b"));
    }

    #[test]
    fn directories_are_plain_file_names() {
        assert_eq!(name("Build.Events-1_x").directory(), "build.events-1_x");
        assert_eq!(name(".").directory(), "%2e");
        assert_eq!(name("a%b").directory(), "a%25b");
        assert_eq!(name(r"a\b").directory(), "a%5cb");
        assert_eq!(name("Ä").directory(), name("ä").directory());
        assert_ne!(name("ß").directory(), name("ss").directory());
    }

    #[test]
    fn directories_are_equal_exactly_when_names_are() {
        let letters = ["a", "A", ".", "%", "\\", "/", "ä", "Ä", "h", "2e", "\u{1d400}", "ſ", "s"];
        let mut seed = 7u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            usize::try_from(seed >> 16).unwrap()
        };
        let mut word = || -> String {
            let len = if next() % 8 == 0 { 60 + next() % 40 } else { 1 + next() % 3 };
            (0..len).map(|_| letters[next() % letters.len()]).collect()
        };
        let names: Vec<_> = (0..400).filter_map(|_| PipeName::new(&word()).ok()).collect();
        for a in &names {
            assert!(a.directory().len() <= MAX_DIRECTORY && !a.directory().contains('/'));
            for b in &names {
                assert_eq!(a == b, a.directory() == b.directory(), "{a} {b}");
            }
        }
    }
}
