//! `ntpipe connect`.

use ntpipe::{ClientOptions, PipeMode};

use crate::end::End;
use crate::flags::Connect;
use crate::open::open_when_there;
use crate::out::Outcome;
use crate::pump::{Manners, Pump};

/// Opens the pipe and converses.
pub(super) fn run(args: &Connect) -> Outcome {
    let mut options = ClientOptions::new();
    if args.message.message {
        options.pipe_mode(PipeMode::Message);
    }
    if let Some(wait) = args.patience.wait {
        options.connect_timeout(wait);
    }
    let client = if args.poll {
        open_when_there(&options, &args.pipe.name, args.patience.wait)?
    } else {
        options.open(&args.pipe.name)?
    };
    let manners = Manners {
        message: args.message.message,
        send_eof: args.send_eof,
        exit_on_stdin_eof: args.exit_on_stdin_eof,
        quiet: args.quiet.quiet,
    };
    Pump::new().converse(End::Client(client), manners)?;
    Ok(0)
}
