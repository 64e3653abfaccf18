//! What a pipe is, as its servers write it and everybody else reads it.
//!
//! ```text
//!  0  8  "ntpipe\0" and the version of this layout
//!  8  1  type: 0 byte, 1 message
//!  9  1  access: 0 duplex, 1 inbound, 2 outbound
//! 10  2  most instances, 1..=255
//! 12  4  default wait in milliseconds
//! 16  2  length of the name
//! 18  2  length of the access list
//! 20  8  incarnation
//! 28  .  the name in UTF-8, then the access list
//! ```

use std::os::fd::AsFd;

use rustix::io::{self, Errno};

use crate::mode::{Access, PipeType};
use crate::name::PipeName;
use crate::security::Security;

const MAGIC: &[u8; 8] = b"ntpipe\0\x02";
const HEADER: usize = 28;

/// What all instances of a pipe have in common; the first one decides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// The name, in the spelling of the first instance.
    pub name: PipeName,
    /// Bytes or messages.
    pub pipe_type: PipeType,
    /// The directions it allows.
    pub access: Access,
    /// The most instances there may be; 255 stands for no limit.
    pub max_instances: u32,
    /// How long to wait for an instance when the caller does not say.
    pub default_timeout_ms: u32,
    /// Tells it from other pipes of its name, before and after it.
    pub incarnation: u64,
    /// Who may open it.
    pub security: Security,
}

impl Meta {
    /// The longest file that is read.
    pub const MAX_LEN: usize = 4096;

    /// The content of the file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let name = self.name.as_str().as_bytes();
        let mut list = Vec::new();
        self.security.encode(&mut list);
        let word = |number: usize| u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes();
        let mut out = MAGIC.to_vec();
        out.push(match self.pipe_type {
            PipeType::Byte => 0,
            PipeType::Message => 1,
        });
        out.push(match self.access {
            Access::Duplex => 0,
            Access::Inbound => 1,
            Access::Outbound => 2,
        });
        out.extend(u16::try_from(self.max_instances).unwrap_or(u16::MAX).to_le_bytes());
        out.extend(self.default_timeout_ms.to_le_bytes());
        out.extend(word(name.len()));
        out.extend(word(list.len()));
        out.extend(self.incarnation.to_le_bytes());
        out.extend(name);
        out.extend(list);
        out
    }

    /// Believes nothing: `None` when it is anything but what [`encode`](Self::encode) gives.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (header, rest) = bytes.split_at_checked(HEADER)?;
        let word = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        if !header.starts_with(MAGIC) {
            return None;
        }
        let pipe_type = match header[8] {
            0 => PipeType::Byte,
            1 => PipeType::Message,
            _ => return None,
        };
        let access = match header[9] {
            0 => Access::Duplex,
            1 => Access::Inbound,
            2 => Access::Outbound,
            _ => return None,
        };
        let (name, list) = rest.split_at_checked(word(16).into())?;
        if list.len() != usize::from(word(18)) {
            return None;
        }
        let name = PipeName::new(&format!(r"\\.\pipe\{}", str::from_utf8(name).ok()?)).ok()?;
        Some(Self {
            name,
            pipe_type,
            access,
            max_instances: Some(u32::from(word(10))).filter(|n| (1..=255).contains(n))?,
            default_timeout_ms: u32::from_le_bytes(header[12..16].try_into().ok()?),
            incarnation: u64::from_le_bytes(header[20..].try_into().ok()?),
            security: Security::decode(list)?,
        })
    }

    /// An incarnation that no other pipe has.
    pub(super) fn fresh_incarnation() -> u64 {
        // The standard library's hashers begin with bits that the system draws.
        std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), std::process::id())
    }

    /// Reads a metadata file; `None` when it holds anything else.
    pub(super) fn read(file: impl AsFd) -> io::Result<Option<Self>> {
        let mut buffer = [0; Self::MAX_LEN];
        let mut len = 0;
        loop {
            let at = u64::try_from(len).map_err(|_| Errno::INVAL)?;
            match io::pread(&file, &mut buffer[len..], at) {
                Ok(0) => return Ok(Self::decode(&buffer[..len])),
                Ok(more) => len += more,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta() -> Meta {
        Meta {
            name: PipeName::new(r"Äb\c").unwrap(),
            pipe_type: PipeType::Message,
            access: Access::Outbound,
            max_instances: 255,
            default_timeout_ms: 50,
            incarnation: 1 << 63 | 7,
            security: Security::unix_mode(0o660).group("5").unwrap(),
        }
    }

    #[test]
    fn it_reads_back() {
        let read = Meta::decode(&meta().encode()).unwrap();
        assert_eq!(read, meta());
        assert_eq!(read.name.as_str(), meta().name.as_str());
    }

    #[test]
    fn half_written_or_hostile_bytes_are_refused() {
        let good = meta().encode();
        for len in 0..good.len() {
            assert_eq!(Meta::decode(&good[..len]), None, "{len}");
        }
        for (at, value) in [(0, b'x'), (7, 1), (8, 2), (9, 3), (10, 0), (11, 1), (16, 0), (17, 9)] {
            let mut bad = good.clone();
            bad[at] = value;
            assert_eq!(Meta::decode(&bad), None, "{at}");
        }
    }
}
