//! The structure with which a query answers, put together field by field.

use crate::failure::{Failure, Result};

/// An answer in the making, and how it fits into the caller's buffer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    bytes: Vec<u8>,
}

impl Answer {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A field of a byte.
    #[must_use]
    pub fn byte(mut self, value: u8) -> Self {
        self.bytes.push(value);
        self
    }

    /// A field of 32 bits.
    #[must_use]
    pub fn u32(mut self, value: u32) -> Self {
        self.bytes.extend(value.to_le_bytes());
        self
    }

    /// A field of 64 bits.
    #[must_use]
    pub fn u64(mut self, value: u64) -> Self {
        self.bytes.extend(value.to_le_bytes());
        self
    }

    /// A text, in UTF-16.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        self
    }

    /// Bytes as they are.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Zeros up to this length.
    #[must_use]
    pub fn padded(mut self, len: usize) -> Self {
        self.bytes.resize(self.bytes.len().max(len), 0);
        self
    }

    /// So long it is by now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What is in it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Puts it into a buffer, which must hold at least `least` bytes; gives status and count.
    ///
    /// # Errors
    /// `STATUS_INFO_LENGTH_MISMATCH` if it does not hold those. That what lies beyond them is cut off is no
    /// error but a warning, `STATUS_BUFFER_OVERFLOW`.
    pub fn deliver(&self, into: &mut [u8], least: usize) -> Result<(u32, usize)> {
        if into.len() < least {
            return Err(Failure::BAD_LENGTH);
        }
        let len = self.bytes.len().min(into.len());
        into[..len].copy_from_slice(&self.bytes[..len]);
        let whole = len == self.bytes.len();
        Ok((if whole { 0 } else { Failure::BUFFER_OVERFLOW.nt }, len))
    }

    /// Puts it into a buffer, as a whole.
    ///
    /// # Errors
    /// `STATUS_INFO_LENGTH_MISMATCH` if it does not fit.
    pub fn deliver_whole(&self, into: &mut [u8]) -> Result<(u32, usize)> {
        self.deliver(into, self.bytes.len())
    }
}

/// Little-endian numbers out of a structure of the caller's.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a>(pub &'a [u8]);

impl Given<'_> {
    /// The 32 bits at this offset.
    ///
    /// # Errors
    /// `STATUS_INFO_LENGTH_MISMATCH` if it is too short for them.
    pub fn u32(self, at: usize) -> Result<u32> {
        let bytes = self.0.get(at..).and_then(<[u8]>::first_chunk).ok_or(Failure::BAD_LENGTH)?;
        Ok(u32::from_le_bytes(*bytes))
    }

    /// The 64 bits at this offset.
    ///
    /// # Errors
    /// `STATUS_INFO_LENGTH_MISMATCH` if it is too short for them.
    pub fn u64(self, at: usize) -> Result<u64> {
        let bytes = self.0.get(at..).and_then(<[u8]>::first_chunk).ok_or(Failure::BAD_LENGTH)?;
        Ok(u64::from_le_bytes(*bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Given};

    #[test]
    fn what_does_not_fit_is_cut_off_and_told() {
        let answer = Answer::new().u32(7).text("ab");
        let mut room = [0; 6];
        assert_eq!(answer.deliver(&mut room, 4), Ok((0x8000_0005, 6)));
        assert_eq!(room, [7, 0, 0, 0, b'a', 0]);
        assert!(
            answer.deliver(&mut room[..3], 4).is_err() && answer.deliver_whole(&mut room).is_err()
        );
    }

    #[test]
    fn numbers_beyond_the_end_are_none() {
        let given = Given(&[1, 0, 0, 0, 2]);
        assert_eq!(given.u32(0).ok(), Some(1));
        assert!(given.u32(2).is_err() && given.u64(0).is_err() && given.u32(usize::MAX).is_err());
    }
}
