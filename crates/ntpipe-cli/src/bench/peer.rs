//! The other process: this program again, told by its arguments what to be.

use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::bare::{LineLink, RingLink};
use super::case::{Case, Operation, Transport};
use super::kernel::{Eventfd, Far, Seqpacket, Stream};
use super::link::Link;
use super::measure::{self, Sample};
use super::{connect, machine, ntpipe_link};
use crate::flags::BenchPeer;

/// A process started for one case; it does not outlive this value.
pub(crate) struct Peer(Child);

impl Peer {
    /// Starts the other side of `case` on `cpu`. It has `far` as its standard input and output,
    /// or opens the pipe called `name`.
    pub(crate) fn start(case: Case, cpu: usize, name: &str, far: Option<Far>) -> io::Result<Self> {
        let (input, output) = match far {
            Some((input, output)) => (input.into(), output.into()),
            None => (Stdio::null(), Stdio::null()),
        };
        let child = Command::new(std::env::current_exe()?)
            .arg("bench-peer")
            .args([case.transport.to_string(), case.operation.to_string()])
            .args([case.size.to_string(), cpu.to_string(), name.to_owned()])
            .stdin(input)
            .stdout(output)
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Self(child))
    }

    /// What the peer said when it ended; its complaint if it failed.
    pub(crate) fn finish(mut self) -> io::Result<String> {
        let mut said = String::new();
        if let Some(stderr) = &mut self.0.stderr {
            stderr.read_to_string(&mut said)?;
        }
        if self.0.wait()?.success() {
            Ok(said)
        } else {
            Err(io::Error::other(format!("the other process failed: {}", said.trim())))
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Both fail only for a process that has ended and been waited for, as it should have.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs one case over a link.
pub(crate) fn measure(case: Case, cpu: usize, budget: Duration) -> io::Result<Sample> {
    let name = ntpipe_link::fresh_name();
    let (mut link, peer) = open(case, cpu, &name)?;
    let measured = match case.operation {
        Operation::OneWay => measure::pour(&mut *link, case.size, budget).map(|()| None),
        Operation::Asleep => measure::wake_ups(&mut *link, case.size, budget).map(Some),
        _ => measure::round_trips(&mut *link, case.size, budget).map(Some),
    };
    match measured {
        Ok(Some(sample)) => peer.finish().map(|_| sample),
        Ok(None) => {
            let said = peer.finish()?;
            said.trim().parse().map(Sample::mean).map_err(io::Error::other)
        }
        Err(error) => {
            drop(link);
            Err(peer.finish().err().unwrap_or(error))
        }
    }
}

/// This side of a link and the process at the other.
fn open(case: Case, cpu: usize, name: &str) -> io::Result<(Box<dyn Link>, Peer)> {
    fn boxed<L: Link + 'static>((link, far): (L, Far)) -> (Box<dyn Link>, Far) {
        (Box::new(link), far)
    }
    let (link, far) = match case.transport {
        Transport::Pipe => boxed(Stream::pipes()?),
        Transport::Unix => boxed(Stream::socket()?),
        Transport::Seqpacket => boxed(Seqpacket::pair()?),
        Transport::Eventfd => boxed(Eventfd::pair()?),
        Transport::BareLine => boxed(LineLink::pair()?),
        Transport::BareRing => boxed(RingLink::pair()?),
        Transport::NtpipeByte | Transport::NtpipeMessage => {
            let server = ntpipe_link::serve(case, name)?;
            let peer = Peer::start(case, cpu, name, None)?;
            return match server.accept() {
                Ok(link) => Ok((link, peer)),
                Err(error) => Err(peer.finish().err().unwrap_or(error)),
            };
        }
    };
    Ok((link, Peer::start(case, cpu, name, Some(far))?))
}

/// What the other process does from its beginning to its end.
pub(crate) fn be(args: &BenchPeer) -> io::Result<()> {
    machine::pin(args.cpu)?;
    let case = Case { transport: args.transport, operation: args.operation, size: args.size };
    if case.operation == Operation::Connect {
        return connect::serve(case, &args.name);
    }
    let mut link = far_side(case, &args.name)?;
    match case.operation {
        Operation::OneWay => {
            let ns = measure::drain(&mut *link, case.size)?;
            eprintln!("{ns}");
            Ok(())
        }
        _ => measure::echo(&mut *link, case.size),
    }
}

fn far_side(case: Case, name: &str) -> io::Result<Box<dyn Link>> {
    Ok(match case.transport {
        Transport::Pipe | Transport::Unix => Box::new(Stream::new(input()?, output()?)),
        Transport::Seqpacket => Box::new(Seqpacket::new(input()?)),
        Transport::Eventfd => Box::new(Eventfd::new(input()?, output()?)),
        Transport::BareLine => Box::new(LineLink::open(&input()?)?),
        Transport::BareRing => Box::new(RingLink::open(&input()?)?),
        Transport::NtpipeByte | Transport::NtpipeMessage => ntpipe_link::open(case, name)?,
    })
}

/// The standard input as a descriptor of its own.
pub(crate) fn input() -> io::Result<OwnedFd> {
    io::stdin().as_fd().try_clone_to_owned()
}

fn output() -> io::Result<OwnedFd> {
    io::stdout().as_fd().try_clone_to_owned()
}
