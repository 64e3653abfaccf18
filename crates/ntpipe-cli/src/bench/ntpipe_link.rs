//! ntpipe as a link, of either type.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ntpipe::{ClientOptions, NamedPipeServer, PipeMode, ServerOptions, WaitStrategy};

use super::case::{Case, Operation, Transport};
use super::link::Link;
use crate::end::End;
use crate::open::open_when_there;

/// How long one process waits for the other to come up.
const PATIENCE: Duration = Duration::from_secs(10);

/// A name no other measurement uses.
pub(crate) fn fresh_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("ntpipe-bench-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn mode(case: Case) -> PipeMode {
    match case.transport {
        Transport::NtpipeMessage => PipeMode::Message,
        _ => PipeMode::Byte,
    }
}

/// A server that waits for its one client.
pub(crate) struct Waiting(NamedPipeServer, PipeMode);

/// Creates the pipe of a case.
pub(crate) fn serve(case: Case, name: &str) -> io::Result<Waiting> {
    let mut options = ServerOptions::new();
    options.pipe_mode(mode(case));
    if case.operation == Operation::Asleep {
        options.wait_strategy(WaitStrategy::Block);
    }
    Ok(Waiting(options.create(name)?, mode(case)))
}

impl Waiting {
    /// Waits for the client.
    pub(crate) fn accept(self) -> io::Result<Box<dyn Link>> {
        self.0.connect_timeout(PATIENCE)?;
        Ok(link(End::Server(self.0), self.1))
    }
}

/// Opens the pipe of a case.
pub(crate) fn open(case: Case, name: &str) -> io::Result<Box<dyn Link>> {
    let mut options = ClientOptions::new();
    options.pipe_mode(mode(case)).connect_timeout(PATIENCE);
    if case.operation == Operation::Asleep {
        options.wait_strategy(WaitStrategy::Block);
    }
    Ok(link(End::Client(options.open(name)?), mode(case)))
}

fn link(end: End, mode: PipeMode) -> Box<dyn Link> {
    match mode {
        PipeMode::Message => Box::new(Messages(end)),
        PipeMode::Byte => Box::new(Bytes(end)),
    }
}

/// A byte-type pipe.
struct Bytes(End);

impl Link for Bytes {
    fn send(&mut self, data: &[u8]) -> io::Result<()> {
        self.0.write_all(data)
    }

    fn recv(&mut self, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            match self.0.read(buffer)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => buffer = &mut buffer[n..],
            }
        }
        Ok(())
    }
}

/// A message-type pipe.
struct Messages(End);

impl Link for Messages {
    fn send(&mut self, data: &[u8]) -> io::Result<()> {
        self.0.send(data)
    }

    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let got = self.0.recv(buffer)?;
        if got.len == buffer.len() && !got.more {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidData, "a message of another size"))
        }
    }
}

/// Until a server of this name is there.
pub(crate) fn wait_for(name: &str) -> io::Result<()> {
    let mut options = ClientOptions::new();
    options.connect_timeout(PATIENCE);
    open_when_there(&options, name, Some(PATIENCE))?;
    Ok(())
}

/// Opens the pipe, sees the server close it, closes.
pub(crate) fn visit(name: &str) -> io::Result<()> {
    let end = End::Client(ClientOptions::new().connect_timeout(PATIENCE).open(name)?);
    end.read(&mut [0]).map(drop)
}

/// Accepts and closes for ever.
pub(crate) fn welcome(name: &str) -> io::Result<()> {
    let listener = ntpipe::PipeListener::bind(name)?;
    for server in listener.incoming() {
        drop(server?);
    }
    Ok(())
}
