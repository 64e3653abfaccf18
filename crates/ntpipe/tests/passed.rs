//! Ends that a process sends to another one that is there already.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ntpipe::{
    ClientOptions, ErrorKind, Inheritable, NamedPipeClient, NamedPipeServer, PipeMode, PipeReader,
    PipeWriter, Result, ServerOptions, anonymous,
};
use ntpipe_shm::handover;
use ntpipe_shm::parcel::{self, Parcel};

const ROLE: &str = "NTPIPE_TEST_ROLE";
/// Longer than anything takes that does not hang.
const LONG: Duration = Duration::from_secs(60);

/// This test once more in another process, which finds the number of its socket in its environment.
fn again(test: &str) -> (Child, OwnedFd) {
    let [near, far] = parcel::pair().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).stdout(Stdio::null());
    command.env(ROLE, far.as_raw_fd().to_string());
    handover::leave_to(&mut command, vec![far]);
    (command.spawn().unwrap(), near)
}

fn role() -> Option<OwnedFd> {
    let number = std::env::var(ROLE).ok()?;
    Some(handover::take(number.parse().unwrap()).unwrap())
}

fn send(socket: &OwnedFd, end: Result<Inheritable>) {
    let (text, fds) = end.unwrap().into_parts();
    let fds: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
    parcel::send(socket, text.as_bytes(), &fds).unwrap();
}

fn receive(socket: &OwnedFd) -> (String, Vec<OwnedFd>) {
    let start = Instant::now();
    loop {
        if let Some(Parcel { bytes, fds }) = parcel::receive(socket).unwrap() {
            return (String::from_utf8(bytes).unwrap(), fds);
        }
        assert!(start.elapsed() < LONG, "nothing comes");
        std::thread::yield_now();
    }
}

fn pipe(name: &str) -> (NamedPipeServer, NamedPipeClient) {
    let name = format!("test-passed-{name}-{}", std::process::id());
    let server = ServerOptions::new().pipe_mode(PipeMode::Message).create(&name).unwrap();
    let client = ClientOptions::new().pipe_mode(PipeMode::Message).open(&name).unwrap();
    server.connect().unwrap();
    (server, client)
}

#[test]
fn a_process_that_runs_already_writes_to_the_end_it_is_sent() {
    const TEST: &str = "a_process_that_runs_already_writes_to_the_end_it_is_sent";
    if let Some(socket) = role() {
        let (text, fds) = receive(&socket);
        NamedPipeClient::from_parts(&text, fds).unwrap().send(b"from the other process").unwrap();
        return;
    }
    let (mut child, socket) = again(TEST);
    let (server, client) = pipe("writes");
    client.send(b"from here").unwrap();
    send(&socket, client.inherit());
    // On its way it is open.
    drop(client);
    let mut buffer = [0; 32];
    for expected in [&b"from here"[..], b"from the other process"] {
        let got = server.recv_timeout(&mut buffer, LONG).unwrap();
        assert_eq!(&buffer[..got.len], expected);
    }
    assert_eq!(server.recv(&mut buffer).unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert!(child.wait().unwrap().success());
}

#[test]
fn ends_outlive_the_process_that_sent_them() {
    const TEST: &str = "ends_outlive_the_process_that_sent_them";
    if let Some(socket) = role() {
        let (server, client) = pipe("outlive");
        let (reader, writer) = anonymous().unwrap();
        client.send(b"request").unwrap();
        for end in [server.inherit(), client.inherit(), reader.inherit(), writer.inherit()] {
            send(&socket, end);
        }
        parcel::send(&socket, b"all", &[]).unwrap();
        loop {
            std::thread::park();
        }
    }
    let (mut child, socket) = again(TEST);
    let [server, client, reader, writer] = [(); 4].map(|()| receive(&socket));
    assert_eq!(receive(&socket).0, "all");
    child.kill().unwrap();
    child.wait().unwrap();
    let server = NamedPipeServer::from_parts(&server.0, server.1).unwrap();
    let client = NamedPipeClient::from_parts(&client.0, client.1).unwrap();
    let mut bytes = Vec::new();
    assert_eq!(server.recv_msg(&mut bytes).unwrap(), 7);
    server.send(b"reply").unwrap();
    assert_eq!(client.recv_msg(&mut bytes).unwrap(), 5);
    let reader = PipeReader::from_parts(&reader.0, reader.1).unwrap();
    let writer = PipeWriter::from_parts(&writer.0, writer.1).unwrap();
    writer.send(b"bytes").unwrap();
    drop(writer);
    assert_eq!(reader.recv(&mut [0; 8]).unwrap().len, 5);
    assert_eq!(reader.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn only_the_parts_of_such_an_end_make_one() {
    const TEST: &str = "only_the_parts_of_such_an_end_make_one";
    let kind = |result: Result<NamedPipeClient>| result.map(drop).map_err(|error| error.kind());
    let invalid = Err(ErrorKind::InvalidHandle);
    if let Some(socket) = role() {
        let (text, fds) = receive(&socket);
        let copies = || fds.iter().map(|fd| fd.try_clone().unwrap()).collect::<Vec<_>>();
        let mut turned = copies();
        turned.reverse();
        let short = copies().split_off(1);
        for (text, fds) in [("", copies()), (&*text, turned), (&text, short), (&text, vec![])] {
            assert_eq!(kind(NamedPipeClient::from_parts(text, fds)), invalid);
        }
        assert!(NamedPipeServer::from_parts(&text, copies()).is_err());
        assert!(NamedPipeClient::from_inherited(&text).is_err());
        NamedPipeClient::from_parts(&text, fds).unwrap().send(b"it is one").unwrap();
        return;
    }
    let (mut child, socket) = again(TEST);
    let (server, client) = pipe("parts");
    let (text, fds) = client.inherit().unwrap().into_parts();
    assert_eq!(kind(NamedPipeClient::from_parts(&text, fds)), invalid);
    send(&socket, client.inherit());
    assert!(child.wait().unwrap().success());
    assert_eq!(server.recv(&mut [0; 16]).unwrap().len, 9);
}
