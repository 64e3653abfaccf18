//! `TransactNamedPipe` in the model: answered, given up, cancelled.

use std::time::Duration;

use ntpipe::ErrorKind::{self, BadPipe, NoData, OperationAborted, PipeBusy, WaitTimeout};
use ntpipe::{ClientOptions, PipeMode};
use proptest::prelude::*;

use super::{Side, Standing, World, kind};

/// No wait of these tests takes this long unless something hangs.
const BOUND: Duration = Duration::from_secs(60);

impl World {
    /// Why no transaction begins, if so.
    fn transact_refused(&self, side: Side) -> Option<ErrorKind> {
        let standing = self.standing(side);
        let by_message = self.messages && self.modes[side as usize].by_message;
        match standing {
            Standing::Not(_) if matches!(side, Side::Server) || !by_message => Some(BadPipe),
            _ if !by_message => Some(BadPipe),
            Standing::Not(why) => Some(why),
            Standing::Ending => Some(BadPipe),
            Standing::Whole if !self.queues[side as usize].messages.is_empty() => Some(PipeBusy),
            Standing::Whole => None,
        }
    }

    /// The request of a transaction does not regard the quota, but it needs room in the memory.
    fn has_room(&self, to: usize, len: usize) -> bool {
        self.queues[to].unread() + self.queues[to].withdrawn + len <= 8000
    }

    pub(super) fn transact_in_vain(
        &mut self,
        side: Side,
        len: usize,
        cancel: bool,
    ) -> Result<(), TestCaseError> {
        let request = self.payload(len);
        let refused = self.transact_refused(side);
        let to = 1 - side as usize;
        let Some(end) = self.end(side) else { return Ok(()) };
        if !self.has_room(to, len) {
            return Ok(());
        }
        let mut reply = [0; 100];
        let result = if cancel {
            std::thread::scope(|scope| {
                let call = scope.spawn(|| kind(end.transact(&request, &mut reply)));
                // One that comes before the call waits is not for it.
                while !call.is_finished() {
                    end.cancel_io();
                    std::thread::yield_now();
                }
                call.join().unwrap()
            })
        } else {
            kind(end.transact_timeout(&request, &mut reply, Duration::ZERO))
        };
        let in_vain = if cancel { OperationAborted } else { WaitTimeout };
        prop_assert_eq!(result.map(|got| got.len), Err(refused.unwrap_or(in_vain)));
        if refused.is_none() {
            // Sent is sent.
            self.queues[to].messages.push_back(request);
        }
        Ok(())
    }

    pub(super) fn transact(
        &mut self,
        side: Side,
        len: usize,
        reply: usize,
        part: usize,
    ) -> Result<(), TestCaseError> {
        // The peer knows by its last byte that it has read the request.
        let request = self.payload(len + 1);
        let reply = self.payload(reply.min(self.quota as usize));
        let refused = self.transact_refused(side);
        let to = 1 - side as usize;
        let (here, there) = match side {
            Side::Server => (self.end(Side::Server), self.end(Side::Client)),
            Side::Client => (self.end(Side::Client), self.end(Side::Server)),
        };
        let Some(here) = here else { return Ok(()) };
        if !self.has_room(to, request.len()) {
            return Ok(());
        }
        let mut into = vec![0; part];
        let expected = self.queues[to].unread() + request.len();
        let (result, read) = std::thread::scope(|scope| {
            let replies = scope.spawn(|| {
                let (Some(there), None) = (there, refused) else { return Vec::new() };
                let mut read: Vec<u8> = Vec::new();
                let mut into = vec![0; expected];
                while read.len() < expected {
                    match there.try_recv(&mut into) {
                        Ok(got) => read.extend(&into[..got.len]),
                        Err(error) if error.kind() == NoData => std::thread::yield_now(),
                        Err(error) => panic!("the peer: {error}"),
                    }
                }
                there.try_send(&reply).unwrap();
                read
            });
            let result = kind(here.transact_timeout(&request, &mut into, BOUND));
            (result.map(|got| (into[..got.len].to_vec(), got.more)), replies.join().unwrap())
        });
        if let Some(why) = refused {
            prop_assert_eq!(result, Err(why));
            return Ok(());
        }
        let mut written: Vec<u8> = self.queues[to].messages.drain(..).flatten().collect();
        written.extend(request);
        prop_assert!(read == written, "{} bytes of {}", read.len(), written.len());
        self.queues[side as usize].messages.push_back(reply);
        let expected = self.queues[side as usize].read(part, true);
        prop_assert_eq!(Some(result), expected.map(Ok));
        Ok(())
    }
}

/// The request of a transaction that nobody reads, longer than the memory: cancelled or timed out it is
/// withdrawn, and the next transaction finds its reply.
#[test]
fn a_long_request_that_is_given_up_is_not_read() {
    for cancel in [false, true] {
        let world = World::new(true, 4096);
        let client = ClientOptions::new().pipe_mode(PipeMode::Message).open(&world.name).unwrap();
        let long = &vec![7; 100_000];
        let timeout = if cancel { Duration::MAX } else { Duration::from_millis(5) };
        let result = std::thread::scope(|scope| {
            let call = scope.spawn(|| client.transact_timeout(long, &mut [0; 8], timeout));
            while cancel && !call.is_finished() {
                client.cancel_io();
                std::thread::yield_now();
            }
            kind(call.join().unwrap())
        });
        assert_eq!(result.unwrap_err(), if cancel { OperationAborted } else { WaitTimeout });
        std::thread::scope(|scope| {
            let reply = scope.spawn(|| {
                let mut reply = [0; 8];
                let got = client.transact_timeout(b"short", &mut reply, BOUND);
                reply[..got.unwrap().len].to_vec()
            });
            let mut read = Vec::new();
            while !read.ends_with(b"short") {
                world.server.recv_msg(&mut read).unwrap();
                assert!(read.is_empty() || read == b"short", "{} bytes", read.len());
            }
            world.server.send(b"reply").unwrap();
            assert_eq!(reply.join().unwrap(), b"reply");
        });
    }
}
