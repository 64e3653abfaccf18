//! Bugs that were found, each with the smallest case that shows it.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use ntpipe::{ClientOptions, ErrorKind, PipeListener, PipeMode, ServerOptions, Timeout};

fn name(what: &str) -> String {
    format!("regression-{what}-{}", std::process::id())
}

#[test]
fn a_write_that_was_read_whole_succeeds_though_the_reader_closes_at_once() {
    let name = name("read-whole");
    for _ in 0..100 {
        let server = ServerOptions::new().create(&name).expect("created");
        let client = ClientOptions::new().open(&name).expect("opened");
        server.connect().expect("connected");
        let writing = thread::spawn(move || client.send(&[1; 200_000]));
        let mut left = 200_000;
        let mut buffer = vec![0; 65_536];
        while left > 0 {
            left -= server.recv(&mut buffer).expect("there").len;
        }
        drop(server);
        assert_eq!(writing.join().expect("no panic").expect("all was read"), 200_000);
    }
}

#[test]
fn a_request_longer_than_the_ring_goes_through_a_transaction() {
    let name = name("transact");
    let server = ServerOptions::new().pipe_mode(PipeMode::Message).create(&name).expect("created");
    let client = ClientOptions::new().pipe_mode(PipeMode::Message).open(&name).expect("opened");
    server.connect().expect("connected");
    let serving = thread::spawn(move || {
        let mut message = Vec::new();
        server.recv_msg(&mut message).expect("the request");
        server.send(&message.len().to_le_bytes()).expect("the reply");
        server.flush().expect("read");
    });
    let mut reply = [0; 8];
    let got = client.transact(&vec![7; 1 << 20], &mut reply).expect("transacted");
    assert_eq!((got.len, usize::from_le_bytes(reply)), (8, 1 << 20));
    serving.join().expect("no panic");
}

#[test]
fn a_listener_passes_over_a_client_that_leaves_before_it_greets() {
    let name = name("listener");
    let listener = PipeListener::bind(&name).expect("bound");
    // A byte pipe cannot be read in messages: this client leaves before it has sent its segment.
    let refused = ClientOptions::new().pipe_mode(PipeMode::Message).open(&name).expect_err("byte");
    assert_eq!(refused.kind(), ErrorKind::InvalidParameter);
    for round in 0..6u8 {
        let client = ClientOptions::new().open(&name).expect("a spare listens");
        client.send(&[round]).expect("sent");
        let server = listener.accept().expect("accepted");
        let mut got = [0];
        server.recv_timeout(&mut got, Duration::from_secs(60)).expect("there");
        assert_eq!(got, [round]);
    }
}

#[test]
fn a_peek_beside_a_read_does_not_join_a_torn_message_with_the_next() {
    let name = name("peek-beside");
    let server = ServerOptions::new().pipe_mode(PipeMode::Message).create(&name).expect("created");
    let client = ClientOptions::new().open(&name).expect("opened");
    server.connect().expect("connected");
    let peeker = server.try_clone().expect("cloned");
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let peeking = thread::spawn(move || {
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            let _ = peeker.peek(&mut []);
        }
    });
    let writing = thread::spawn(move || {
        for round in 0..300u64 {
            let patience = Duration::from_micros(round % 200);
            match client.send_timeout(&vec![1; 1 << 20], patience) {
                Ok(_) => {}
                Err(error) => assert_eq!(error.kind(), ErrorKind::WaitTimeout),
            }
            client.send(b"end").expect("sent");
        }
    });
    let mut buffer = vec![0; 1 << 20];
    let mut ends = 0;
    while ends < 300 {
        let got = server.recv(&mut buffer).expect("there");
        match &buffer[..got.len] {
            b"end" => ends += 1,
            whole => assert!(whole.len() == 1 << 20 && whole.iter().all(|byte| *byte == 1)),
        }
    }
    writing.join().expect("no panic");
    drop(stop);
    peeking.join().expect("no panic");
}

#[test]
fn both_ends_of_an_anonymous_pipe_become_streams_of_two_programs() {
    for writer_first in [true, false] {
        let (reader, writer) = ntpipe::anonymous().expect("a pipe");
        let mut echo = Command::new("echo");
        let mut cat = Command::new("cat");
        echo.arg("through both");
        if writer_first {
            echo.stdout(writer);
            cat.stdin(reader);
        } else {
            cat.stdin(reader);
            echo.stdout(writer);
        }
        let mut echo_child = echo.spawn().expect("started");
        drop(echo);
        let output = cat.stdout(Stdio::piped()).spawn().and_then(|child| {
            drop(cat);
            child.wait_with_output()
        });
        assert_eq!(output.expect("it ended").stdout, b"through both\n");
        echo_child.wait().expect("it ended");
    }
}

#[test]
fn a_stream_ends_with_the_writer_though_the_readers_end_is_kept() {
    let (reader, mut writer) = ntpipe::anonymous().expect("a pipe");
    let mut cat = Command::new("cat");
    cat.stdin(reader.to_stdio().expect("a stream")).stdout(Stdio::piped());
    let child = cat.spawn().expect("started");
    drop(cat);
    writer.write_all(b"all of it").expect("written");
    drop(writer);
    assert_eq!(child.wait_with_output().expect("it ended").stdout, b"all of it");
    drop(reader);
}

#[test]
fn a_program_that_writes_to_a_closed_reader_finds_its_stream_broken() {
    let (mut reader, writer) = ntpipe::anonymous().expect("a pipe");
    let mut yes = Command::new("yes");
    yes.stdout(writer.to_stdio().expect("a stream"));
    let mut child = yes.spawn().expect("started");
    drop(yes);
    let mut some = [0; 100];
    reader.read_exact(&mut some).expect("read");
    drop(reader);
    assert!(!child.wait().expect("it ended").success());
    drop(writer);
}

#[test]
fn a_message_over_one_gibibyte_is_refused_before_anything_of_it_is_written() {
    let name = name("long");
    let mut options = ServerOptions::new();
    let server = options.pipe_mode(PipeMode::Message).create(&name).unwrap();
    let client = ClientOptions::new().pipe_mode(PipeMode::Message).open(&name).unwrap();
    server.connect().unwrap();
    let long = vec![0; (1 << 30) + 1];
    let refused = [client.send(&long), client.try_send(&long)].map(Result::unwrap_err);
    let transact = client.transact(&long, &mut [0; 8]).unwrap_err();
    for error in refused.iter().chain([&transact]) {
        assert_eq!(error.kind(), ErrorKind::InvalidParameter, "{error}");
    }
    assert_eq!(server.peek(&mut []).unwrap().available, 0);
    // One byte less is only too long to fit at once.
    assert_eq!(client.try_send(&long[1..]).unwrap_err().kind(), ErrorKind::NoData);
    let error = client.send_timeout(&long[1..], Duration::ZERO).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WaitTimeout);
}

#[test]
fn an_empty_message_is_not_lost_behind_a_request_beyond_the_quota() {
    let name = name("empty");
    let server = ServerOptions::new().pipe_mode(PipeMode::Message).create(&name).expect("created");
    let client = ClientOptions::new().pipe_mode(PipeMode::Message).open(&name).expect("opened");
    server.connect().expect("connected");
    let quota = server.info().expect("told").out_buffer_size;
    let request = vec![7; quota as usize + 1];
    let reply = client.transact_timeout(&request, &mut [0; 8], Duration::ZERO);
    assert_eq!(reply.expect_err("nobody answers").kind(), ErrorKind::WaitTimeout);
    assert_eq!(client.try_send(b"").expect("an empty message needs no quota"), 0);
    client.set_state(PipeMode::Message, true).expect("set");
    assert_eq!(client.send(b"").expect("nor does it without waiting"), 0);
    let mut into = vec![0; request.len()];
    for len in [request.len(), 0, 0] {
        assert_eq!(server.try_recv(&mut into).expect("there").len, len);
    }
}

#[test]
fn who_waits_learns_that_the_last_client_closed_together_with_the_last_server() {
    let name = name("last");
    for _ in 0..200 {
        let server = ServerOptions::new().create(&name).expect("created");
        let client = ClientOptions::new().open(&name).expect("opened");
        server.connect().expect("connected");
        let to = name.clone();
        let patience = Timeout::After(Duration::from_secs(60));
        let waiting = thread::spawn(move || ntpipe::wait_named_pipe(to, patience));
        let closing = thread::spawn(move || drop(server));
        drop(client);
        closing.join().expect("no panic");
        let error = waiting.join().expect("no panic").expect_err("nobody is left");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}

#[test]
fn who_waits_for_a_server_waits_on_while_servers_come_and_go() {
    let name = name("come-and-go");
    let to = name.clone();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let coming = thread::spawn(move || {
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            drop(ServerOptions::new().create(&to).expect("created"));
        }
    });
    let mut options = ClientOptions::new();
    options.connect_timeout(Duration::from_secs(60)).await_server(true);
    for _ in 0..4 {
        options.open(&name).expect("one of them listens at some time");
    }
    drop(stop);
    coming.join().expect("no panic");
}
