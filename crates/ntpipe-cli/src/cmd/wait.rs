//! `ntpipe wait`.

use ntpipe::Timeout;

use crate::flags::Wait;
use crate::out::Outcome;

/// Waits until an instance is free; as long as the pipe's creator said if no time is given.
pub(super) fn run(args: &Wait) -> Outcome {
    let timeout = args.patience.wait.map_or(Timeout::Default, Timeout::After);
    ntpipe::wait_named_pipe(&args.pipe.name, timeout)?;
    Ok(0)
}
