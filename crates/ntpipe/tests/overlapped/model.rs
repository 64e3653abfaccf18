//! Random starts, steps and cancellations in one thread, against plain queues that follow Windows' rules
//! for pending reads and writes.

use std::collections::VecDeque;
use std::task::Poll;

use ntpipe::PipeMode;
use ntpipe::overlapped::{Cancelled, Started};
use proptest::prelude::*;

use crate::driver::*;

const QUOTA: usize = 100;

#[derive(Clone, Copy, Debug)]
enum Do {
    Write(usize),
    Read(usize),
    CancelWrite(usize),
    CancelRead(usize),
    /// Steps everything, backwards or not.
    Step(bool),
}

fn an_action() -> impl Strategy<Value = Do> {
    prop_oneof![
        4 => (1..400usize).prop_map(Do::Write),
        4 => (1..300usize).prop_map(Do::Read),
        1 => (0..4usize).prop_map(Do::CancelWrite),
        1 => (0..4usize).prop_map(Do::CancelRead),
        2 => any::<bool>().prop_map(Do::Step),
    ]
}

/// A message in the pipe: its mark, what is unread of it, and whether its write had completed.
struct Unread {
    mark: u8,
    len: usize,
    completed: bool,
}

/// What Windows would do, with each event taking effect at once.
#[derive(Default)]
struct Model {
    unread: VecDeque<Unread>,
    reads: VecDeque<(u64, usize)>,
    /// What each read that is over gave: its mark, its length, whether there was more.
    given: Vec<(u64, (u8, usize, bool))>,
}

impl Model {
    fn settle(&mut self) {
        while let (Some((read, len)), Some(front)) =
            (self.reads.front().copied(), self.unread.front_mut())
        {
            let count = front.len.min(len);
            front.len -= count;
            let more = front.len > 0;
            self.given.push((read, (front.mark, count, more)));
            self.reads.pop_front();
            if !more {
                self.unread.pop_front();
            }
        }
        let mut before = 0;
        for message in &mut self.unread {
            before += message.len;
            message.completed |= before <= QUOTA;
        }
    }

    fn has_completed(&self, mark: u8) -> bool {
        self.unread.iter().all(|message| message.mark != mark || message.completed)
    }
}

/// The real thing beside it. What is over on Windows is over here as soon as it is stepped.
struct Run {
    server: ntpipe::NamedPipeServer,
    client: ntpipe::NamedPipeClient,
    writes: Vec<(u8, Writing)>,
    reads: Vec<(u64, Reading)>,
    given: Vec<(u64, (u8, usize, bool))>,
    model: Model,
    next: u64,
}

impl Run {
    fn step_reads(&mut self) {
        // Each that is over may give its turn to the next.
        let mut at = 0;
        while at < self.reads.len() {
            match self.reads[at].1.step() {
                Poll::Ready(result) => {
                    let (number, read) = self.reads.remove(at);
                    let got = result.unwrap();
                    self.given.push((number, (read.1[0], got.len, got.more)));
                }
                Poll::Pending => at += 1,
            }
        }
    }

    fn act(&mut self, action: Do) {
        match action {
            Do::Write(len) => {
                self.next += 1;
                let mark = u8::try_from(self.next % 251).unwrap();
                let data = vec![mark; len];
                self.model.unread.push_back(Unread { mark, len, completed: false });
                if let Started::Pending(write) = self.client.start_write(&data) {
                    self.writes.push((mark, With(write, data)));
                }
                // A pending read takes it before anybody looks at the quota.
                self.step_reads();
                self.model.settle();
            }
            Do::Read(len) => {
                self.next += 1;
                let mut buffer = vec![0; len];
                self.model.reads.push_back((self.next, len));
                match self.server.start_read(&mut buffer) {
                    Started::Done(got) => {
                        let got = got.unwrap();
                        self.given.push((self.next, (buffer[0], got.len, got.more)));
                    }
                    Started::Pending(read) => self.reads.push((self.next, With(read, buffer))),
                }
                self.model.settle();
            }
            Do::CancelWrite(at) if at < self.writes.len() => {
                let (mark, mut write) = self.writes.remove(at);
                let completed = self.model.has_completed(mark);
                match write.cancel() {
                    Cancelled::Aborted => {
                        assert!(!completed, "it had completed");
                        self.model.unread.retain(|message| message.mark != mark);
                    }
                    Cancelled::Completed(result) => {
                        assert!(completed, "it had not completed");
                        result.unwrap();
                    }
                }
                self.model.settle();
            }
            Do::CancelRead(at) if at < self.reads.len() => {
                let (number, mut read) = self.reads.remove(at);
                is_aborted(&mut read);
                self.model.reads.retain(|(waiting, _)| *waiting != number);
            }
            Do::CancelWrite(_) | Do::CancelRead(_) => {}
            Do::Step(backwards) => {
                let mut writes = std::mem::take(&mut self.writes);
                if backwards {
                    writes.reverse();
                }
                for (mark, mut write) in writes {
                    let completed = self.model.has_completed(mark);
                    match write.step() {
                        Poll::Ready(result) => {
                            assert!(completed, "too early");
                            assert_eq!(result.unwrap(), write.1.len());
                        }
                        Poll::Pending => {
                            assert!(!completed, "too late");
                            self.writes.push((mark, write));
                        }
                    }
                }
                self.writes.sort_by_key(|(mark, _)| *mark);
            }
        }
        assert_eq!(self.given, self.model.given);
        let available: usize = self.model.unread.iter().map(|message| message.len).sum();
        assert_eq!(self.server.peek(&mut []).unwrap().available, available as u64);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn random_operations_follow_the_model(actions in prop::collection::vec(an_action(), 1..80)) {
        let (server, client) = pair(PipeMode::Message, u32::try_from(QUOTA).unwrap());
        let mut run = Run {
            server,
            client,
            writes: Vec::new(),
            reads: Vec::new(),
            given: Vec::new(),
            model: Model::default(),
            next: 0,
        };
        for action in actions {
            run.act(action);
        }
    }
}
