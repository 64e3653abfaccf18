//! `ntpipe cc` and `ntpipe c++`: the system's compiler, for programs written against `windows.h`.

mod compiler;
mod line;
mod sdk;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use self::compiler::Compiler;
pub(super) use self::compiler::Language;
use self::line::Line;
use self::sdk::Sdk;
use crate::flags::Cc;
use crate::out::{Outcome, out};

/// Functions of the C library that the compiler knows and would judge by the C library's formats.
const OTHER_FORMATS: &[&str] =
    &["printf", "fprintf", "sprintf", "snprintf", "vprintf", "vfprintf", "vsprintf", "vsnprintf"];

/// Functions whose symbols glibc's headers choose, which clang does not let a header change.
const LABELLED: &[&str] = &[
    "scanf", "fscanf", "sscanf", "vscanf", "vfscanf", "vsscanf", "wscanf", "fwscanf", "swscanf",
    "vwscanf", "vfwscanf", "vswscanf", "wcstol", "wcstoul", "wcstoll", "wcstoull",
];

/// Becomes the compiler, or prints its flags.
pub(super) fn run(language: Language, args: &Cc) -> Outcome {
    let line = Line::read(&args.args);
    let sdk = Sdk::find(line.dynamic)?;
    let compiler = Compiler::find(language)?;
    if line.cflags || line.libs {
        let mut flags = Vec::new();
        if line.cflags {
            flags.extend(compile_flags(&sdk));
            flags.extend(quiet_flags());
        }
        if line.libs {
            flags.extend(link_flags(&sdk, &compiler, &line));
        }
        let mut printed = flags.iter().map(|flag| quoted(flag)).collect::<Vec<_>>().join(&b' ');
        printed.push(b'\n');
        out().write_all(&printed)?;
        return Ok(0);
    }
    let mut command = Command::new(&compiler.program);
    command.args(&compiler.args).args(compile_flags(&sdk)).args(&line.rest).args(quiet_flags());
    if line.links {
        if line.names_language {
            // What follows is no source, whatever -x has said of what stands before.
            command.args(["-x", "none"]);
        }
        command.args(link_flags(&sdk, &compiler, &line));
    }
    let error = command.exec();
    eprintln!("ntpipe: {}: {error}", compiler.program.display());
    Ok(if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 })
}

/// Before the program's own flags, which may undo them.
fn compile_flags(sdk: &Sdk) -> Vec<OsString> {
    let mut flags = Vec::new();
    for dir in ["crt/cxx", "crt", ""] {
        flags.push("-isystem".into());
        flags.push(sdk.include.join(dir).components().as_path().into());
    }
    flags.push("-include".into());
    flags.push(sdk.include.join("crt/ntpipe_rename.h").into());
    flags.extend(["-fshort-wchar", "-D_WIN32", "-D_WIN64", "-DWIN32"].map(OsString::from));
    flags.extend(OTHER_FORMATS.iter().map(|name| format!("-fno-builtin-{name}").into()));
    flags
}

/// Behind the program's own flags: the formats are Windows' and so are the pragmas, and a warning group
/// like -Wall would have the compiler complain of each.
fn quiet_flags() -> [OsString; 3] {
    ["-Wno-format", "-Wno-format-security", "-Wno-unknown-pragmas"].map(OsString::from)
}

fn link_flags(sdk: &Sdk, compiler: &Compiler, line: &Line<'_>) -> Vec<OsString> {
    let mut flags = sdk.libraries.clone();
    if compiler.is_clang {
        for name in LABELLED {
            for version in ["", "__isoc99_", "__isoc23_"] {
                flags.push(format!("-Wl,--wrap={version}{name}").into());
            }
        }
    }
    flags.push(if line.all_static { "-lgcc_eh" } else { "-lgcc_s" }.into());
    flags.extend(["-lpthread", "-ldl", "-lm", "-lrt"].map(OsString::from));
    flags
}

/// For a shell, or for a build system that splits words as a shell does.
fn quoted(flag: &OsStr) -> Vec<u8> {
    let bytes = flag.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./=+,:@%".contains(byte);
    if bytes.iter().all(plain) {
        return bytes.to_vec();
    }
    let mut word = vec![b'\''];
    for byte in bytes {
        match byte {
            b'\'' => word.extend(br"'\''"),
            byte => word.push(*byte),
        }
    }
    word.push(b'\'');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_with_spaces_are_quoted_for_the_shell() {
        assert_eq!(quoted(OsStr::new("-I/a/b+c")), b"-I/a/b+c");
        assert_eq!(quoted(OsStr::new("/it's here")), br"'/it'\''s here'");
    }
}
