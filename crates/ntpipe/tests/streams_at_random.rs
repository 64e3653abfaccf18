//! Anonymous pipes whose ends become standard streams and are closed at any moment, while many threads use
//! them: every byte that was written is read once, and every call ends.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use ntpipe::{ErrorKind, PipeReader, PipeWriter};

const BOUND: Duration = Duration::from_secs(60);
const ROUNDS: u64 = 300;
const WRITES: u64 = 40;

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        // splitmix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }

    fn pause(&mut self) {
        match self.below(3) {
            0 => {}
            1 => (0..self.below(50)).for_each(|_| thread::yield_now()),
            _ => thread::sleep(Duration::from_micros(self.below(500))),
        }
    }
}

/// How many bytes of each writer went in and came out.
#[derive(Default)]
struct Counts {
    written: [AtomicU64; 8],
    read: [AtomicU64; 8],
}

impl Counts {
    fn got(&self, bytes: &[u8]) {
        for byte in bytes {
            self.read[usize::from(*byte)].fetch_add(1, Ordering::Relaxed);
        }
    }

    fn put(&self, of: u8, len: usize) {
        self.written[usize::from(of)].fetch_add(len as u64, Ordering::Relaxed);
    }
}

fn len(dice: &mut Dice) -> usize {
    let limit = [3, 300, 5000, 100_000][usize::try_from(dice.below(4)).unwrap()];
    usize::try_from(dice.below(limit) + 1).unwrap()
}

/// Writes until it has written enough, or nobody reads any more.
fn write_own(writer: &PipeWriter, of: u8, counts: &Counts, mut dice: Dice) {
    for _ in 0..dice.below(WRITES) {
        let data = vec![of; len(&mut dice)];
        let result = if dice.below(5) == 0 { writer.try_send(&data) } else { writer.send(&data) };
        match result {
            Ok(len) => counts.put(of, len),
            // Full, for one that must not wait, or closed.
            Err(error) if error.kind() == ErrorKind::NoData => {}
            Err(error) => return assert_eq!(error.kind(), ErrorKind::BrokenPipe),
        }
    }
}

fn write_stream(mut file: File, of: u8, counts: &Counts, mut dice: Dice) {
    for _ in 0..dice.below(WRITES) {
        let data = vec![of; len(&mut dice)];
        match file.write_all(&data) {
            Ok(()) => counts.put(of, data.len()),
            Err(error) => return assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe),
        }
    }
}

fn read_own(reader: &PipeReader, counts: &Counts, stop: u64, mut dice: Dice) {
    for _ in 0..stop {
        let mut into = vec![0; len(&mut dice)];
        match reader.recv(&mut into) {
            Ok(got) => counts.got(&into[..got.len]),
            Err(error) => return assert_eq!(error.kind(), ErrorKind::BrokenPipe),
        }
    }
}

fn read_stream(mut file: File, counts: &Counts, stop: u64, mut dice: Dice) {
    for _ in 0..stop {
        let mut into = vec![0; len(&mut dice)];
        match file.read(&mut into).expect("read") {
            0 => return,
            len => counts.got(&into[..len]),
        }
    }
}

/// One pipe, its threads, and what became of it. `early`: the readers may close before the end.
fn round(seed: u64, early: bool) -> Counts {
    let mut dice = Dice(seed);
    let quota = [1, 100, 4096, 200_000][usize::try_from(dice.below(4)).unwrap()];
    let (reader, writer) = ntpipe::anonymous_with_quota(quota).expect("a pipe");
    let all = Counts::default();
    let counts = &all;
    let mut next = move || Dice(dice.below(u64::MAX));
    thread::scope(|scope| {
        let mut threads: Vec<ScopedJoinHandle<'_, ()>> = Vec::new();
        let mut tags = 0..8;
        let mut tag = || tags.next().expect("few writers");
        for _ in 0..=next().below(2) {
            let (of, writer) = (tag(), writer.try_clone().expect("cloned"));
            let mut dice = next();
            threads.push(scope.spawn(move || {
                dice.pause();
                write_own(&writer, of, counts, dice);
            }));
        }
        for _ in 0..next().below(3) {
            let (of, writer) = (tag(), writer.try_clone().expect("cloned"));
            let mut dice = next();
            threads.push(scope.spawn(move || {
                dice.pause();
                let file = File::from(writer.to_stdio().expect("a stream"));
                if dice.below(2) == 0 {
                    drop(writer);
                }
                write_stream(file, of, counts, dice);
            }));
        }
        let streams = next().below(3);
        let stop = if early { next().below(20) } else { u64::MAX };
        for _ in 0..streams {
            let reader = reader.try_clone().expect("cloned");
            let mut dice = next();
            threads.push(scope.spawn(move || {
                dice.pause();
                let file = File::from(reader.to_stdio().expect("a stream"));
                if dice.below(2) == 0 {
                    drop(reader);
                }
                read_stream(file, counts, stop, dice);
            }));
        }
        for _ in 0..(next().below(3)).max(u64::from(streams == 0)) {
            let reader = reader.try_clone().expect("cloned");
            let mut dice = next();
            threads.push(scope.spawn(move || {
                dice.pause();
                read_own(&reader, counts, stop, dice);
            }));
        }
        next().pause();
        drop((reader, writer));
    });
    all
}

fn within_bound(early: bool, check: fn(u64, &Counts)) {
    for seed in 0..ROUNDS {
        let (tell, told) = mpsc::channel();
        let running = thread::spawn(move || {
            check(seed, &round(seed, early));
            tell.send(()).expect("the test listens");
        });
        match told.recv_timeout(BOUND) {
            Ok(()) => running.join().expect("it has ended"),
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("seed {seed}: a call does not end"),
            Err(mpsc::RecvTimeoutError::Disconnected) => panic!("seed {seed}"),
        }
    }
}

#[test]
fn every_byte_is_read_once_whoever_hands_an_end_out() {
    within_bound(false, |seed, counts| {
        for (of, (written, read)) in counts.written.iter().zip(&counts.read).enumerate() {
            let [written, read] = [written, read].map(|count| count.load(Ordering::Relaxed));
            assert_eq!(read, written, "seed {seed}: bytes of writer {of}");
        }
    });
}

#[test]
fn every_call_ends_when_the_readers_close_at_any_moment() {
    within_bound(true, |_, _| {});
}
