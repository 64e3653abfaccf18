//! The one loop of those who wait for a pipe and have no end of it yet.

use std::time::Duration;

use ntpipe_core::name::PipeName;
use ntpipe_core::namespace::Namespace;
use rustix::event::{PollFd, PollFlags};

use crate::wait::Until;
use crate::{Error, Result, cancel};

/// What a look at the pipe gave; the error is that of who does not wait any longer.
pub(crate) enum Look<T> {
    Found(T),
    NotYet(Error),
    /// The same, and what changes that may be told to nobody.
    NotYetUntold(Error),
}

/// How long who waits for what nobody may tell goes without a look.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Looks again at each news of the pipe.
pub(crate) fn await_pipe<T>(
    namespace: &Namespace,
    name: &PipeName,
    until: Until,
    mut look: impl FnMut() -> Result<Look<T>>,
) -> Result<T> {
    let mut watch = namespace.watch(name)?;
    loop {
        let (error, told) = match look()? {
            Look::Found(found) => return Ok(found),
            Look::NotYet(error) => (error, watch.sees_all()),
            Look::NotYetUntold(error) => (error, false),
        };
        if until.is_over() {
            return Err(error);
        }
        let until = if told { until } else { until.or_after(LOOK_AGAIN) };
        cancel::poll([PollFd::new(&watch, PollFlags::IN)], until)?;
        watch.clear()?;
    }
}
