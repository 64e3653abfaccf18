//! Pending writes and flushes.

use std::task::Poll;

use ntpipe::overlapped::{Cancelled, Started};
use ntpipe::{ErrorKind, PipeMode};

use crate::driver::*;

#[test]
fn what_fits_the_quota_is_written_at_once() {
    let (server, client) = pair(PipeMode::Byte, 4);
    assert_eq!(done(client.start_write(b"1234")).unwrap(), 4);
    let mut write = writing(&client, b"5");
    waits(&mut write);
    assert_eq!(server.recv(&mut [0; 1]).unwrap().len, 1);
    assert_eq!(over(&mut write).unwrap(), 1);
}

#[test]
fn a_pending_write_is_visible_and_completes_when_its_rest_fits_the_quota() {
    let (server, client) = pair(PipeMode::Byte, 10);
    let mut write = writing(&client, &[1; 100]);
    assert_eq!(server.peek(&mut []).unwrap().available, 100);
    assert_eq!(server.recv(&mut [0; 89]).unwrap().len, 89);
    waits_after_news(&mut write);
    assert_eq!(server.recv(&mut [0; 1]).unwrap().len, 1);
    assert_eq!(over(&mut write).unwrap(), 100);
    assert_eq!(server.peek(&mut []).unwrap().available, 10);
}

/// It has news, which are not enough.
#[track_caller]
fn waits_after_news(operation: &mut impl Operation) {
    assert!(operation.is_worth_trying());
    waits(operation);
}

#[test]
fn several_writes_complete_in_order() {
    let (server, client) = pair(PipeMode::Message, 10);
    let [mut first, mut second] = [[1; 30], [2; 30]].map(|data| writing(&client, &data));
    let mut third = writing(&client, b"3");
    assert!(done(client.start_write(b"")).is_ok(), "no bytes never wait");
    assert_eq!(server.recv(&mut [0; 30]).unwrap().len, 30);
    assert_eq!(over(&mut first).unwrap(), 30);
    waits(&mut second);
    waits(&mut third);
    assert_eq!(read_whole(&server, 30).unwrap(), [2; 30]);
    assert_eq!(over(&mut second).unwrap(), 30);
    assert_eq!(over(&mut third).unwrap(), 1);
    assert_eq!(read_whole(&server, 30).unwrap(), b"3");
    assert_eq!(read_whole(&server, 30).unwrap(), b"");
}

#[test]
fn with_a_quota_of_0_a_write_waits_until_it_is_read() {
    let (server, client) = pair(PipeMode::Byte, 0);
    let mut write = writing(&client, b"12");
    server.recv(&mut [0; 1]).unwrap();
    waits_after_news(&mut write);
    server.recv(&mut [0; 1]).unwrap();
    assert_eq!(over(&mut write).unwrap(), 2);
}

#[test]
fn a_cancelled_write_takes_its_unread_data_away() {
    let (server, client) = pair(PipeMode::Byte, 10);
    let mut write = writing(&client, &[1; 100]);
    let mut next = writing(&client, &[2; 11]);
    assert_eq!(server.recv(&mut [0; 50]).unwrap().len, 50);
    is_aborted(&mut write);
    waits_after_news(&mut next);
    assert_eq!(read_whole(&server, 1).unwrap(), [2]);
    assert_eq!(over(&mut next).unwrap(), 11);
    assert_eq!(read_whole(&server, 100).unwrap(), [2; 10]);
}

#[test]
fn a_write_whose_rest_fits_has_completed_although_nobody_stepped_it() {
    let (server, client) = pair(PipeMode::Byte, 10);
    let mut write = writing(&client, &[1; 100]);
    assert_eq!(server.recv(&mut [0; 95]).unwrap().len, 95);
    let Cancelled::Completed(Ok(100)) = write.cancel() else { panic!("taken away") };
    assert_eq!(server.peek(&mut []).unwrap().available, 5);
}

#[test]
fn a_dropped_write_is_cancelled() {
    let (server, client) = pair(PipeMode::Message, 10);
    drop(writing(&client, &[1; 11]));
    assert_eq!(server.peek(&mut []).unwrap().available, 0);
    drop(writing(&client, &[1; 1_000_000]));
    assert!(done(client.start_write(b"next")).is_ok());
    assert_eq!(read_whole(&server, 10).unwrap(), b"next");
}

#[test]
fn how_a_pending_write_ends_without_a_reader() {
    let (server, client) = pair(PipeMode::Byte, 1);
    let (mut first, mut second) = (writing(&server, b"12"), writing(&server, &[3; 1_000_000]));
    let mut third = writing(&server, b"4");
    drop(client);
    assert_eq!(fails(&mut first), ErrorKind::BrokenPipe);
    assert_eq!(fails(&mut second), ErrorKind::BrokenPipe);
    assert_eq!(fails(&mut third), ErrorKind::BrokenPipe, "it was accepted, though not placed");
    assert_eq!(done(server.start_write(b"5")).unwrap_err().kind(), ErrorKind::NoData);

    let (server, client) = pair(PipeMode::Byte, 1);
    let (mut near, mut far) = (writing(&server, b"12"), writing(&client, b"34"));
    let mut flush = flushing(&client);
    server.disconnect().unwrap();
    assert_eq!(fails(&mut near), ErrorKind::PipeNotConnected);
    assert_eq!(fails(&mut far), ErrorKind::PipeNotConnected);
    assert_eq!(fails(&mut flush), ErrorKind::PipeNotConnected);

    let (server, client) = pair(PipeMode::Byte, 1);
    let mut write = writing(&client, b"12");
    drop(client);
    assert_eq!(fails(&mut write), ErrorKind::BrokenPipe, "its own last handle was closed");
    let mut read = [0; 4];
    let error = done(server.start_read(&mut read)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe, "what was pending went with it");
}

#[test]
fn a_write_longer_than_the_ring_is_fed_by_its_steps_and_nothing_overtakes_it() {
    let (server, client) = pair(PipeMode::Message, 1000);
    let long: Vec<u8> = (0..250_000u32).flat_map(u32::to_le_bytes).collect();
    // The first one fills the ring, so the second one is not placed at all; nor is the third, which
    // would fit as soon as something is read.
    let mut writes = [&long[..], &long[1..], b"third"].map(|data| writing(&client, data));
    let mut got = Vec::new();
    let mut turns = 0;
    while got.len() < 3 {
        let mut buffer = vec![0; long.len()];
        let recv = match server.start_read(&mut buffer) {
            Started::Done(result) => result.unwrap(),
            Started::Pending(read) => {
                let mut read = With(read, buffer);
                let recv = loop {
                    turns += 1;
                    // The worst order.
                    for write in writes.iter_mut().rev() {
                        let _ = write.step();
                    }
                    if let Poll::Ready(result) = read.step() {
                        break result.unwrap();
                    }
                };
                buffer = read.1;
                recv
            }
        };
        assert!(!recv.more);
        buffer.truncate(recv.len);
        got.push(buffer);
    }
    assert!(got[0] == long && got[1] == long[1..] && got[2] == b"third");
    assert!(turns > 20, "it went in pieces");
}

#[test]
fn a_blocking_write_does_not_overtake_a_started_one() {
    let (server, client) = pair(PipeMode::Message, 10);
    let mut fill = writing(&client, &[1; 200_000]);
    let mut second = writing(&client, &[2; 30_000]);
    let other = client.try_clone().unwrap();
    let blocking = std::thread::spawn(move || other.send(b"third").unwrap());
    for expected in [200_000, 30_000, 5] {
        let mut message = vec![0; 200_000];
        let mut read = match server.start_read(&mut message) {
            Started::Done(result) => {
                assert_eq!(result.unwrap().len, expected);
                continue;
            }
            Started::Pending(read) => With(read, message),
        };
        let got = loop {
            let _ = (second.step(), fill.step());
            if let Poll::Ready(result) = read.step() {
                break result.unwrap();
            }
        };
        assert_eq!(got.len, expected);
    }
    blocking.join().unwrap();
}

#[test]
fn without_waiting_what_does_not_fit_writes_nothing() {
    let (server, client) = pair(PipeMode::Byte, 4);
    client.set_state(PipeMode::Byte, true).unwrap();
    assert_eq!(done(client.start_write(b"12345")).unwrap(), 0);
    // A read that is armed is a waiting reader.
    let mut read = reading(&server, 1);
    assert!(!read.arm());
    assert_eq!(done(client.start_write(b"12345")).unwrap(), 5);
    assert_eq!(over(&mut read).unwrap().len, 1);
    assert_eq!(done(client.start_write(b"6789")).unwrap(), 0);
}

#[test]
fn flushes() {
    let (server, client) = pair(PipeMode::Byte, 4);
    assert!(done(client.start_flush()).is_ok(), "nothing is unread");
    client.send(b"1234").unwrap();
    let mut flush = flushing(&client);
    server.recv(&mut [0; 3]).unwrap();
    waits_after_news(&mut flush);
    server.recv(&mut [0; 3]).unwrap();
    over(&mut flush).unwrap();
    // Data that a cancellation takes away is waited for no more.
    let mut write = writing(&client, b"12345");
    let mut flush = flushing(&client);
    is_aborted(&mut write);
    over(&mut flush).unwrap();
    client.send(b"1").unwrap();
    let mut flush = flushing(&client);
    is_aborted(&mut flush);
    let mut flush = flushing(&client);
    drop(server);
    assert_eq!(fails(&mut flush), ErrorKind::BrokenPipe);
    assert!(done(client.start_flush()).is_ok(), "the peer is gone already");
    let listening = create(&unique(), PipeMode::Byte, 4);
    assert!(done(listening.start_flush()).is_ok());
}
