//! What the processes that hold one end agree on.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ntpipe::{ClientOptions, ErrorKind, NamedPipeClient, NamedPipeServer, PipeMode, ServerOptions};
use rustix::event::{PollFd, PollFlags};
use rustix::fs::Timespec;

const ROLE: &str = "NTPIPE_TEST_ROLE";
const END: &str = "NTPIPE_TEST_END";
/// Longer than anything takes that does not hang.
const LONG: Duration = Duration::from_secs(60);

fn pipe(name: &str) -> (NamedPipeServer, NamedPipeClient) {
    let name = format!("test-holders-{name}-{}", std::process::id());
    let mut options = ServerOptions::new();
    options.pipe_mode(PipeMode::Message).in_buffer_size(4096).out_buffer_size(4096);
    let server = options.create(&name).unwrap();
    let client = ClientOptions::new().pipe_mode(PipeMode::Message).open(&name).unwrap();
    server.connect().unwrap();
    (server, client)
}

/// This test once more in another process, where [`role`] finds the word.
fn again(test: &str, word: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(ROLE, word);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

fn until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LONG, "nothing happens");
        std::thread::yield_now();
    }
}

/// In a child: waits for the parent's word.
fn wait_for_word() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

fn give_word(child: &mut Child) {
    child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
}

/// Waits for a line that the child prints, which begins with `start`.
fn line(child: &mut Child, start: &str) -> String {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    lines.map(Result::unwrap).find(|line| line.starts_with(start)).expect("the child says it")
}

#[test]
fn all_readers_of_an_end_agree_on_what_a_killed_writer_left() {
    const TEST: &str = "all_readers_of_an_end_agree_on_what_a_killed_writer_left";
    match role().as_deref() {
        Some("write") => {
            let client = NamedPipeClient::from_env(END).unwrap();
            client.send(&[1; 4000]).unwrap();
            client.send(&[2; 4000]).unwrap();
            unreachable!("nobody reads that much");
        }
        Some(_) => {
            let server = NamedPipeServer::from_env(END).unwrap();
            println!("\nready");
            wait_for_word();
            let result = server.recv(&mut [0; 5000]).map(|got| got.len);
            println!("\nread {:?}", result.map_err(|error| error.kind()));
            return;
        }
        None => {}
    }
    let (server, client) = pipe("cutoff");
    let mut command = again(TEST, "read");
    server.inherit().unwrap().pass_to(&mut command, END).unwrap();
    let mut reader = command.spawn().unwrap();
    line(&mut reader, "ready");
    let mut command = again(TEST, "write");
    client.inherit().unwrap().pass_to(&mut command, END).unwrap();
    let mut writer = command.spawn().unwrap();
    drop((command, client));
    until(|| server.peek(&mut []).unwrap().available == 8000);
    // Looking alone makes nobody watch for the peer's death.
    server.send(b"never read").unwrap();
    writer.kill().unwrap();
    writer.wait().unwrap();
    // The first write had completed, the second one had not, and it does not because the first is read.
    until(|| server.peek(&mut []).unwrap().available == 4000);
    assert_eq!(server.recv(&mut [0; 5000]).unwrap().len, 4000);
    give_word(&mut reader);
    assert_eq!(line(&mut reader, "read "), "read Err(BrokenPipe)");
    assert_eq!(server.recv(&mut [0; 5000]).unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert!(reader.wait().unwrap().success());
}

fn becomes_readable(fd: impl AsFd) -> bool {
    let long = Timespec::try_from(LONG).unwrap();
    rustix::event::poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&long)).unwrap() == 1
}

fn is_quiet(fd: impl AsFd) -> bool {
    rustix::event::poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&Timespec::default())) == Ok(0)
}

/// Polls until an attempt need not wait any more.
fn go_on<T>(fd: impl AsFd, attempt: impl Fn() -> ntpipe::Result<T>) -> T {
    loop {
        match attempt() {
            Err(error) if error.kind() == ErrorKind::NoData => assert!(becomes_readable(&fd)),
            result => return result.unwrap(),
        }
    }
}

#[test]
fn a_process_that_polls_is_woken_though_another_one_looked_first() {
    const TEST: &str = "a_process_that_polls_is_woken_though_another_one_looked_first";
    if role().is_some() {
        let client = NamedPipeClient::from_env(END).unwrap();
        let full = || client.try_send(b"x").unwrap_err().kind();
        let fd = client.as_fd();
        assert_eq!(full(), ErrorKind::NoData);
        println!("\narmed");
        wait_for_word();
        // What came is not for this one, which takes the byte all the same.
        assert!(becomes_readable(fd));
        assert_eq!(full(), ErrorKind::NoData);
        println!("\nlooked");
        wait_for_word();
        assert!(becomes_readable(fd));
        go_on(fd, || client.try_send(b"room"));
        return;
    }
    let (server, client) = pipe("polled");
    client.send(&[0; 4096]).unwrap();
    let mut command = again(TEST, "poll");
    client.inherit().unwrap().pass_to(&mut command, END).unwrap();
    let mut child = command.spawn().unwrap();
    drop(command);
    let empty = || client.try_recv(&mut [0; 16]).unwrap_err().kind();
    let fd = client.as_fd();
    assert_eq!(empty(), ErrorKind::NoData);
    line(&mut child, "armed");
    server.send(b"hello").unwrap();
    give_word(&mut child);
    line(&mut child, "looked");
    assert!(becomes_readable(fd));
    assert_eq!(go_on(fd, || client.try_recv(&mut [0; 16])).len, 5);
    // The other way round: the child waits for room, and this process takes the byte.
    until(|| empty() == ErrorKind::NoData && is_quiet(fd));
    server.recv(&mut [0; 4096]).unwrap();
    assert!(becomes_readable(fd));
    assert_eq!(empty(), ErrorKind::NoData);
    give_word(&mut child);
    let mut buffer = [0; 16];
    let got = server.recv_timeout(&mut buffer, LONG).unwrap();
    assert_eq!(&buffer[..got.len], b"room");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_server_that_polls_is_woken_though_another_process_looked_first() {
    const TEST: &str = "a_server_that_polls_is_woken_though_another_process_looked_first";
    if role().is_some() {
        let server = NamedPipeServer::from_env(END).unwrap();
        let fd = server.as_fd();
        assert_eq!(server.try_recv(&mut [0; 16]).unwrap_err().kind(), ErrorKind::NoData);
        println!("\narmed");
        wait_for_word();
        assert!(becomes_readable(fd));
        // Takes the byte, as it waits for more.
        assert_eq!(server.try_recv(&mut [0; 16]).unwrap().len, 5);
        assert_eq!(server.try_recv(&mut [0; 16]).unwrap_err().kind(), ErrorKind::NoData);
        println!("\nlooked");
        wait_for_word();
        return;
    }
    let (server, client) = pipe("polled-server");
    // Before it is shared: it stays the same.
    let fd = server.as_fd();
    server.send(&[0; 4096]).unwrap();
    let full = || server.try_send(b"x").unwrap_err().kind();
    let mut command = again(TEST, "poll");
    server.inherit().unwrap().pass_to(&mut command, END).unwrap();
    let mut child = command.spawn().unwrap();
    drop(command);
    line(&mut child, "armed");
    until(|| full() == ErrorKind::NoData && is_quiet(fd));
    client.send(b"hello").unwrap();
    client.recv(&mut [0; 4096]).unwrap();
    give_word(&mut child);
    line(&mut child, "looked");
    assert!(becomes_readable(fd));
    assert_eq!(go_on(fd, || server.try_send(b"room")), 4);
    give_word(&mut child);
    assert!(child.wait().unwrap().success());
}
