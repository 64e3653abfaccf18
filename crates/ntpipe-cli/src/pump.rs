//! Standard input and output on one side, a pipe on the other: bytes move unchanged both ways.
//!
//! One thread reads standard input (one for the whole process), one reads the pipe and writes
//! standard output; the caller's thread writes the pipe and decides when it is over.

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use crate::end::End;
use crate::out::out;

/// Bytes moved at once.
const CHUNK: usize = 64 << 10;
/// How often the meter is drawn.
const TICK: Duration = Duration::from_millis(200);

/// What happens to a conversation.
enum Event {
    /// Standard input gave this; nothing at its end.
    Input(io::Result<Vec<u8>>),
    /// The peer of this connection said it has nothing more to say, but listens.
    Marked(u64),
    /// The pipe of this connection gives nothing more.
    Ended(u64, io::Result<()>),
}

/// How to converse.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manners {
    /// Messages, not bytes.
    pub(crate) message: bool,
    /// A message of 0 bytes tells the peer that the input has ended.
    pub(crate) send_eof: bool,
    /// Do not await an answer after the input's end.
    pub(crate) exit_on_stdin_eof: bool,
    /// How long the pipe may be quiet after the input's end.
    pub(crate) quiet: Duration,
}

/// Standard input and output, for one conversation after the other.
pub(crate) struct Pump {
    events: Receiver<Event>,
    sender: SyncSender<Event>,
    input_ended: bool,
    connection: u64,
}

/// One conversation's state.
struct Talk {
    end: Arc<End>,
    manners: Manners,
    number: u64,
    sent: u64,
    received: Arc<AtomicU64>,
    marked: bool,
    meter: Meter,
}

impl Pump {
    /// Starts reading standard input.
    pub(crate) fn new() -> Self {
        let (sender, events) = sync_channel(4);
        let input = sender.clone();
        std::thread::spawn(move || read_input(&input));
        Self { events, sender, input_ended: false, connection: 0 }
    }

    /// Converses until both sides are done.
    pub(crate) fn converse(&mut self, end: End, manners: Manners) -> io::Result<()> {
        self.connection += 1;
        let received = Arc::new(AtomicU64::new(0));
        let mut talk = Talk {
            end: Arc::new(end),
            manners,
            number: self.connection,
            sent: 0,
            received: Arc::clone(&received),
            marked: false,
            meter: Meter::new(),
        };
        let (reader, events) = (Arc::clone(&talk.end), self.sender.clone());
        let number = talk.number;
        std::thread::spawn(move || read_pipe(&reader, manners, number, &received, &events));
        let result = self.steer(&mut talk);
        talk.meter.finish();
        talk.end.hang_up();
        result
    }

    fn steer(&mut self, talk: &mut Talk) -> io::Result<()> {
        let mut before = 0;
        let mut last_change = Instant::now();
        loop {
            let received = talk.received.load(Ordering::Relaxed);
            if received != before {
                before = received;
                last_change = Instant::now();
            }
            talk.meter.draw(talk.sent, received);
            if self.input_ended && (talk.marked || talk.manners.exit_on_stdin_eof) {
                return Ok(());
            }
            // Whoever has said something awaits an answer, but not for ever.
            let lingers = self.input_ended && talk.sent > 0;
            let left = talk.manners.quiet.saturating_sub(last_change.elapsed());
            if lingers && left.is_zero() {
                return Ok(());
            }
            let wait = if lingers { left.min(TICK) } else { TICK };
            match self.events.recv_timeout(wait) {
                Ok(Event::Input(input)) => {
                    self.input(talk, &input?)?;
                    last_change = Instant::now();
                }
                Ok(Event::Marked(number)) if number == talk.number => {
                    talk.marked = true;
                    if io::stdin().is_terminal() {
                        return Ok(());
                    }
                }
                Ok(Event::Ended(number, result)) if number == talk.number => return result,
                Ok(Event::Marked(_) | Event::Ended(..)) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    fn input(&mut self, talk: &mut Talk, data: &[u8]) -> io::Result<()> {
        let done = if !data.is_empty() {
            talk.sent += data.len() as u64;
            if talk.manners.message { talk.end.send(data) } else { talk.end.write_all(data) }
        } else {
            self.input_ended = true;
            let marked = if talk.manners.send_eof { talk.end.send(&[]) } else { Ok(()) };
            marked.and_then(|()| talk.end.flush())
        };
        match done {
            // The reading thread tells when the connection is over, after what is left to read.
            Err(error) if data.is_empty() && is_over(&error) => Ok(()),
            done => done,
        }
    }
}

/// Whether there is no other side any more.
pub(crate) fn is_over(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::NotConnected)
}

fn read_input(events: &SyncSender<Event>) {
    let mut stdin = io::stdin().lock();
    loop {
        let mut chunk = vec![0; CHUNK];
        let input = match stdin.read(&mut chunk) {
            Ok(n) => {
                chunk.truncate(n);
                Ok(chunk)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let last = !matches!(&input, Ok(chunk) if !chunk.is_empty());
        if events.send(Event::Input(input)).is_err() || last {
            return;
        }
    }
}

fn read_pipe(
    end: &End,
    manners: Manners,
    number: u64,
    received: &AtomicU64,
    events: &SyncSender<Event>,
) {
    let mut buffer = vec![0; CHUNK];
    let result = loop {
        let got = match read_some(end, manners, &mut buffer) {
            Ok(Some(0)) => {
                // The conversation may be over already; then nobody wants to know.
                let _ = events.send(Event::Marked(number));
                continue;
            }
            Ok(Some(n)) => &buffer[..n],
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        received.fetch_add(got.len() as u64, Ordering::Relaxed);
        let mut out = out();
        if let Err(error) = out.write_all(got).and_then(|()| out.flush()) {
            break Err(error);
        }
    };
    // As above.
    let _ = events.send(Event::Ended(number, result));
}

/// Bytes read; 0 for the peer's mark that it has ended its input; nothing at the pipe's end.
fn read_some(end: &End, manners: Manners, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    let got = if manners.message {
        end.recv(buffer).map(|got| Some(got.len))
    } else {
        end.read(buffer).map(|n| Some(n).filter(|&n| n != 0))
    };
    match got {
        Ok(got) => Ok(got),
        Err(error) if is_over(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// How much has moved, on a terminal.
struct Meter {
    shown: bool,
    began: Instant,
    drawn: Instant,
}

impl Meter {
    fn new() -> Self {
        // A conversation typed and read on the terminal needs no meter in its midst.
        let shown = io::stderr().is_terminal()
            && !(io::stdin().is_terminal() || io::stdout().is_terminal());
        let now = Instant::now();
        Self { shown, began: now, drawn: now }
    }

    fn draw(&mut self, sent: u64, received: u64) {
        if !self.shown || self.drawn.elapsed() < TICK {
            return;
        }
        self.drawn = Instant::now();
        let moved = (sent + received) as f64 / f64::from(1 << 20);
        let rate = moved / self.began.elapsed().as_secs_f64();
        eprint!("\r{moved:.1} MiB, {rate:.1} MiB/s  ");
    }

    fn finish(&self) {
        if self.shown && self.drawn > self.began {
            eprintln!();
        }
    }
}
