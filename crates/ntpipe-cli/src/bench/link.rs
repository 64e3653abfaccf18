//! What every measured transport can do, and the payload it carries.

use std::io;

/// One end of a transport. Messages keep their size: both sides know it beforehand.
pub(crate) trait Link {
    /// Hands over all of `data`.
    fn send(&mut self, data: &[u8]) -> io::Result<()>;
    /// Takes exactly as many bytes as `buffer` has.
    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<()>;
}

/// What a message says to the other side: its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Signal {
    /// A message like every other.
    Data = 1,
    /// The warm-up is over: count from here.
    Mark = 2,
    /// The last one.
    Stop = 3,
}

/// A message that is written before every sending and read after every receiving, as a real one is.
pub(crate) struct Payload {
    bytes: Vec<u8>,
    turn: u8,
}

impl Payload {
    /// A message of `size` bytes, at least 1.
    pub(crate) fn new(size: usize) -> Self {
        Self { bytes: vec![0; size.max(1)], turn: 0 }
    }

    /// Writes the message anew and sends it.
    pub(crate) fn send(&mut self, link: &mut dyn Link, signal: Signal) -> io::Result<()> {
        self.turn = self.turn.wrapping_add(1);
        self.bytes.fill(self.turn);
        self.bytes[0] = signal as u8;
        link.send(&self.bytes)
    }

    /// Receives a message and reads all of it; says which signal it carried.
    pub(crate) fn recv(&mut self, link: &mut dyn Link) -> io::Result<Signal> {
        link.recv(&mut self.bytes)?;
        std::hint::black_box(sum(&self.bytes));
        match self.bytes[0] {
            1 => Ok(Signal::Data),
            2 => Ok(Signal::Mark),
            3 => Ok(Signal::Stop),
            other => Err(io::Error::other(format!("a message began with {other}"))),
        }
    }

    /// There and back.
    #[inline]
    pub(crate) fn round_trip(&mut self, link: &mut dyn Link) -> io::Result<()> {
        self.send(link, Signal::Data)?;
        self.recv(link).map(drop)
    }
}

/// Reads every byte, eight at a time.
fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let words = words.iter().fold(0u64, |sum, word| sum.wrapping_add(u64::from_ne_bytes(*word)));
    rest.iter().fold(words, |sum, byte| sum.wrapping_add(u64::from(*byte)))
}
