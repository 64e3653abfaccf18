//! What can be wrong with shared memory: the peer broke its rules.

use std::fmt;

/// A value in the segment contradicts the protocol. The connection is over; the process is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt {
    /// Which value it was.
    pub what: &'static str,
}

impl Corrupt {
    /// A finding about `what`.
    #[cold]
    #[must_use]
    pub fn new(what: &'static str) -> Self {
        Self { what }
    }
}

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in the shared memory is not valid", self.what)
    }
}

impl std::error::Error for Corrupt {}
