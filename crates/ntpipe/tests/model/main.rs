//! Random operations on a server and a client, step by step against a plain queue of messages.
//!
//! Nothing here waits: what would have to is asked with `try_send`, `try_recv`, `PIPE_NOWAIT` or a
//! timeout of zero. A failure prints the operations; proptest shrinks them.

mod transact;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ntpipe::ErrorKind::{
    self, BadPipe, BrokenPipe, InvalidParameter, NoData, PipeBusy, PipeListening, PipeNotConnected,
    WaitTimeout,
};
use ntpipe::{ClientOptions, NamedPipeClient, NamedPipeServer, Pipe, PipeMode, ServerOptions};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Side {
    Server,
    Client,
}

#[derive(Clone, Debug)]
enum Operation {
    /// Without waiting; of this many bytes.
    Send(Side, usize),
    /// With a timeout of zero: what does not fit is withdrawn.
    SendAndGiveUp(Side, usize),
    Recv(Side, usize),
    /// A request of this many bytes, which nobody answers: with a timeout of zero, or cancelled.
    TransactInVain(Side, usize, bool),
    /// A request, a reply and a buffer of this many bytes; the peer reads all that is there, and replies.
    Transact(Side, usize, usize, usize),
    Peek(Side, usize),
    Flush(Side),
    SetState(Side, bool, bool),
    State(Side),
    Listen,
    Disconnect,
    Open,
    CloseClient,
    RestartServer,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    use Operation::*;
    let side = || prop_oneof![Just(Side::Server), Just(Side::Client)];
    let len = || prop_oneof![3 => 0usize..4, 4 => 0usize..120, 2 => 0usize..5000, 1 => Just(4096)];
    let operation = prop_oneof![
        12 => (side(), len()).prop_map(|(s, n)| Send(s, n)),
        3 => (side(), len()).prop_map(|(s, n)| SendAndGiveUp(s, n)),
        12 => (side(), len()).prop_map(|(s, n)| Recv(s, n)),
        2 => (side(), len(), any::<bool>()).prop_map(|(s, n, c)| TransactInVain(s, n, c)),
        3 => (side(), len(), len(), len()).prop_map(|(s, n, m, b)| Transact(s, n, m, b)),
        5 => (side(), len()).prop_map(|(s, n)| Peek(s, n)),
        1 => side().prop_map(Flush),
        2 => (side(), any::<bool>(), any::<bool>()).prop_map(|(s, m, n)| SetState(s, m, n)),
        1 => side().prop_map(State),
        2 => Just(Listen),
        1 => Just(Disconnect),
        3 => Just(Open),
        1 => Just(CloseClient),
        1 => Just(RestartServer),
    ];
    prop::collection::vec(operation, 1..150)
}

/// One direction: what was written and not read.
#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Vec<u8>>,
    /// Bytes of withdrawn writes, an upper bound: they use memory until the reader comes by.
    withdrawn: usize,
}

impl Queue {
    fn unread(&self) -> usize {
        self.messages.iter().map(Vec::len).sum()
    }

    /// A read; `None` if it would wait.
    fn read(&mut self, len: usize, by_message: bool) -> Option<(Vec<u8>, bool)> {
        if by_message {
            let front = self.messages.front_mut()?;
            let taken: Vec<u8> = front.drain(..len.min(front.len())).collect();
            let more = !front.is_empty();
            if !more {
                self.messages.pop_front();
            }
            return Some((taken, more));
        }
        let mut taken = Vec::new();
        while let Some(front) = self.messages.front_mut() {
            if front.is_empty() {
                self.messages.pop_front();
                continue;
            }
            if taken.len() == len {
                return Some((taken, false));
            }
            taken.extend(front.drain(..(len - taken.len()).min(front.len())));
            if front.is_empty() {
                self.messages.pop_front();
            }
            if taken.len() == len {
                break;
            }
        }
        (!taken.is_empty()).then_some((taken, false))
    }
}

/// How the two ends stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Listening,
    Connected,
    /// The client closed.
    Closing,
    Disconnected,
}

/// What the law says of one end's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The peer is there.
    Whole,
    /// The peer closed: what it wrote may be read.
    Ending,
    /// Nothing can be done, for this reason.
    Not(ErrorKind),
}

#[derive(Clone, Copy, Debug, Default)]
struct Modes {
    by_message: bool,
    nowait: bool,
}

struct World {
    name: String,
    messages: bool,
    quota: u32,
    server: NamedPipeServer,
    client: Option<NamedPipeClient>,
    link: Link,
    /// The client's standing once it is no longer that of the link.
    orphan: Option<Standing>,
    modes: [Modes; 2],
    /// To the server, to the client.
    queues: [Queue; 2],
    next: u8,
}

fn kind<T>(result: ntpipe::Result<T>) -> Result<T, ErrorKind> {
    result.map_err(|error| error.kind())
}

fn create(name: &str, messages: bool, quota: u32) -> NamedPipeServer {
    ServerOptions::new()
        .pipe_mode(if messages { PipeMode::Message } else { PipeMode::Byte })
        .in_buffer_size(quota)
        .out_buffer_size(quota)
        .max_instances(1)
        .create(name)
        .unwrap()
}

impl World {
    fn new(messages: bool, quota: u32) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!(r"\\.\pipe\model-{}-{count}", std::process::id());
        Self {
            server: create(&name, messages, quota),
            name,
            messages,
            quota,
            client: None,
            link: Link::Listening,
            orphan: None,
            modes: [Modes { by_message: messages, nowait: false }, Modes::default()],
            queues: Default::default(),
            next: 0,
        }
    }

    fn end(&self, side: Side) -> Option<&Pipe> {
        match side {
            Side::Server => Some(&self.server),
            Side::Client => self.client.as_deref(),
        }
    }

    fn standing(&self, side: Side) -> Standing {
        match (side, self.link) {
            (Side::Client, _) => self.orphan.unwrap_or(Standing::Whole),
            (Side::Server, Link::Connected) => Standing::Whole,
            (Side::Server, Link::Closing) => Standing::Ending,
            (Side::Server, Link::Listening) => Standing::Not(PipeListening),
            (Side::Server, Link::Disconnected) => Standing::Not(PipeNotConnected),
        }
    }

    fn payload(&mut self, len: usize) -> Vec<u8> {
        (0..len)
            .map(|_| {
                self.next = self.next.wrapping_add(1);
                self.next
            })
            .collect()
    }

    fn step(&mut self, operation: &Operation) -> Result<(), TestCaseError> {
        match *operation {
            Operation::Send(side, len) => self.send(side, len, false),
            Operation::SendAndGiveUp(side, len) => self.send(side, len, true),
            Operation::Recv(side, len) => self.recv(side, len),
            Operation::TransactInVain(side, len, cancel) => {
                self.transact_in_vain(side, len, cancel)
            }
            Operation::Transact(side, len, reply, part) => self.transact(side, len, reply, part),
            Operation::Peek(side, len) => self.peek(side, len),
            Operation::Flush(side) => self.flush(side),
            Operation::SetState(side, by_message, nowait) => {
                self.set_state(side, by_message, nowait)
            }
            Operation::State(side) => self.state(side),
            Operation::Listen => self.listen(),
            Operation::Disconnect => self.disconnect(),
            Operation::Open => self.open(),
            Operation::CloseClient => {
                self.client = None;
                if self.orphan.take().is_none() && self.link == Link::Connected {
                    self.link = Link::Closing;
                }
                Ok(())
            }
            Operation::RestartServer => self.restart(),
        }
    }

    fn send(&mut self, side: Side, len: usize, give_up: bool) -> Result<(), TestCaseError> {
        let data = self.payload(len);
        let standing = self.standing(side);
        let nowait = self.modes[side as usize].nowait;
        let Some(end) = self.end(side) else { return Ok(()) };
        let to = 1 - side as usize;
        let fits = self.queues[to].unread() + len <= self.quota as usize || len == 0;
        if give_up && !nowait && !fits && self.queues[to].withdrawn + len > 8000 {
            return Ok(());
        }
        let result = kind(match (give_up, nowait) {
            (true, _) => end.send_timeout(&data, Duration::ZERO),
            (false, true) => end.send(&data),
            (false, false) => end.try_send(&data),
        });
        let expected = match standing {
            Standing::Not(why) => Err(why),
            Standing::Ending => Err(NoData),
            Standing::Whole if fits => Ok(len),
            Standing::Whole if nowait => Ok(0),
            Standing::Whole if give_up => Err(WaitTimeout),
            Standing::Whole => Err(NoData),
        };
        prop_assert_eq!(result, expected);
        let queue = &mut self.queues[to];
        if expected == Ok(len) && (self.messages || len > 0) {
            queue.messages.push_back(data);
        } else if expected == Err(WaitTimeout) {
            queue.withdrawn += len;
        }
        Ok(())
    }

    fn recv(&mut self, side: Side, len: usize) -> Result<(), TestCaseError> {
        let standing = self.standing(side);
        let Modes { by_message, nowait } = self.modes[side as usize];
        let Some(end) = self.end(side) else { return Ok(()) };
        let mut into = vec![0; len];
        let result = if nowait { end.recv(&mut into) } else { end.try_recv(&mut into) };
        let result = kind(result).map(|got| (into[..got.len].to_vec(), got.more));
        let expected = match standing {
            Standing::Not(why) => Err(why),
            Standing::Whole => self.queues[side as usize].read(len, by_message).ok_or(NoData),
            Standing::Ending => self.queues[side as usize].read(len, by_message).ok_or(BrokenPipe),
        };
        prop_assert_eq!(result, expected);
        Ok(())
    }

    fn peek(&mut self, side: Side, len: usize) -> Result<(), TestCaseError> {
        let standing = self.standing(side);
        let Some(end) = self.end(side) else { return Ok(()) };
        let mut into = vec![0; len];
        let result = kind(end.peek(&mut into))
            .map(|seen| (into[..seen.len].to_vec(), seen.available, seen.message_left));
        let queue = &self.queues[side as usize];
        let expected = match standing {
            Standing::Not(_) if matches!(side, Side::Server) => Err(BadPipe),
            Standing::Not(why) => Err(why),
            Standing::Ending if queue.messages.is_empty() => Err(BrokenPipe),
            _ => {
                let count = if self.messages { 1 } else { usize::MAX };
                let front: Vec<u8> = queue.messages.iter().take(count).flatten().copied().collect();
                let copied = front[..len.min(front.len())].to_vec();
                let left = if self.messages { front.len() - copied.len() } else { 0 };
                Ok((copied, queue.unread() as u64, left as u64))
            }
        };
        prop_assert_eq!(result, expected);
        Ok(())
    }

    fn flush(&mut self, side: Side) -> Result<(), TestCaseError> {
        let standing = self.standing(side);
        let Some(end) = self.end(side) else { return Ok(()) };
        let unread = self.queues[1 - side as usize].unread();
        let result = kind(end.flush_timeout(Duration::ZERO));
        let expected = match standing {
            Standing::Not(why) if matches!(side, Side::Client) => Err(why),
            Standing::Whole if unread > 0 => Err(WaitTimeout),
            _ => Ok(()),
        };
        prop_assert_eq!(result, expected);
        Ok(())
    }

    fn set_state(
        &mut self,
        side: Side,
        by_message: bool,
        nowait: bool,
    ) -> Result<(), TestCaseError> {
        let standing = self.standing(side);
        let Some(end) = self.end(side) else { return Ok(()) };
        let mode = if by_message { PipeMode::Message } else { PipeMode::Byte };
        let result = kind(end.set_state(mode, nowait));
        let expected = match standing {
            Standing::Not(why) if matches!(side, Side::Client) => Err(why),
            _ if by_message && !self.messages => Err(InvalidParameter),
            _ => Ok(()),
        };
        prop_assert_eq!(result, expected);
        if expected.is_ok() {
            self.modes[side as usize] = Modes { by_message, nowait };
        }
        Ok(())
    }

    fn state(&mut self, side: Side) -> Result<(), TestCaseError> {
        let standing = self.standing(side);
        let Some(end) = self.end(side) else { return Ok(()) };
        let result = kind(end.state()).map(|s| (s.read_mode == PipeMode::Message, s.nowait));
        let Modes { by_message, nowait } = self.modes[side as usize];
        let expected = match standing {
            Standing::Not(why) if matches!(side, Side::Client) => Err(why),
            _ => Ok((by_message, nowait)),
        };
        prop_assert_eq!(result, expected);
        Ok(())
    }

    fn listen(&mut self) -> Result<(), TestCaseError> {
        let nowait = self.modes[Side::Server as usize].nowait;
        let nobody = if nowait { PipeListening } else { WaitTimeout };
        let result = kind(self.server.connect_timeout(Duration::ZERO));
        let expected = match self.link {
            Link::Connected => Ok(()),
            Link::Closing => Err(NoData),
            Link::Listening | Link::Disconnected => {
                self.link = Link::Listening;
                Err(nobody)
            }
        };
        prop_assert_eq!(result, expected);
        Ok(())
    }

    fn disconnect(&mut self) -> Result<(), TestCaseError> {
        let result = kind(self.server.disconnect());
        let expected = if self.link == Link::Disconnected { Err(PipeNotConnected) } else { Ok(()) };
        prop_assert_eq!(result, expected);
        if self.link == Link::Connected {
            self.orphan = Some(Standing::Not(PipeNotConnected));
        }
        self.link = Link::Disconnected;
        Ok(())
    }

    fn open(&mut self) -> Result<(), TestCaseError> {
        let result = kind(ClientOptions::new().open(&self.name));
        if self.link != Link::Listening {
            prop_assert_eq!(result.err(), Some(PipeBusy));
            return Ok(());
        }
        self.client = Some(result.map_err(|kind| TestCaseError::fail(format!("open: {kind:?}")))?);
        self.link = Link::Connected;
        self.orphan = None;
        self.modes[Side::Client as usize] = Modes::default();
        self.queues = Default::default();
        Ok(())
    }

    /// Closes the server, lets the client see it, and creates the next one.
    fn restart(&mut self) -> Result<(), TestCaseError> {
        let spare = create(&format!("{}-spare", self.name), self.messages, self.quota);
        drop(std::mem::replace(&mut self.server, spare));
        let missing = kind(ClientOptions::new().open(&self.name)).err();
        prop_assert_eq!(missing, Some(ErrorKind::NotFound));
        if self.link == Link::Connected {
            self.orphan = Some(Standing::Ending);
            self.send(Side::Client, 3, false)?;
            self.peek(Side::Client, 10)?;
            self.recv(Side::Client, 10)?;
        }
        self.server = create(&self.name, self.messages, self.quota);
        self.modes[Side::Server as usize] = Modes { by_message: self.messages, nowait: false };
        self.link = Link::Listening;
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        // A failure can cost a wait.
        max_shrink_time: 120_000,
        ..ProptestConfig::default()
    })]
    #[test]
    fn ends_agree_with_a_queue(
        messages in any::<bool>(),
        quota in prop_oneof![Just(0u32), Just(1), Just(100), Just(4096)],
        operations in operations(),
    ) {
        let mut world = World::new(messages, quota);
        // Most sequences are about a connection.
        world.open()?;
        for (at, operation) in operations.iter().enumerate() {
            let link = world.link;
            world.step(operation).map_err(|error| match error {
                TestCaseError::Fail(why) => {
                    TestCaseError::fail(format!("step {at}, {operation:?}, {link:?}: {why}"))
                }
                reject => reject,
            })?;
        }
    }
}

/// A message larger than the shared memory comes in pieces; no byte of it is lost to a reader that
/// never waits, whatever its buffer.
#[test]
fn a_message_in_pieces_is_read_whole_without_waiting() {
    const LEN: usize = 300_000;
    for (read_mode, part) in [
        (PipeMode::Message, 2 * LEN),
        (PipeMode::Message, 1000),
        (PipeMode::Byte, 2 * LEN),
        (PipeMode::Byte, 1000),
    ] {
        let world = World::new(true, 4096);
        let client = ClientOptions::new().open(&world.name).unwrap();
        let message: Vec<u8> = (0..LEN).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect();
        world.server.set_state(read_mode, false).unwrap();
        std::thread::scope(|scope| {
            let sender = scope.spawn(|| client.send_timeout(&message, Duration::from_secs(60)));
            let mut read: Vec<u8> = Vec::new();
            let mut into = vec![0; part];
            while read.len() < LEN {
                let written = sender.is_finished();
                match world.server.try_recv(&mut into) {
                    Ok(got) => {
                        read.extend(&into[..got.len]);
                        if read_mode == PipeMode::Message {
                            assert_eq!(got.more, read.len() < LEN);
                        }
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), NoData, "{error}, after {} bytes", read.len());
                        assert!(!written, "bytes were lost");
                        std::thread::yield_now();
                    }
                }
            }
            assert!(read == message);
            assert_eq!(sender.join().unwrap().unwrap(), LEN);
        });
        assert_eq!(kind(world.server.try_recv(&mut [0; 8])).err(), Some(NoData));
    }
}
