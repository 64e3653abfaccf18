//! What is measured: which transport, which operation, which size.

use std::fmt;

use clap::ValueEnum;
use serde::Serialize;

/// A way from one process to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Transport {
    /// A kernel pipe each way.
    Pipe,
    /// A Unix stream socket.
    Unix,
    /// A Unix socket that keeps messages.
    Seqpacket,
    /// An eventfd each way: 8 bytes, the least the kernel can do.
    Eventfd,
    /// Two processes spinning on one cache line: no transport is faster.
    BareLine,
    /// Copies through a ring, spinning: no copying transport is faster.
    BareRing,
    /// ntpipe, byte type.
    NtpipeByte,
    /// ntpipe, message type.
    NtpipeMessage,
}

/// What two processes do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Operation {
    /// There and back, both sides active.
    RoundTrip,
    /// One side sends, the other takes.
    OneWay,
    /// There and back, the peer asleep when it starts.
    Asleep,
    /// There and back, both processes on one CPU.
    OneCpu,
    /// Connect, accept, close.
    Connect,
}

/// One line of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    /// The way.
    pub(crate) transport: Transport,
    /// What is done.
    pub(crate) operation: Operation,
    /// Bytes in a message.
    pub(crate) size: usize,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pipe => "pipe",
            Self::Unix => "unix",
            Self::Seqpacket => "seqpacket",
            Self::Eventfd => "eventfd",
            Self::BareLine => "bare-line",
            Self::BareRing => "bare-ring",
            Self::NtpipeByte => "ntpipe-byte",
            Self::NtpipeMessage => "ntpipe-message",
        })
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::RoundTrip => "round-trip",
            Self::OneWay => "one-way",
            Self::Asleep => "asleep",
            Self::OneCpu => "one-cpu",
            Self::Connect => "connect",
        })
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of {} bytes", self.transport, self.operation, self.size)
    }
}

/// The sizes of a full run.
pub(crate) const SIZES: [usize; 4] = [64, 1 << 10, 64 << 10, 1 << 20];
/// The sizes of a quick run.
const QUICK_SIZES: [usize; 2] = [64, 64 << 10];
/// A seqpacket message must fit the socket's buffer, which is about 200 KiB.
const SEQPACKET_MAX: usize = 64 << 10;

/// All cases, the neighbours being those that are compared.
pub(crate) fn all(quick: bool, two_cpus: bool) -> Vec<Case> {
    use Operation::{Asleep, Connect, OneCpu, OneWay, RoundTrip};
    use Transport::{
        BareLine, BareRing, Eventfd, NtpipeByte, NtpipeMessage, Pipe, Seqpacket, Unix,
    };
    let sizes: &[usize] = if quick { &QUICK_SIZES } else { &SIZES };
    let transports: &[Transport] = if quick {
        &[Pipe, Unix, NtpipeMessage]
    } else {
        &[Pipe, Unix, Seqpacket, NtpipeByte, NtpipeMessage]
    };
    let mut cases = Vec::new();
    let mut add = |operation, size, transports: &[Transport]| {
        for &transport in transports {
            let spins = matches!(transport, BareLine | BareRing);
            let fits = transport != Seqpacket || size <= SEQPACKET_MAX;
            if fits && (two_cpus || !spins) {
                cases.push(Case { transport, operation, size });
            }
        }
    };
    add(RoundTrip, 8, &[BareLine, Eventfd]);
    for &size in sizes {
        add(RoundTrip, size, transports);
    }
    for &size in sizes {
        add(OneWay, size, &[BareRing]);
        add(OneWay, size, transports);
    }
    if !quick {
        add(Asleep, 8, &[Eventfd]);
        add(Asleep, 64, &[Pipe, Unix, NtpipeMessage]);
        add(OneCpu, 64, &[Pipe, NtpipeMessage]);
        add(Connect, 0, &[Unix, NtpipeMessage]);
    }
    cases
}
