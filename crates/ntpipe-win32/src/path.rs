//! What a path of a program names: a pipe, the directory of all pipes, the console, or a file.

use std::io;
use std::path::Path;

use ntpipe::ErrorKind;

use crate::failure::Result;

/// The caller's path.
///
/// # Errors
/// `ERROR_PATH_NOT_FOUND` for none, or an empty one.
pub fn given(path: Option<String>) -> Result<String> {
    path.filter(|path| !path.is_empty()).ok_or_else(|| ErrorKind::PathNotFound.into())
}

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A pipe, spelled as `\\.\pipe\name` or on another computer.
    Pipe(String),
    /// `\\.\pipe\`: all of them, listed by the directory (`root`) on their device.
    Pipes {
        /// Whether the name ends with a backslash.
        root: bool,
    },
    /// `CONIN$`: what the terminal says.
    ConsoleInput,
    /// `CONOUT$`: what the terminal shows.
    ConsoleOutput,
    /// `NUL`.
    Null,
    /// A file, by its path here.
    File(String),
}

impl Target {
    /// What this path names.
    #[must_use]
    pub fn of(path: &str) -> Self {
        if let Some((host, rest)) = device(path) {
            let rest = rest.replace('/', r"\");
            let pipe = rest.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("pipe"));
            match (pipe, rest.as_bytes().get(4)) {
                (true, None) => return Self::Pipes { root: false },
                (true, Some(b'\\')) if rest.len() == 5 => return Self::Pipes { root: true },
                (true, Some(b'\\')) => return Self::Pipe(format!(r"\\{host}\{rest}")),
                _ => {}
            }
        }
        match () {
            () if path.eq_ignore_ascii_case("CONIN$") => Self::ConsoleInput,
            () if path.eq_ignore_ascii_case("CONOUT$") => Self::ConsoleOutput,
            () if path.eq_ignore_ascii_case("NUL") => Self::Null,
            () => Self::File(file(path)),
        }
    }

    /// The pipe that this path names.
    ///
    /// # Errors
    /// `ERROR_INVALID_NAME` for anything else.
    pub fn pipe(path: &str) -> Result<String> {
        match Self::of(path) {
            Self::Pipe(name) => Ok(name),
            _ => Err(ErrorKind::InvalidName.into()),
        }
    }
}

/// Host and rest of `\\host\rest`.
fn device(path: &str) -> Option<(&str, &str)> {
    let slash = |c: char| c == '\\' || c == '/';
    let rest = path.strip_prefix(slash)?.strip_prefix(slash)?;
    let end = rest.find(slash)?;
    Some((&rest[..end], &rest[end + 1..]))
}

/// A file's path here: without a drive, with the slashes of this system.
#[must_use]
pub fn file(path: &str) -> String {
    let path = path.strip_prefix(r"\\?\").or_else(|| path.strip_prefix(r"\\.\")).unwrap_or(path);
    let bytes = path.as_bytes();
    let path = match bytes {
        [drive, b':', ..] if drive.is_ascii_alphabetic() => &path[2..],
        _ => path,
    };
    path.replace('\\', "/")
}

/// What was asked of a file's path here. Windows tells apart whether the file is not there or its directory.
///
/// # Errors
/// `ERROR_PATH_NOT_FOUND` if there is no such directory, and what the system says.
pub fn found<T>(path: &str, result: io::Result<T>) -> Result<T> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::NotADirectory => ErrorKind::PathNotFound.into(),
        io::ErrorKind::NotFound if !has_directory(path) => ErrorKind::PathNotFound.into(),
        _ => error.into(),
    })
}

fn has_directory(path: &str) -> bool {
    let parent = Path::new(path).parent();
    parent.is_none_or(|parent| parent.as_os_str().is_empty() || parent.is_dir())
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn each_spelling_names_its_thing() {
        let pipe = |name: &str| Target::Pipe(name.to_owned());
        let file = |path: &str| Target::File(path.to_owned());
        for (path, target) in [
            (r"\\.\pipe\x", pipe(r"\\.\pipe\x")),
            ("//./PIPE/x/y", pipe(r"\\.\PIPE\x\y")),
            (r"\\?\pipe\x", pipe(r"\\?\pipe\x")),
            (r"\\host\pipe\x", pipe(r"\\host\pipe\x")),
            (r"\\.\pipe\", Target::Pipes { root: true }),
            (r"\\.\pipe", Target::Pipes { root: false }),
            ("conin$", Target::ConsoleInput),
            ("nul", Target::Null),
            (r"C:\dir\a.txt", file("/dir/a.txt")),
            (r"..\a.txt", file("../a.txt")),
            (r"\\.\pipes\x", file("pipes/x")),
        ] {
            assert_eq!(Target::of(path), target, "{path}");
        }
    }
}
