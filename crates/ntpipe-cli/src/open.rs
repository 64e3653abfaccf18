//! Opening a pipe that may not exist yet.

use std::time::{Duration, Instant};

use ntpipe::{ClientOptions, ErrorKind, NamedPipeClient};

/// How often to look for a pipe that does not exist.
const POLL: Duration = Duration::from_millis(10);

/// Opens `name`, looking again and again while there is no such pipe, at most for `patience`.
pub(crate) fn open_when_there(
    options: &ClientOptions,
    name: &str,
    patience: Option<Duration>,
) -> ntpipe::Result<NamedPipeClient> {
    let began = Instant::now();
    loop {
        match options.open(name) {
            Err(error) if error.kind() == ErrorKind::NotFound || error.is_busy() => {
                if patience.is_some_and(|patience| began.elapsed() >= patience) {
                    return Err(error);
                }
                std::thread::sleep(POLL);
            }
            done => return done,
        }
    }
}
