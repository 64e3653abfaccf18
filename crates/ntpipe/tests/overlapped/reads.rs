//! Pending reads and transactions.

use std::task::Poll;

use ntpipe::overlapped::Cancelled;
use ntpipe::{ErrorKind, PipeMode, Recv};

use crate::driver::*;

fn recv(len: usize, more: bool) -> Recv {
    Recv { len, more }
}

#[test]
fn what_is_there_is_taken_at_once() {
    let (server, client) = pair(PipeMode::Message, 100);
    client.send(b"hello").unwrap();
    let mut buffer = [0; 3];
    let got = done(server.start_read(&mut buffer)).unwrap();
    assert_eq!((got.len, got.more, &buffer), (3, true, b"hel"));
    assert_eq!(done(server.start_read(&mut buffer)).unwrap(), recv(2, false));
}

#[test]
fn several_reads_are_served_in_the_order_of_their_start() {
    let (server, client) = pair(PipeMode::Message, 100);
    let [mut first, mut second, mut third] = [8, 8, 8].map(|len| reading(&server, len));
    client.send(b"one").unwrap();
    waits(&mut third);
    waits(&mut second);
    assert_eq!(over(&mut first).unwrap(), recv(3, false));
    assert_eq!(&first.1[..3], b"one");
    // The second one is cancelled; the others are left alone.
    is_aborted(&mut second);
    client.send(b"two").unwrap();
    assert_eq!(over(&mut third).unwrap(), recv(3, false));
    assert_eq!(&third.1[..3], b"two");
}

#[test]
fn a_read_that_is_dropped_keeps_no_other_waiting() {
    let (server, client) = pair(PipeMode::Byte, 100);
    let first = reading(&server, 8);
    let mut second = reading(&server, 8);
    drop(first);
    client.send(b"x").unwrap();
    assert_eq!(over(&mut second).unwrap().len, 1);
}

#[test]
fn a_longer_message_completes_a_pending_read_and_its_rest_stays() {
    let (server, client) = pair(PipeMode::Message, 100);
    let mut read = reading(&server, 4);
    client.send(b"123456").unwrap();
    assert_eq!(over(&mut read).unwrap(), recv(4, true));
    assert_eq!(read_whole(&server, 10).unwrap(), b"56");
}

#[test]
fn a_read_of_no_bytes_waits_for_data_and_leaves_it() {
    for (mode, more) in [(PipeMode::Byte, false), (PipeMode::Message, true)] {
        let (server, client) = pair(mode, 100);
        let mut read = reading(&server, 0);
        waits(&mut read);
        client.send(b"data").unwrap();
        assert_eq!(over(&mut read).unwrap(), recv(0, more));
        assert_eq!(read_whole(&server, 10).unwrap(), b"data");
    }
}

#[test]
fn an_empty_message_completes_one_read_and_an_empty_byte_write_none() {
    let (server, client) = pair(PipeMode::Message, 100);
    let [mut first, mut second] = [4, 4].map(|len| reading(&server, len));
    client.send(b"").unwrap();
    assert_eq!(over(&mut first).unwrap(), recv(0, false));
    waits(&mut second);
    let (server, client) = pair(PipeMode::Byte, 100);
    let mut read = reading(&server, 4);
    client.send(b"").unwrap();
    waits(&mut read);
}

#[test]
fn the_read_mode_is_that_of_the_start() {
    let (server, client) = pair(PipeMode::Message, 100);
    let mut read = reading(&server, 2);
    server.set_state(PipeMode::Byte, false).unwrap();
    client.send(b"abc").unwrap();
    assert!(over(&mut read).unwrap().more);
}

#[test]
fn how_a_pending_read_ends_without_data() {
    let (server, client) = pair(PipeMode::Byte, 100);
    let mut read = reading(&server, 4);
    client.send(b"last").unwrap();
    drop(client);
    assert_eq!(over(&mut read).unwrap().len, 4, "written before the close");
    let error = done(server.start_read(&mut [0; 4])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);

    let (server, client) = pair(PipeMode::Byte, 100);
    let mut read = reading(&server, 4);
    drop(client);
    assert_eq!(fails(&mut read), ErrorKind::BrokenPipe);

    let (server, client) = pair(PipeMode::Byte, 100);
    let (mut near, mut far) = (reading(&server, 4), reading(&client, 4));
    server.disconnect().unwrap();
    assert_eq!(fails(&mut near), ErrorKind::PipeNotConnected);
    assert_eq!(fails(&mut far), ErrorKind::PipeNotConnected);

    let (server, _client) = pair(PipeMode::Byte, 100);
    let mut read = reading(&server, 4);
    drop(server);
    assert_eq!(fails(&mut read), ErrorKind::BrokenPipe, "its own last handle was closed");
}

#[test]
fn a_read_does_not_go_over_to_the_next_client() {
    let name = unique();
    let server = create(&name, PipeMode::Byte, 100);
    let open = || ntpipe::ClientOptions::new().open(&name).unwrap();
    let first = open();
    server.connect().unwrap();
    let mut old = reading(&server, 4);
    server.disconnect().unwrap();
    let listen = server.start_listen();
    let second = open();
    drop(first);
    drive(&server, &mut With(pending(listen), ())).unwrap();
    second.send(b"new").unwrap();
    assert_eq!(fails(&mut old), ErrorKind::PipeNotConnected);
    assert_eq!(read_whole(&server, 4).unwrap(), b"new");
}

#[test]
fn a_cancelled_read_is_aborted_or_tells_what_it_had_come_to() {
    let (server, client) = pair(PipeMode::Message, 1000);
    let mut read = reading(&server, 200_000);
    is_aborted(&mut read);
    // A message longer than the ring, of which a step has taken a part.
    let mut read = reading(&server, 200_000);
    let mut write = writing(&client, &[7; 100_000]);
    waits(&mut read);
    let Cancelled::Completed(Ok(part)) = read.cancel() else { panic!("it had a part") };
    assert!(part.more && part.len > 0, "{part:?}");
    let mut rest = reading(&server, 200_000);
    let last = loop {
        let _ = write.step();
        if let Poll::Ready(result) = rest.step() {
            break result.unwrap();
        }
    };
    assert_eq!(last, recv(100_000 - part.len, false), "nothing is lost");
    let (server, client) = pair(PipeMode::Byte, 100);
    let mut read = reading(&server, 4);
    drop(client);
    let cancelled = read.cancel();
    let Cancelled::Completed(Err(error)) = cancelled else { panic!("{cancelled:?}") };
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

#[test]
fn without_waiting_an_empty_pipe_has_no_data() {
    let (server, _client) = pair(PipeMode::Byte, 100);
    server.set_state(PipeMode::Byte, true).unwrap();
    let error = done(server.start_read(&mut [0; 4])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoData);
}

#[test]
fn a_read_needs_a_client_and_the_right_to_read() {
    let name = unique();
    let mut options = ntpipe::ServerOptions::new();
    let server = options.access_inbound(false).create(&name).unwrap();
    let error = done(server.start_read(&mut [0; 4])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    let server = create(&unique(), PipeMode::Byte, 10);
    let error = done(server.start_read(&mut [0; 4])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PipeListening);
    assert_eq!(done(server.start_write(b"x")).unwrap_err().kind(), ErrorKind::PipeListening);
    server.disconnect().unwrap();
    let error = done(server.start_read(&mut [0; 4])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PipeNotConnected);
}

#[test]
fn a_step_with_another_buffer_is_refused_and_changes_nothing() {
    let (server, client) = pair(PipeMode::Byte, 4);
    let mut read = reading(&server, 4);
    let Poll::Ready(Err(error)) = read.0.step(&mut [0; 3]) else { panic!("taken") };
    assert_eq!(error.kind(), ErrorKind::InvalidParameter);
    client.send(b"abcd").unwrap();
    assert_eq!(over(&mut read).unwrap().len, 4);
    let Poll::Ready(Err(error)) = read.step() else { panic!("twice") };
    assert_eq!(error.kind(), ErrorKind::InvalidParameter);
}

#[test]
fn transactions() {
    let (server, client) = pair(PipeMode::Message, 2);
    // The request goes beyond the quota, behind what is there; the reply completes it.
    let mut write = writing(&client, b"before");
    let mut transact = transacting(&client, b"request", 10);
    waits(&mut transact);
    assert_eq!(read_whole(&server, 20).unwrap(), b"before");
    assert_eq!(over(&mut write).unwrap(), 6);
    assert_eq!(read_whole(&server, 20).unwrap(), b"request");
    let mut reply = writing(&server, b"a long reply");
    assert_eq!(over(&mut transact).unwrap(), recv(10, true));
    // Its rest of two bytes fits the quota.
    assert_eq!(over(&mut reply).unwrap(), 12);
    let busy = done(client.start_transact(b"x", &mut [0; 4])).unwrap_err();
    assert_eq!(busy.kind(), ErrorKind::PipeBusy);
    assert_eq!(read_whole(&client, 20).unwrap(), b"ly");
    // A cancelled transaction leaves its request.
    let mut transact = transacting(&client, b"stays", 10);
    is_aborted(&mut transact);
    assert_eq!(read_whole(&server, 20).unwrap(), b"stays");
    // Either end may transact, one in answer to the other.
    let mut one = transacting(&client, b"1", 10);
    assert_eq!(read_whole(&server, 20).unwrap(), b"1");
    let mut two = transacting(&server, b"2", 10);
    assert_eq!(over(&mut one).unwrap().len, 1);
    assert_eq!(write_whole(&client, b"3").unwrap(), 1);
    assert_eq!(over(&mut two).unwrap().len, 1);
    drop(client);
    let gone = done(server.start_transact(b"x", &mut [0; 4])).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::BadPipe);
    let (server, client) = pair(PipeMode::Byte, 100);
    let bytes = done(client.start_transact(b"x", &mut [0; 4])).unwrap_err();
    assert_eq!(bytes.kind(), ErrorKind::BadPipe);
    server.disconnect().unwrap();
    let severed = done(server.start_transact(b"x", &mut [0; 4])).unwrap_err();
    assert_eq!(severed.kind(), ErrorKind::BadPipe);
}
