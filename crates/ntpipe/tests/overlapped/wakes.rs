//! What makes the descriptor readable, and what does not.

use std::collections::VecDeque;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use ntpipe::overlapped::{Cancelled, Started};
use ntpipe::{ClientOptions, ErrorKind, PipeMode, Recv, Result};

use crate::driver::*;

#[test]
fn only_what_was_armed_tells() {
    let (server, client) = pair(PipeMode::Message, 10);
    let readiness = server.readiness().unwrap();
    let mut read = reading(&server, 8);
    waits(&mut read);
    client.send(b"quiet").unwrap();
    assert!(!is_readable(&readiness), "a step announces nothing");
    assert!(read.arm(), "it came before: step again");
    over(&mut read).unwrap();
    let mut read = reading(&server, 8);
    assert!(!read.arm());
    assert!(!is_readable(&readiness));
    client.send(b"loud").unwrap();
    becomes_readable(&readiness);
    readiness.clear();
    assert!(!is_readable(&readiness));
    client.send(b"spent").unwrap();
    assert!(!is_readable(&readiness), "once for each time");
    over(&mut read).unwrap();
}

#[test]
fn room_and_death_tell() {
    let (server, client) = pair(PipeMode::Byte, 4);
    let readiness = client.readiness().unwrap();
    let mut write = writing(&client, b"12345");
    assert!(!write.arm());
    server.recv(&mut [0; 8]).unwrap();
    becomes_readable(&readiness);
    readiness.clear();
    assert_eq!(over(&mut write).unwrap(), 5);
    let mut read = reading(&client, 4);
    let mut write = writing(&client, b"12345");
    assert!(!read.arm() && !write.arm());
    drop(server);
    becomes_readable(&readiness);
    readiness.clear();
    assert_eq!(fails(&mut read), ErrorKind::BrokenPipe);
    assert_eq!(fails(&mut write), ErrorKind::BrokenPipe);
    assert!(is_readable(&readiness), "who is gone stays gone");
}

#[test]
fn what_this_process_does_to_the_end_tells() {
    // Each of these ends or helps an operation of the same end, which was armed before.
    let (server, client) = pair(PipeMode::Message, 4);
    let readiness = client.readiness().unwrap();
    let mut write = writing(&client, b"12345");
    let mut flush = flushing(&client);
    assert!(!flush.arm());
    std::thread::scope(|scope| {
        scope.spawn(|| is_aborted(&mut write));
        becomes_readable(&readiness);
    });
    readiness.clear();
    over(&mut flush).unwrap();

    let (mut first, mut second) = (reading(&client, 8), reading(&client, 8));
    assert!(!second.arm());
    is_aborted(&mut first);
    becomes_readable(&readiness);
    readiness.clear();
    server.send(b"x").unwrap();
    over(&mut second).unwrap();

    let (mut first, mut second) = (reading(&client, 8), reading(&client, 8));
    assert!(!second.arm());
    server.send(b"1").unwrap();
    server.send(b"2").unwrap();
    readiness.clear();
    over(&mut first).unwrap();
    assert!(is_readable(&readiness), "its turn has come");
    over(&mut second).unwrap();

    let readiness = server.readiness().unwrap();
    let mut read = reading(&server, 8);
    assert!(!read.arm());
    server.disconnect().unwrap();
    becomes_readable(&readiness);
    assert_eq!(fails(&mut read), ErrorKind::PipeNotConnected);

    let (server, client) = pair(PipeMode::Message, 4);
    let readiness = client.readiness().unwrap();
    let mut read = reading(&client, 8);
    assert!(!read.arm());
    drop(client);
    becomes_readable(&readiness);
    assert_eq!(fails(&mut read), ErrorKind::BrokenPipe);
    drop(server);
}

#[test]
fn one_descriptor_for_all_clients_of_a_server() {
    let name = unique();
    let server = create(&name, PipeMode::Message, 10);
    let readiness = server.readiness().unwrap();
    let number = readiness.as_fd().as_raw_fd();
    for round in 0..3 {
        let mut listen = listening(&server);
        readiness.clear();
        assert!(!listen.arm());
        assert!(!is_readable(&readiness));
        let client = ClientOptions::new().open(&name).unwrap();
        becomes_readable(&readiness);
        drive(&server, &mut listen).unwrap();
        readiness.clear();
        let mut read = reading(&server, 8);
        assert!(!read.arm());
        assert!(!is_readable(&readiness), "round {round}");
        client.send(b"x").unwrap();
        becomes_readable(&readiness);
        assert!(matches!(read.step(), Poll::Ready(Ok(_))));
        server.disconnect().unwrap();
        assert_eq!(server.readiness().unwrap().as_fd().as_raw_fd(), number);
    }
}

#[test]
fn a_client_that_another_thread_lets_in_tells() {
    let name = unique();
    let server = create(&name, PipeMode::Message, 10);
    let readiness = server.readiness().unwrap();
    let mut listen = listening(&server);
    let client = ClientOptions::new().open(&name).unwrap();
    // A call that lets it in, as a side effect.
    while server.peek(&mut []).is_err() {}
    assert!(listen.arm(), "known already");
    over(&mut listen).unwrap();
    server.disconnect().unwrap();
    drop(client);
    let mut listen = listening(&server);
    readiness.clear();
    assert!(!listen.arm());
    let clone = server.try_clone().unwrap();
    let _client = ClientOptions::new().open(&name).unwrap();
    std::thread::spawn(move || while clone.peek(&mut []).is_err() {}).join().unwrap();
    becomes_readable(&readiness);
    readiness.clear();
    over(&mut listen).unwrap();
}

#[test]
fn a_call_that_takes_the_byte_of_the_socket_passes_the_news_on() {
    let (server, client) = pair(PipeMode::Message, 10);
    let _ = server.as_fd();
    let readiness = server.readiness().unwrap();
    let mut first = reading(&server, 8);
    let mut second = writing(&server, &[1; 11]);
    assert!(!first.arm() && !second.arm());
    client.recv(&mut [0; 11]).unwrap();
    // It empties the socket before it announces itself.
    assert_eq!(server.try_recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::NoData);
    becomes_readable(&readiness);
    readiness.clear();
    assert_eq!(over(&mut second).unwrap(), 11);
    client.send(b"x").unwrap();
    over(&mut first).unwrap();
}

#[test]
fn no_wake_is_lost_between_two_drivers() {
    // Every message waits for its reader, and every reader for its message.
    let (server, client) = pair(PipeMode::Message, 0);
    let rounds = 5000u32;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..rounds {
                assert_eq!(read_whole(&client, 8).unwrap(), round.to_le_bytes());
                write_whole(&client, b"ok").unwrap();
            }
        });
        for round in 0..rounds {
            write_whole(&server, &round.to_le_bytes()).unwrap();
            assert_eq!(read_whole(&server, 8).unwrap(), b"ok");
        }
    });
}

#[test]
fn one_thread_clears_while_others_start_and_cancel() {
    let (server, client) = pair(PipeMode::Message, 8);
    let readiness = server.readiness().unwrap();
    let reads = Mutex::new(VecDeque::new());
    let got = AtomicU32::new(0);
    let total = 2000;
    let take = |result: Result<Recv>| match result {
        Ok(recv) => {
            assert_eq!(recv.len, 8);
            got.fetch_add(1, Ordering::Relaxed);
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::BrokenPipe, "at the end"),
    };
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..total {
                client.send(b"message!").unwrap();
            }
            // Its end keeps the descriptor readable: nobody sleeps for ever.
            drop(client);
        });
        scope.spawn(|| {
            // Starts reads, arms them, and leaves them to the driver; some it takes back.
            for turn in 0..total * 2 {
                let mut buffer = vec![0; 8];
                let mut reads = reads.lock().unwrap();
                match server.start_read(&mut buffer) {
                    Started::Done(result) => take(result),
                    Started::Pending(read) => {
                        let mut read = With(read, buffer);
                        read.arm();
                        reads.push_back(read);
                    }
                }
                // The next one's turn comes by that.
                if turn % 3 == 0 && reads.len() > 1 {
                    let mut read = reads.pop_front().unwrap();
                    if let Cancelled::Completed(result) = read.cancel() {
                        take(result);
                    }
                }
                drop(reads);
                std::thread::yield_now();
            }
        });
        while got.load(Ordering::Relaxed) < total {
            readiness.clear();
            let mut reads = reads.lock().unwrap();
            reads.retain_mut(|read| match read.step() {
                Poll::Ready(result) => {
                    take(result);
                    false
                }
                Poll::Pending => true,
            });
            let news = reads.iter_mut().fold(false, |news, read| read.arm() | news);
            drop(reads);
            if !news && got.load(Ordering::Relaxed) < total {
                becomes_readable(&readiness);
            }
        }
    });
}

#[test]
fn the_descriptor_serves_an_edge_triggered_epoll() {
    use rustix::event::epoll;
    let (server, client) = pair(PipeMode::Message, 100);
    let readiness = server.readiness().unwrap();
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
    let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
    epoll::add(&epoll, &*readiness, epoll::EventData::new_u64(1), flags).unwrap();
    let told = || {
        let mut events = Vec::with_capacity(4);
        let at_once = rustix::event::Timespec::default();
        epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut events), Some(&at_once)).unwrap();
        events.len()
    };
    for _ in 0..3 {
        let mut read = reading(&server, 8);
        assert!(!read.arm());
        assert_eq!(told(), 0);
        client.send(b"x").unwrap();
        assert_eq!((told(), told()), (1, 0));
        readiness.clear();
        over(&mut read).unwrap();
        let (mut first, mut second) = (reading(&server, 8), reading(&server, 8));
        assert!(!second.arm());
        is_aborted(&mut first);
        assert_eq!((told(), told()), (1, 0), "by this process itself");
        readiness.clear();
        is_aborted(&mut second);
    }
}
