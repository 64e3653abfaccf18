//! What makes the descriptor readable, and what does not.

use std::os::fd::{AsFd, AsRawFd};
use std::task::Poll;

use ntpipe::{ClientOptions, ErrorKind, PipeMode};

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
