//! What a child is told of the end it inherits, and another process of the end it is sent.
//!
//! ```text
//! ntpipe2;<parent>;<kind>;<type>;<limit>;<in quota>;<out quota>;<rights>;<modes>;<place>;<fds>;<name>
//! ```
//!
//! There are no numbers of descriptors where the descriptors themselves are sent.

use std::fmt::Write;
use std::os::fd::RawFd;

use ntpipe_core::connection::Quotas;
use ntpipe_core::mode::{PipeEnd, PipeType, ReadMode};
use ntpipe_core::security::Rights as PeerRights;

use crate::end::{Facts, Rights};

const MAGIC: &str = "ntpipe2";

/// What is inherited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Server,
    Client,
    Reader,
    Writer,
}

const KINDS: [(Kind, &str); 4] =
    [(Kind::Server, "s"), (Kind::Client, "c"), (Kind::Reader, "r"), (Kind::Writer, "w")];

#[derive(Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) facts: Facts,
    pub(super) rights: Rights,
    /// What the pipe's security lets the peer do.
    pub(super) peer_rights: PeerRights,
    pub(super) read_mode: ReadMode,
    pub(super) nowait: bool,
    /// A server end's place.
    pub(super) index: u32,
}

impl Token {
    /// The text, for descriptors that have these numbers.
    pub(super) fn with(&self, fds: &[RawFd]) -> String {
        let Self { kind, facts, rights, peer_rights, read_mode, nowait, index } = self;
        let kind = KINDS.iter().find(|(known, _)| known == kind).map_or("", |(_, letter)| letter);
        let parent = std::process::id();
        let pipe_type = u32::from(facts.pipe_type == PipeType::Message);
        let Quotas { inbound, outbound } = facts.quotas;
        let limit = facts.max_instances;
        let rights = join_bits(&[
            rights.read,
            rights.write,
            rights.read_attributes,
            rights.write_attributes,
            peer_rights.read,
            peer_rights.write,
        ]);
        let modes = join_bits(&[*read_mode == ReadMode::Message, *nowait]);
        let mut text = format!(
            "{MAGIC};{parent};{kind};{pipe_type};{limit};{inbound};{outbound};{rights};{modes};{index};"
        );
        for (at, fd) in fds.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let _ = write!(text, "{comma}{fd}");
        }
        text + ";" + &facts.name
    }

    /// `None` for anything but what [`with`](Self::with) gives, in another process.
    pub(super) fn parse(text: &str) -> Option<(Self, Vec<RawFd>)> {
        let mut parts = text.splitn(12, ';');
        if parts.next()? != MAGIC || parts.next()?.parse::<u32>().ok()? == std::process::id() {
            return None;
        }
        let letter = parts.next()?;
        let (kind, _) = *KINDS.iter().find(|(_, known)| *known == letter)?;
        let mut number = || parts.next()?.parse::<u32>().ok();
        let facts = [number()?, number()?, number()?, number()?];
        let (rights, modes, index) = (number()?, number()?, number()?);
        let fds = parts.next()?.split_terminator(',').map(|fd| fd.parse().ok());
        let fds: Vec<RawFd> = fds.collect::<Option<_>>()?;
        let facts = kind.facts(parts.next()?, facts)?;
        let read_mode = if modes & 1 != 0 { ReadMode::Message } else { ReadMode::Byte };
        let sound = rights < 64
            && modes < 4
            && (fds.is_empty() || fds.len() == kind.descriptors())
            && !(read_mode == ReadMode::Message && facts.pipe_type == PipeType::Byte);
        let bit = |at: u32| rights >> at & 1 != 0;
        let peer_rights = PeerRights { read: bit(4), write: bit(5) };
        let rights = Rights {
            read: bit(0),
            write: bit(1),
            read_attributes: bit(2),
            write_attributes: bit(3),
        };
        let nowait = modes & 2 != 0;
        let token = Self { kind, facts, rights, peer_rights, read_mode, nowait, index };
        sound.then_some((token, fds))
    }
}

pub(super) fn facts(
    end: PipeEnd,
    name: &str,
    [pipe_type, max_instances, inbound, outbound]: [u32; 4],
) -> Option<Facts> {
    let pipe_type = match pipe_type {
        0 => PipeType::Byte,
        1 => PipeType::Message,
        _ => return None,
    };
    let quotas = Quotas { inbound, outbound };
    let most = ntpipe_core::connection::QUOTA_BYTES_MAX;
    let sound = (1..=255).contains(&max_instances) && inbound <= most && outbound <= most;
    sound.then(|| Facts { name: name.to_owned(), end, pipe_type, max_instances, quotas })
}

fn join_bits(bits: &[bool]) -> u32 {
    bits.iter().rev().fold(0, |word, bit| word << 1 | u32::from(*bit))
}
