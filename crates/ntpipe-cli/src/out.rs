//! Standard output: a reader that has gone away is no failure.

use std::error::Error;
use std::fmt;
use std::io::{self, Write};

/// What a command ends with: an exit code, or what to complain about.
pub(crate) type Outcome = Result<u8, Box<dyn Error>>;

/// Standard output, whose closing is told apart from that of a pipe.
#[derive(Debug)]
pub(crate) struct Out(io::Stdout);

/// Nobody reads our output any more.
#[derive(Debug)]
struct ReaderGone;

impl fmt::Display for ReaderGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody reads the output any more")
    }
}

impl Error for ReaderGone {}

/// Standard output.
pub(crate) fn out() -> Out {
    Out(io::stdout())
}

/// Whether the command stopped because nobody reads its output, as in `ntpipe ls | head -1`.
pub(crate) fn reader_gone(error: &(dyn Error + 'static)) -> bool {
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    inner.is_some_and(|inner| inner.is::<ReaderGone>())
}

fn mark(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => io::Error::new(io::ErrorKind::BrokenPipe, ReaderGone),
        _ => error,
    }
}

impl Write for Out {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.write(data).map_err(mark)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(mark)
    }
}
