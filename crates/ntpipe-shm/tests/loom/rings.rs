//! Records between a producer and a consumer.

use loom::thread;
use ntpipe_shm::ring::{Consumer, Producer, Seen, Withdrawn};

use super::{check, segment};

/// Takes the next record, in parts of at most `part` bytes; the second value tells that it was
/// withdrawn before all of it was taken.
fn next(consumer: &mut Consumer, part: usize) -> (Vec<u8>, bool) {
    let mut taken = Vec::new();
    loop {
        match consumer.front().unwrap() {
            Seen::Empty(_) => thread::yield_now(),
            Seen::Cut => return (taken, true),
            Seen::Record(front) => {
                let mut into = vec![0; part];
                if let Some(count) = consumer.take(front, &mut into).unwrap() {
                    taken.extend(&into[..count]);
                    if count == front.left as usize {
                        return (taken, false);
                    }
                }
            }
        }
    }
}

#[test]
fn no_byte_is_lost_or_stale_when_the_ring_wraps() {
    check(|| {
        // Four units: one record of two units at a time, and the second one wraps.
        let segment = segment(32);
        let mut producer = Producer::new(segment.clone(), 0);
        let mut consumer = Consumer::new(segment, 0);
        let messages: [&[u8]; 3] = [&[1; 8], &[2; 5], &[3; 16]];
        let sender = thread::spawn(move || {
            for message in messages {
                while producer.push(message, 0, false).unwrap().is_none() {
                    thread::yield_now();
                }
            }
        });
        for message in messages {
            assert_eq!(next(&mut consumer, 16), (message.to_vec(), false));
        }
        sender.join().unwrap();
    });
}

/// A withdrawal meets a consumer that takes in parts of this size.
fn withdraw_against_take(part: usize) {
    check(move || {
        let segment = segment(64);
        let mut producer = Producer::new(segment.clone(), 0);
        let mut consumer = Consumer::new(segment, 0);
        let placed = producer.push(&[7; 8], 0, true).unwrap().unwrap();
        let sender = thread::spawn(move || {
            let outcome = producer.withdraw(placed.units, placed.end_bytes).unwrap();
            producer.push(&[9; 2], 0, false).unwrap().unwrap();
            (producer, outcome)
        });
        let (first, cut) = next(&mut consumer, part);
        let second = next(&mut consumer, 8);
        let (mut producer, outcome) = sender.join().unwrap();

        assert!(first.iter().all(|byte| *byte == 7));
        assert_eq!(cut, outcome == Withdrawn::Done, "told {outcome:?}, taken {first:?}");
        assert_eq!(cut, first.len() < 8);
        assert!(cut || first.len() == 8);
        assert_eq!(second, (vec![9; 2], false));
        producer.refresh().unwrap();
        assert_eq!(producer.unread(), 0);
    });
}

#[test]
fn a_record_is_taken_or_withdrawn_but_not_both() {
    withdraw_against_take(8);
}

#[test]
fn a_withdrawn_record_loses_exactly_what_was_not_taken() {
    withdraw_against_take(5);
}

#[test]
fn what_is_unread_after_a_withdrawal_is_known_to_the_producer() {
    check(|| {
        let segment = segment(64);
        let mut producer = Producer::new(segment.clone(), 0);
        let mut consumer = Consumer::new(segment, 0);
        let placed = producer.push(&[7; 8], 0, true).unwrap().unwrap();
        producer.push(&[9; 2], 0, false).unwrap().unwrap();
        let taker = thread::spawn(move || {
            let Seen::Record(front) = consumer.front().unwrap() else { return 0 };
            consumer.take(front, &mut [0; 5]).unwrap().unwrap_or(0)
        });
        producer.withdraw(placed.units, placed.end_bytes).unwrap();
        assert_eq!(producer.unread(), 2, "nothing but the second record");
        let taken = taker.join().unwrap();
        producer.refresh().unwrap();
        assert_eq!(producer.unread(), 2, "still, after {taken} bytes were taken");
    });
}

/// Takes records until one completes what it or those before it began; a cut in between drops that.
fn next_whole(consumer: &mut Consumer) -> Vec<u8> {
    let mut taken = Vec::new();
    loop {
        match consumer.front().unwrap() {
            Seen::Empty(_) => thread::yield_now(),
            Seen::Cut => taken.clear(),
            Seen::Record(front) => {
                let mut into = vec![0; front.left as usize];
                if consumer.take(front, &mut into).unwrap().is_some() {
                    taken.extend(into);
                    if front.rest == 0 {
                        return taken;
                    }
                }
            }
        }
    }
}

#[test]
fn of_a_withdrawn_run_of_records_no_end_is_left_without_its_beginning() {
    check(|| {
        let segment = segment(64);
        let mut producer = Producer::new(segment.clone(), 0);
        let mut consumer = Consumer::new(segment, 0);
        let first = producer.push(&[1], 1, true).unwrap().unwrap();
        let last = producer.push(&[2], 0, true).unwrap().unwrap();
        producer.push(&[9], 0, false).unwrap().unwrap();
        let taker = thread::spawn(move || {
            let whole = next_whole(&mut consumer);
            if whole == [9] { vec![whole] } else { vec![whole, next_whole(&mut consumer)] }
        });
        let outcome = producer.withdraw(first.units, last.end_bytes).unwrap();
        let expected = match outcome {
            Withdrawn::Done => vec![vec![9]],
            Withdrawn::TooLate => vec![vec![1, 2], vec![9]],
        };
        assert_eq!(taker.join().unwrap(), expected);
    });
}
