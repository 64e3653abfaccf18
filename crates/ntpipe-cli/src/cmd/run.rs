//! `ntpipe run`: the parent that reads what its child prints.

use std::io::{self, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus, Stdio};

use crate::flags::Run;
use crate::out::{Outcome, out};

/// Starts the program and shows what it prints.
pub(super) fn run(args: &Run) -> Outcome {
    let Some((program, rest)) = args.command.split_first() else { return Ok(2) };
    let (mut reader, writer) = ntpipe::anonymous()?;
    let errors = writer.try_clone()?;
    // The command owns both write ends and goes at the end of this statement: kept in this
    // process, they would keep the pipe from ever ending.
    let spawned = Command::new(program)
        .args(rest)
        .stdout(Stdio::from(writer))
        .stderr(Stdio::from(errors))
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            eprintln!("ntpipe: {}: {error}", program.display());
            return Ok(if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 });
        }
    };
    let mut out = out();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match reader.read(&mut buffer)? {
            0 => break,
            n => out.write_all(&buffer[..n])?,
        }
        out.flush()?;
    }
    Ok(code(child.wait()?))
}

/// The exit code, as a shell gives it.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
