//! What a name of the object manager names: a pipe, the device of all pipes, or a file.

use std::sync::atomic::{AtomicU32, Ordering};

use ntpipe::ErrorKind;

use super::types::{OBJ_INHERIT, OBJECT_ATTRIBUTES, UNICODE_STRING};
use crate::boundary::value;
use crate::failure::{Failure, Result};
use crate::object::Object;
use crate::path::{self, Target};
use crate::types::HANDLE;
use crate::{handle, text};

/// What a name names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A pipe, spelled as Win32 does.
    Pipe(String),
    /// `\Device\NamedPipe`.
    Device,
    /// `\Device\NamedPipe\`.
    Root,
    /// Nothing, relative to the root directory: a pipe without a name.
    Nameless,
    /// Nothing, relative to an end of a pipe: that pipe.
    Same(String),
    /// A file, by its path here.
    File(String),
}

/// What the caller's `OBJECT_ATTRIBUTES` say.
#[derive(Clone, Debug)]
pub struct Attributes {
    /// What they name.
    pub named: Named,
    /// Whether children inherit the handle.
    pub inherit: bool,
}

/// A counted string of the caller's; empty for null.
///
/// # Safety
/// `string` is null or valid, and its buffer valid for its length, while the call lasts.
#[must_use]
pub unsafe fn string(string: *const UNICODE_STRING) -> String {
    // SAFETY: the caller's promise.
    let Some(string) = (unsafe { value(string) }) else { return String::new() };
    // SAFETY: the caller's promise.
    unsafe { text::counted(string.Buffer, string.Length) }
}

/// What the attributes say.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` for a structure of another size, `STATUS_INVALID_HANDLE` for a directory that
/// is none, and what the name gives.
///
/// # Safety
/// `attributes` is null or valid with all that it points to, while the call lasts.
pub unsafe fn attributes(attributes: *const OBJECT_ATTRIBUTES) -> Result<Attributes> {
    // SAFETY: the caller's promise.
    let given = unsafe { value(attributes) }.ok_or(Failure::NO_ACCESS)?;
    if given.Length as usize != size_of::<OBJECT_ATTRIBUTES>() {
        return Err(ErrorKind::InvalidParameter.into());
    }
    // SAFETY: the caller's promise.
    let name = unsafe { string(given.ObjectName) };
    let named = match directory(given.RootDirectory)? {
        Some(directory) => relative(&directory, &name)?,
        None => absolute(&name)?,
    };
    Ok(Attributes { named, inherit: given.Attributes & OBJ_INHERIT != 0 })
}

fn directory(handle: HANDLE) -> Result<Option<Object>> {
    if handle.is_null() { Ok(None) } else { handle::get(handle).map(|entry| Some(entry.object)) }
}

fn relative(directory: &Object, name: &str) -> Result<Named> {
    let invalid = || Failure::from(ErrorKind::InvalidName);
    match directory {
        //= model: names below the root directory do not begin with a backslash
        Object::Pipes(pipes) if pipes.is_root => match name {
            "" => Ok(Named::Nameless),
            name if name.starts_with('\\') => Err(invalid()),
            name => Ok(pipe(name)),
        },
        Object::Pipes(_) => match name {
            "" => Ok(Named::Device),
            r"\" => Ok(Named::Root),
            _ => Err(invalid()),
        },
        Object::Pipe(end) if name.is_empty() => Ok(Named::Same(end.pipe().name().to_owned())),
        Object::Pipe(_) => Err(invalid()),
        Object::File(file) => {
            let below = path::file(name);
            Ok(Named::File(file.path()?.join(below).to_string_lossy().into_owned()))
        }
        _ => Err(Failure::TYPE_MISMATCH),
    }
}

fn pipe(name: &str) -> Named {
    Named::Pipe(format!(r"\\.\pipe\{name}"))
}

/// The rest of a name behind a prefix that may be written in any case.
fn below<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let begin = name.get(..prefix.len())?;
    begin.eq_ignore_ascii_case(prefix).then(|| &name[prefix.len()..])
}

fn absolute(name: &str) -> Result<Named> {
    if let Some(rest) = below(name, r"\Device\NamedPipe") {
        match rest.strip_prefix('\\') {
            Some("") => return Ok(Named::Root),
            Some(rest) => return Ok(pipe(rest)),
            None if rest.is_empty() => return Ok(Named::Device),
            None => {}
        }
    }
    if name.eq_ignore_ascii_case(r"\Device\Null") {
        return Ok(Named::File("/dev/null".to_owned()));
    }
    let links = [r"\??\", r"\DosDevices\", r"\GLOBAL??\"];
    if let Some(rest) = links.iter().find_map(|link| below(name, link)) {
        return drive(below(rest, r"Global\").unwrap_or(rest));
    }
    match name.strip_prefix('\\') {
        None => Err(Failure::PATH_SYNTAX_BAD),
        Some(rest) if rest.contains('\\') => Err(ErrorKind::PathNotFound.into()),
        Some(_) => Err(ErrorKind::NotFound.into()),
    }
}

/// What lies below the links to devices.
fn drive(rest: &str) -> Result<Named> {
    if let Some(rest) = below(rest, "pipe") {
        match rest.strip_prefix('\\') {
            Some("") => return Ok(Named::Root),
            Some(name) => return Ok(pipe(name)),
            None if rest.is_empty() => return Ok(Named::Device),
            None => {}
        }
    }
    if let Some(rest) = below(rest, r"UNC\") {
        return match Target::of(&format!(r"\\{rest}")) {
            Target::Pipe(name) => Ok(Named::Pipe(name)),
            _ => Err(ErrorKind::PathNotFound.into()),
        };
    }
    if rest.eq_ignore_ascii_case("NUL") {
        return Ok(Named::File("/dev/null".to_owned()));
    }
    match rest.as_bytes() {
        [drive, b':', ..] if drive.is_ascii_alphabetic() => Ok(Named::File(path::file(rest))),
        _ => Err(ErrorKind::NotFound.into()),
    }
}

/// A name for a pipe that was given none; no other one of this computer has it.
#[must_use]
pub fn invent() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!(r"\\.\pipe\nameless.{}.{count}", std::process::id())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Named, absolute, relative};
    use crate::object::{Object, PipesObject};

    fn named(name: &str) -> Result<Named, u32> {
        absolute(name).map_err(|failure| failure.nt)
    }

    #[test]
    fn each_spelling_names_its_thing() {
        let pipe = |name: &str| Ok(Named::Pipe(format!(r"\\.\pipe\{name}")));
        let file = |path: &str| Ok(Named::File(path.to_owned()));
        for (name, thing) in [
            (r"\??\pipe\x", pipe("x")),
            (r"\??\PIPE\x\y", pipe(r"x\y")),
            (r"\DosDevices\Pipe\x", pipe("x")),
            (r"\??\Global\pipe\x", pipe("x")),
            (r"\Device\NamedPipe\x", pipe("x")),
            (r"\Device\NamedPipe", Ok(Named::Device)),
            (r"\device\namedpipe\", Ok(Named::Root)),
            (r"\??\pipe", Ok(Named::Device)),
            (r"\??\pipe\", Ok(Named::Root)),
            (r"\??\UNC\host\pipe\x", Ok(Named::Pipe(r"\\host\pipe\x".to_owned()))),
            (r"\??\C:\dir\a.txt", file("/dir/a.txt")),
            (r"\??\nul", file("/dev/null")),
            (r"\??\pipes\x", Err(0xC000_0034)),
            (r"\Device\NamedPipes", Err(0xC000_003A)),
            (r"\nothing", Err(0xC000_0034)),
            ("x", Err(0xC000_003B)),
            ("", Err(0xC000_003B)),
        ] {
            assert_eq!(named(name), thing, "{name}");
        }
    }

    #[test]
    fn a_relative_name_is_below_the_root_directory_alone() {
        let pipes =
            |is_root| Object::Pipes(Arc::new(PipesObject::new(is_root, false).expect("an object")));
        let below = |is_root, name| relative(&pipes(is_root), name).map_err(|failure| failure.nt);
        assert_eq!(below(true, "x"), Ok(Named::Pipe(r"\\.\pipe\x".to_owned())));
        assert_eq!(below(true, ""), Ok(Named::Nameless));
        assert_eq!(below(true, r"\x"), Err(0xC000_0033));
        assert_eq!(below(false, r"\"), Ok(Named::Root));
        assert_eq!(below(false, "x"), Err(0xC000_0033));
    }
}
