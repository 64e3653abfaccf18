//! Connect, accept, close: how fast connections come and go.

use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::case::{Case, Transport};
use super::measure::{Sample, ns_since};
use super::ntpipe_link;
use super::peer::{self, Peer};

/// A socket file that goes when this value goes.
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // It is gone already or in a temporary directory.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Times whole cycles: connect, be accepted, see the server close, close.
pub(crate) fn measure(case: Case, cpu: usize, budget: Duration) -> io::Result<Sample> {
    let name = ntpipe_link::fresh_name();
    if case.transport == Transport::Unix {
        let file = SocketFile(std::env::temp_dir().join(&name));
        let listener: OwnedFd = UnixListener::bind(&file.0)?.into();
        let far = (listener.try_clone()?, listener);
        let _peer = Peer::start(case, cpu, &name, Some(far))?;
        return cycles(budget, || {
            let mut stream = UnixStream::connect(&file.0)?;
            stream.read(&mut [0]).map(drop)
        });
    }
    let _peer = Peer::start(case, cpu, &name, None)?;
    ntpipe_link::wait_for(&name)?;
    cycles(budget, || ntpipe_link::visit(&name))
}

fn cycles(budget: Duration, mut cycle: impl FnMut() -> io::Result<()>) -> io::Result<Sample> {
    let began = Instant::now();
    let mut single = Vec::new();
    while began.elapsed() < budget {
        let start = Instant::now();
        cycle()?;
        let ns = ns_since(start);
        if began.elapsed() > budget / 8 {
            single.push(ns);
        }
    }
    Ok(Sample::of(single))
}

/// The other side: accepts and closes until it is killed.
pub(crate) fn serve(case: Case, name: &str) -> io::Result<()> {
    if case.transport == Transport::Unix {
        let listener = UnixListener::from(peer::input()?);
        for stream in listener.incoming() {
            drop(stream?);
        }
        return Ok(());
    }
    ntpipe_link::welcome(name)
}
