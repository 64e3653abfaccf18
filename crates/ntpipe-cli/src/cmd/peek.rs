//! `ntpipe peek`.

use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use ntpipe::{ClientOptions, NamedPipeClient, Peek as Peeked};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;

use crate::flags::Peek;
use crate::out::{Outcome, out};

/// Bytes shown at most.
const SHOWN: usize = 4096;
/// How often to look while nothing is there.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// What waits in a pipe.
#[derive(Debug, Serialize)]
struct Fact<'a> {
    available: u64,
    message_left: u64,
    data: &'a str,
}

/// Shows what waits; with -w, waits for something.
pub(super) fn run(args: &Peek) -> Outcome {
    let patience = args.patience.wait.unwrap_or(Duration::ZERO);
    let mut options = ClientOptions::new();
    // To look takes no right to write.
    options.read(true).write(false).connect_timeout(patience);
    let client = options.open(&args.pipe.name)?;
    let mut buffer = vec![0; SHOWN];
    let peek = look(&client, &mut buffer, patience)?;
    let data = String::from_utf8_lossy(&buffer[..peek.len]);
    let fact = Fact { available: peek.available, message_left: peek.message_left, data: &data };
    let mut out = out();
    if args.json.json {
        writeln!(out, "{}", serde_json::to_string(&fact)?)?;
    } else {
        writeln!(out, "available     {}", fact.available)?;
        writeln!(out, "message left  {}", fact.message_left)?;
        writeln!(out, "data          {:?}", fact.data)?;
    }
    Ok(0)
}

fn look(client: &NamedPipeClient, buffer: &mut [u8], patience: Duration) -> ntpipe::Result<Peeked> {
    let began = Instant::now();
    loop {
        let peek = client.peek(buffer)?;
        if peek.available > 0 || began.elapsed() >= patience {
            return Ok(peek);
        }
        let fd = client.as_fd();
        poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&LOOK))
            .map_err(|errno| ntpipe::Error::os("poll", errno))?;
    }
}
