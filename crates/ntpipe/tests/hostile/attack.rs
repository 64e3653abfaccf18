//! What attackers of either side do to a segment, and what their victims must bear.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use ntpipe::{ErrorKind, Pipe, PipeMode, Recv, Result};
use ntpipe_shm::segment::Segment;

use super::{BOUND, QUOTA, RIGHT_LEN};

/// A small generator, so that a failure names its seed.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_of<const N: usize>(&mut self, choices: [u64; N]) -> u64 {
        choices[usize::try_from(self.below(N as u64)).unwrap()]
    }
}

/// What an attacker does to the segment, again and again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Attack {
    /// Anything anywhere in the header and the rings.
    Anything,
    /// Cursors near those that are there, headers of every kind.
    Plausible,
    /// A ring that is always full of records of this header, towards the victim.
    Flood(u32),
    /// Lives and bells.
    Sides,
}

const TAIL_0: u64 = 384;
const HEAD_0: u64 = 512;
const DATA_0: u64 = 4096;

/// One blow against the side `victim` of the segment, 0 for the server.
pub(super) fn attack(
    segment: &Segment,
    fd: &OwnedFd,
    attack: Attack,
    victim: usize,
    dice: &mut Dice,
) {
    let write = |at: u64, bytes: &[u8]| {
        rustix::io::pwrite(fd, bytes, at).unwrap();
    };
    let read = |at: u64| {
        let mut word = [0; 8];
        rustix::io::pread(fd, &mut word, at).unwrap();
        u64::from_ne_bytes(word)
    };
    match attack {
        Attack::Anything => {
            let end = if dice.below(2) == 0 { 896 } else { RIGHT_LEN - 8 };
            // A server that sees another specification does not let the client in.
            let begin = if victim == 0 { 128 } else { 0 };
            write(begin + dice.below(end - begin), &dice.next().to_ne_bytes());
        }
        Attack::Plausible => {
            let cursor = dice.one_of([TAIL_0, HEAD_0, TAIL_0 + 256, HEAD_0 + 256]);
            let step = dice.below(64) << 32 | dice.below(64);
            match dice.below(4) {
                0 => write(cursor, &read(cursor).wrapping_add(step).to_ne_bytes()),
                1 => write(cursor, &read(cursor).wrapping_sub(step).to_ne_bytes()),
                _ => {
                    let flags = dice.below(32) << 59;
                    let length = dice.below(256) << 32;
                    let start = read(cursor) & 0xFFFF_FFFF;
                    let word = flags | length | start;
                    let ring = dice.below(2) * 32_768;
                    let units = [dice.below(4096), read(cursor) >> 32 & 4095];
                    let units = dice.one_of(units);
                    write(DATA_0 + ring + units * 8, &word.to_ne_bytes());
                    if dice.below(4) == 0 {
                        write(DATA_0 + ring + (units * 8 + 8) % 32_768, &u64::MAX.to_ne_bytes());
                    }
                }
            }
        }
        Attack::Flood(flags) => {
            // Through the mapping, as fast as the reader.
            let ring = segment.ring(victim);
            if dice.below(100) == 0 {
                let start = ring.head.0.load(Ordering::Relaxed) & 0xFFFF_FFFF;
                let header = u64::from(flags) << 32 | start;
                write(DATA_0 + victim as u64 * 32_768, &header.to_ne_bytes().repeat(4096));
            }
            for _ in 0..1000 {
                let head = ring.head.0.load(Ordering::Relaxed);
                ring.tail.0.store(head.wrapping_add(4096 << 32), Ordering::Relaxed);
            }
        }
        Attack::Sides => {
            let at = dice.one_of([128, 256]) + dice.below(4) * 4;
            let value = [0, 1, 2, 4, u64::MAX, dice.next()];
            let value = dice.one_of(value);
            write(at, &value.to_ne_bytes()[..4]);
        }
    }
}

/// A buffer with something on either side of it that must stay.
struct Fenced {
    bytes: Vec<u8>,
    len: usize,
}

impl Fenced {
    const FENCE: usize = 64;
    const STAYS: u8 = 0xA5;

    fn new(len: usize) -> Self {
        Self { bytes: vec![Self::STAYS; len + 2 * Self::FENCE], len }
    }

    fn buffer(&mut self) -> &mut [u8] {
        &mut self.bytes[Self::FENCE..Self::FENCE + self.len]
    }

    /// Nothing beyond the buffer was written, and not more is said to be there than fits.
    fn check(&self, told: Option<usize>) {
        assert!(told.is_none_or(|told| told <= self.len), "{told:?} of {}", self.len);
        let after = &self.bytes[Self::FENCE + self.len..];
        let around = self.bytes[..Self::FENCE].iter().chain(after);
        assert!(around.into_iter().all(|byte| *byte == Self::STAYS), "written beyond the buffer");
    }
}

/// How many operations there are: those that end by themselves, then those that wait.
const ENDING: u64 = 10;
const ALL: u64 = 15;

/// Each operation that ends by itself, once.
pub(super) fn operate_all(end: &Pipe) {
    (0..ENDING).for_each(|which| operate(end, which, &mut Dice(which)));
}

/// One operation; that it ends is what counts, and that an error is one of this connection.
fn operate(end: &Pipe, which: u64, dice: &mut Dice) {
    let soon = Duration::from_micros(dice.below(300));
    let len = usize::try_from(dice.below(6000)).unwrap();
    let mut into = Fenced::new(len);
    let recv = |result: Result<Recv>| result.map(|got| Some(got.len));
    let result = match which {
        0 => recv(end.recv_timeout(into.buffer(), soon)),
        1 => recv(end.try_recv(into.buffer())),
        2 => end.peek(into.buffer()).map(|seen| Some(seen.len)),
        3 => recv(end.transact_timeout(&vec![0; len], into.buffer(), soon)),
        4 => end.send_timeout(&vec![0; len * 10], soon).map(|_| None),
        5 => end.try_send(&vec![0; len]).map(|_| None),
        6 => end.flush_timeout(soon).map(|()| None),
        7 => end.set_state(PipeMode::Byte, dice.below(2) == 0).map(|()| None),
        8 | 9 => end.set_state(PipeMode::Message, false).map(|()| None),
        10 => recv(end.recv(into.buffer())),
        11 => recv(end.transact(&vec![0; len], into.buffer())),
        12 => recv(end.borrow().and_then(|front| front.consume(into.buffer()))),
        13 => end.send(&vec![0; len * 2]).map(|_| None),
        _ => end.reserve(u32::try_from(len).unwrap()).map(|room| {
            room.commit();
            None
        }),
    };
    into.check(result.as_ref().ok().copied().flatten());
    if let Err(error) = result {
        let expected = matches!(
            error.kind(),
            ErrorKind::Corrupt
                | ErrorKind::WaitTimeout
                | ErrorKind::NoData
                | ErrorKind::BrokenPipe
                | ErrorKind::PipeNotConnected
                | ErrorKind::BadPipe
                | ErrorKind::PipeBusy
                | ErrorKind::OperationAborted
        ) || error.kind() == ErrorKind::InvalidParameter && len > QUOTA as usize;
        assert!(expected, "{error}");
    }
}

/// Operations on `end` while its peer attacks, and others cancel what waits.
pub(super) fn fight(
    end: &Pipe,
    (segment, fd): (&Segment, &OwnedFd),
    kind: Attack,
    victim: usize,
    seed: u64,
) {
    let mut dice = Dice(seed);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut dice = Dice(!seed);
            while !over.load(Ordering::Relaxed) {
                for _ in 0..50 {
                    attack(segment, fd, kind, victim, &mut dice);
                }
            }
        });
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_micros(300));
                end.cancel_io();
            }
        });
        // Ends the others also if an operation panics.
        let _over = Over(&over);
        for _ in 0..60 {
            let which = dice.below(ALL);
            operate(end, which, &mut dice);
        }
    });
}

/// Sets the flag when it goes, also if a test fails.
pub(super) struct Over<'a>(pub(super) &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs the attack with some seeds; a call that never ends fails, too, and names the seed.
pub(super) fn survives_all(survives: fn(Attack, u64), attack: Attack, seeds: u64) {
    for seed in 0..seeds {
        let (done, wait) = mpsc::channel();
        let worker = std::thread::spawn(move || {
            survives(attack, seed);
            done.send(()).unwrap();
        });
        if wait.recv_timeout(BOUND) == Err(mpsc::RecvTimeoutError::Timeout) {
            panic!("{attack:?}, seed {seed}: a call does not end");
        }
        assert!(worker.join().is_ok(), "{attack:?}, seed {seed}");
    }
}
