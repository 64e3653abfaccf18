//! The command `ntpipe`: Windows pipes on Linux, for the shell.

mod acl;
mod bench;
mod cmd;
mod end;
mod flags;
mod open;
mod out;
mod pump;
mod root;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = flags::Cli::parse_from(flags::rewrite(std::env::args_os()));
    match cmd::run(cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(error) if out::reader_gone(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ntpipe: {error}");
            ExitCode::FAILURE
        }
    }
}
