//! The ring against an in-memory oracle, with random operations; and against a hostile peer.

use std::collections::VecDeque;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::segment::{Segment, Spec};

fn ring(capacity: u32) -> (Producer, Consumer, Arc<Segment>) {
    let spec = Spec { capacities: [capacity; 2], quotas: [0; 2], kind: 0 };
    let segment = Arc::new(Segment::create(spec).unwrap().0);
    (Producer::new(segment.clone(), 0), Consumer::new(segment.clone(), 0), segment)
}

#[derive(Clone, Debug)]
enum Operation {
    Push(usize),
    Take(usize),
    PushAndWithdraw(usize),
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        (0usize..1500).prop_map(Operation::Push),
        (0usize..1500).prop_map(Operation::Take),
        (0usize..600).prop_map(Operation::PushAndWithdraw),
    ];
    prop::collection::vec(operation, 1..400)
}

proptest! {
    #[test]
    fn random_operations_agree_with_a_queue(operations in operations()) {
        let (mut producer, mut consumer, _) = ring(4096);
        // Each record: its footprint, and what is unread of it; `None` once withdrawn.
        let mut oracle: VecDeque<(usize, Option<Vec<u8>>)> = VecDeque::new();
        let mut next = 0u8;
        for operation in operations {
            match operation {
                Operation::Push(len) => {
                    next = next.wrapping_add(1);
                    let payload = vec![next; len];
                    let footprint = 8 + len.next_multiple_of(8);
                    let used: usize = oracle.iter().map(|(f, _)| f).sum();
                    let placed = producer.push(&payload, 0, false).unwrap();
                    // One unit is kept back.
                    prop_assert_eq!(placed.is_some(), used + footprint + 8 <= 4096);
                    if placed.is_some() {
                        oracle.push_back((footprint, Some(payload)));
                    }
                }
                Operation::PushAndWithdraw(len) => {
                    if let Some(placed) = producer.push(&vec![0xEE; len], 0, true).unwrap() {
                        let out = producer.withdraw(placed.units, placed.end_bytes).unwrap();
                        prop_assert_eq!(out, Withdrawn::Done);
                        oracle.push_back((8 + len.next_multiple_of(8), None));
                    }
                }
                Operation::Take(len) => {
                    let seen = loop {
                        match consumer.front().unwrap() {
                            Seen::Cut => prop_assert!(matches!(oracle.pop_front(), Some((_, None)))),
                            other => break other,
                        }
                    };
                    match (seen, oracle.front_mut()) {
                        (Seen::Empty(_), None) => {}
                        (Seen::Record(front), Some((_, Some(expected)))) => {
                            prop_assert_eq!(front.left as usize, expected.len());
                            let mut out = vec![0; len];
                            let count = consumer.take(front, &mut out).unwrap().unwrap();
                            prop_assert_eq!(&out[..count], &expected[..count]);
                            expected.drain(..count);
                            if expected.is_empty() {
                                oracle.pop_front();
                            }
                        }
                        (seen, expected) => prop_assert!(false, "{seen:?} but {expected:?}"),
                    }
                }
            }
            producer.refresh().unwrap();
            let unread: usize = oracle.iter().filter_map(|(_, r)| r.as_ref()).map(Vec::len).sum();
            prop_assert_eq!(producer.unread() as usize, unread);
        }
    }

    #[test]
    fn garbage_in_the_cursors_and_headers_is_an_error_or_bytes_but_nothing_else(
        tail in any::<u64>(), head in any::<u64>(), header in any::<u64>(), rest in any::<u64>()
    ) {
        use crate::sync::Ordering::Relaxed;
        let (mut producer, mut consumer, segment) = ring(4096);
        producer.push(b"first", 0, true).unwrap().unwrap();
        segment.ring(0).tail.0.store(tail, Relaxed);
        segment.bytes(0).word(0).store(header, Relaxed);
        segment.bytes(0).word(8).store(rest, Relaxed);
        let mut out = [0; 4096];
        for _ in 0..2000 {
            match consumer.front() {
                Ok(Seen::Record(front)) => {
                    if consumer.take(front, &mut out).is_err() { break; }
                }
                Ok(Seen::Cut) => {}
                Ok(Seen::Empty(_)) | Err(_) => break,
            }
        }
        let _ = consumer.scan(|_, _, copy| { copy(&mut [0; 64]); true });
        segment.ring(0).head.0.store(head, Relaxed);
        let _ = producer.refresh();
        let _ = producer.push(&[1; 100], 0, false);
        let _ = producer.withdraw(0, 5);
    }
}

#[test]
fn a_partly_taken_record_that_is_withdrawn_loses_its_rest() {
    let (mut producer, mut consumer, _) = ring(4096);
    let placed = producer.push(b"0123456789", 0, true).unwrap().unwrap();
    producer.push(b"next", 0, false).unwrap().unwrap();
    let Seen::Record(front) = consumer.front().unwrap() else { panic!("a record") };
    let mut three = [0; 3];
    assert_eq!(consumer.take(front, &mut three).unwrap(), Some(3));
    assert_eq!(producer.withdraw(placed.units, placed.end_bytes).unwrap(), Withdrawn::Done);
    assert_eq!(producer.unread(), 4);
    assert_eq!(consumer.front().unwrap(), Seen::Cut);
    let Seen::Record(front) = consumer.front().unwrap() else { panic!("a record") };
    assert_eq!(front.left, 4);
}

#[test]
fn a_consumed_record_cannot_be_withdrawn() {
    let (mut producer, mut consumer, _) = ring(4096);
    let placed = producer.push(b"gone", 0, true).unwrap().unwrap();
    let Seen::Record(front) = consumer.front().unwrap() else { panic!("a record") };
    consumer.take(front, &mut [0; 8]).unwrap().unwrap();
    assert_eq!(producer.withdraw(placed.units, placed.end_bytes).unwrap(), Withdrawn::TooLate);
}

#[test]
fn what_is_left_of_a_run_longer_than_the_ring_can_be_withdrawn() {
    let (mut producer, mut consumer, _) = ring(4096);
    let piece = [7; 1000];
    let first = producer.push(&piece, 9000, true).unwrap().unwrap();
    let mut end_bytes = first.end_bytes;
    for rest in (0..9000).rev().step_by(1000) {
        let rest = rest / 1000 * 1000;
        while let Ok(Seen::Record(front)) = consumer.front() {
            if producer.room(true).is_some_and(|room| room >= 1000) {
                break;
            }
            consumer.take(front, &mut [0; 1000]).unwrap().unwrap();
            producer.refresh().unwrap();
        }
        end_bytes = producer.push(&piece, rest, true).unwrap().unwrap().end_bytes;
    }
    assert_eq!(producer.withdraw(first.units, end_bytes).unwrap(), Withdrawn::Done);
    assert_eq!(producer.unread(), 0);
    while let Seen::Cut = consumer.front().unwrap() {}
    assert!(matches!(consumer.front().unwrap(), Seen::Empty(_)));
}

#[test]
fn what_a_dead_holder_has_not_completed_is_withdrawn_and_nothing_else() {
    let (mut producer, mut consumer, _) = ring(4096);
    let push = |producer: &mut Producer, holder, payload: &[u8], rest| {
        producer.set_holder(holder);
        producer.push(payload, rest, true).unwrap().unwrap();
    };
    push(&mut producer, 3, b"completed", 0);
    push(&mut producer, 0, b"the first one's", 0);
    push(&mut producer, 3, b"too much", 0);
    push(&mut producer, 5, b"another's", 0);
    push(&mut producer, 3, b"begun", 9);
    producer.withdraw_of(3, 24).unwrap();
    producer.cut();
    assert_eq!(producer.unread(), 9 + 15 + 9);
    let mut left = Vec::new();
    loop {
        match consumer.front().unwrap() {
            Seen::Record(front) => {
                let mut out = [0; 20];
                assert_eq!(front.rest, 0);
                let count = consumer.take(front, &mut out).unwrap().unwrap();
                left.push(out[..count].to_vec());
            }
            Seen::Cut => {}
            Seen::Empty(_) => break,
        }
    }
    assert_eq!(left, [&b"completed"[..], b"the first one's", b"another's"]);
}

#[test]
fn a_record_that_names_its_holder_is_written_where_it_just_fits() {
    let (mut producer, mut consumer, _) = ring(4096);
    producer.set_holder(7);
    producer.refresh().unwrap();
    let room = producer.room(producer.has_second(true)).unwrap();
    let payload = vec![1; room as usize];
    producer.push(&payload, 0, true).unwrap().unwrap();
    producer.cut();
    let Seen::Record(front) = consumer.front().unwrap() else { panic!("a record") };
    assert_eq!((front.left, front.rest), (room, 0));
}

#[test]
fn every_holder_of_a_producing_end_knows_what_the_others_withdrew() {
    let (mut one, mut consumer, segment) = ring(4096);
    let mut two = Producer::new(segment, 0);
    let placed = one.push(b"0123456789", 0, true).unwrap().unwrap();
    one.push(b"next", 0, false).unwrap().unwrap();
    two.resync().unwrap();
    assert_eq!(two.unread(), 14);
    let Seen::Record(front) = consumer.front().unwrap() else { panic!("a record") };
    assert_eq!(consumer.take(front, &mut [0; 3]).unwrap(), Some(3));
    one.withdraw(placed.units, placed.end_bytes).unwrap();
    two.resync().unwrap();
    assert_eq!((one.unread(), two.unread()), (4, 4));
    let placed = two.push(b"more", 0, true).unwrap().unwrap();
    two.withdraw(placed.units, placed.end_bytes).unwrap();
    one.resync().unwrap();
    assert_eq!((one.unread(), two.unread()), (4, 4));
    assert_eq!(consumer.front().unwrap(), Seen::Cut);
    one.resync().unwrap();
    two.resync().unwrap();
    assert_eq!((one.unread(), two.unread()), (4, 4));
}

#[test]
fn a_tag_travels_with_each_record_until_it_changes() {
    let (mut producer, mut consumer, _) = ring(4096);
    let tags = |consumer: &mut Consumer| {
        let mut into = [0; 16];
        std::iter::from_fn(|| match consumer.front().unwrap() {
            Seen::Record(front) => {
                consumer.take(front, &mut into).unwrap();
                Some((front.tag, front.rest, into[0]))
            }
            _ => None,
        })
        .collect::<Vec<_>>()
    };
    producer.push(b"0", 0, false).unwrap().unwrap();
    producer.set_tag(0xA5);
    producer.push(b"1", 0, false).unwrap().unwrap();
    producer.push(b"2", 7, true).unwrap().unwrap();
    producer.set_holder(0xFF);
    producer.push(b"3", 0, true).unwrap().unwrap();
    producer.set_tag(0);
    producer.push(b"4", 0, true).unwrap().unwrap();
    let seen = [(0, 0, b'0'), (0xA5, 0, b'1'), (0xA5, 7, b'2'), (0xA5, 0, b'3'), (0, 0, b'4')];
    assert_eq!(tags(&mut consumer), seen);
}

#[test]
fn a_record_with_a_tag_is_written_where_it_just_fits() {
    let (mut producer, mut consumer, _) = ring(4096);
    producer.set_tag(1);
    producer.refresh().unwrap();
    let room = producer.room(producer.has_second(false)).unwrap();
    let payload = vec![3; room as usize];
    producer.push(&payload, 0, false).unwrap().unwrap();
    let Seen::Record(front) = consumer.front().unwrap() else { panic!("nothing there") };
    let mut into = vec![0; room as usize];
    assert_eq!((consumer.take(front, &mut into).unwrap(), into), (Some(room as usize), payload));
}
