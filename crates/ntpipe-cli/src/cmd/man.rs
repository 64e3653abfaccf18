//! `ntpipe man`.

use std::io::Write as _;

use clap::CommandFactory as _;
use clap_mangen::Man as Page;

use crate::flags::{Cli, Man};
use crate::out::{Outcome, out};

/// Prints the page of the program or of one command.
pub(super) fn run(args: &Man) -> Outcome {
    let mut root = Cli::command();
    root.build();
    let command = match &args.command {
        None => root,
        Some(name) => match root.find_subcommand(name) {
            // Built: it is called `ntpipe-NAME` on its page.
            Some(command) => command.clone(),
            None => return Err(format!("there is no command {name}").into()),
        },
    };
    let mut page = Vec::new();
    Page::new(command).render(&mut page)?;
    out().write_all(&page)?;
    Ok(0)
}
