//! `ntpipe completions`.

use std::io::Write as _;

use clap::CommandFactory as _;

use crate::flags::{Cli, Completions};
use crate::out::{Outcome, out};

/// Prints the script of a shell.
pub(super) fn run(args: &Completions) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ntpipe", &mut script);
    out().write_all(&script)?;
    Ok(0)
}
