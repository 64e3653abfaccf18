//! Ends that several processes hold.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ntpipe::{
    ClientOptions, ErrorKind, NamedPipeClient, NamedPipeServer, PipeMode, PipeReader, PipeWriter,
    ServerOptions, anonymous,
};

const ROLE: &str = "NTPIPE_TEST_ROLE";
const END: &str = "NTPIPE_TEST_END";
const MESSAGES: u32 = 1000;
/// What a write consists of that is never done.
const ENDLESS: u8 = 7;
/// Longer than anything takes that does not hang.
const LONG: Duration = Duration::from_secs(60);

fn unique(name: &str) -> String {
    format!("test-inherit-{name}-{}", std::process::id())
}

fn pipe(name: &str, quota: u32) -> (NamedPipeServer, NamedPipeClient) {
    let name = unique(name);
    let mut options = ServerOptions::new();
    options.pipe_mode(PipeMode::Message).in_buffer_size(quota).out_buffer_size(quota);
    let server = options.create(&name).unwrap();
    let client = ClientOptions::new().pipe_mode(PipeMode::Message).open(&name).unwrap();
    server.connect().unwrap();
    (server, client)
}

/// This test once more in another process, where [`role`] finds the words.
fn again(test: &str, words: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(ROLE, words).stdout(Stdio::piped());
    command
}

fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

fn succeed(mut child: Child) {
    assert!(child.wait().unwrap().success());
}

/// Message `number` of `sender`: its length and each of its bytes follow from both.
fn message(sender: u32, number: u32) -> Vec<u8> {
    let len = match number % 97 {
        5 => 50_000 + number,
        11 => 7_000,
        rest => 8 + rest * 5,
    };
    let mut bytes = sender.to_le_bytes().to_vec();
    bytes.extend(number.to_le_bytes());
    let fill = u8::try_from((sender * 31 + number) % 251).unwrap();
    bytes.resize(usize::try_from(len).unwrap(), fill);
    bytes
}

fn who(bytes: &[u8]) -> (u32, u32) {
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    (word(0), word(4))
}

fn send_all(client: &NamedPipeClient, sender: u32) {
    for number in 0..MESSAGES {
        client.send(&message(sender, number)).unwrap();
    }
}

/// How many messages of each sender came, all whole and in order.
fn receive_all(server: &NamedPipeServer) -> HashMap<u32, u32> {
    let mut next = HashMap::new();
    let mut buffer = vec![0; 2_000_000];
    loop {
        let bytes = match server.recv_timeout(&mut buffer, LONG) {
            Ok(got) => &buffer[..got.len],
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return next,
            Err(error) => panic!("{error}"),
        };
        assert!(
            bytes.iter().any(|byte| *byte != ENDLESS),
            "what is left of the write that was killed"
        );
        let (sender, number) = who(bytes);
        let expected = next.entry(sender).or_insert(0);
        assert_eq!(number, *expected, "of {sender}");
        assert!(bytes == message(sender, number), "{number} of {sender} is torn");
        *expected += 1;
    }
}

#[test]
fn three_processes_write_to_one_client_end() {
    const TEST: &str = "three_processes_write_to_one_client_end";
    if let Some(role) = role() {
        return send_all(&NamedPipeClient::from_env(END).unwrap(), role.parse().unwrap());
    }
    let (server, client) = pipe("writers", 4096);
    let end = client.inherit().unwrap();
    let children = [1, 2].map(|sender: u32| {
        let mut command = again(TEST, &sender.to_string());
        end.pass_to(&mut command, END).unwrap();
        command.spawn().unwrap()
    });
    drop(end);
    let own = std::thread::spawn(move || send_all(&client, 0));
    let came = receive_all(&server);
    own.join().unwrap();
    children.into_iter().for_each(succeed);
    assert_eq!(came, HashMap::from([(0, MESSAGES), (1, MESSAGES), (2, MESSAGES)]));
}

#[test]
fn a_killed_writer_stops_nobody() {
    const TEST: &str = "a_killed_writer_stops_nobody";
    match role().as_deref() {
        Some("endless") => {
            let client = NamedPipeClient::from_env(END).unwrap();
            // Far more than the ring: nobody reads yet, so it stays in the middle.
            client.send(&[ENDLESS; 1_000_000]).unwrap();
            unreachable!("nobody reads that much");
        }
        Some(role) => {
            return send_all(&NamedPipeClient::from_env(END).unwrap(), role.parse().unwrap());
        }
        None => {}
    }
    let (server, client) = pipe("killed", 4096);
    let end = client.inherit().unwrap();
    let start = |role: &str| {
        let mut command = again(TEST, role);
        end.pass_to(&mut command, END).unwrap();
        command.spawn().unwrap()
    };
    let mut endless = start("endless");
    // It is in the middle once its first piece is here.
    let mut piece = [0; 16];
    let first = server.recv_timeout(&mut piece, LONG).unwrap();
    assert!(first.more);
    // While it lives, nothing comes between.
    let error = client.send_timeout(b"between", Duration::from_millis(20)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WaitTimeout);
    let children = [start("1"), start("2")];
    drop(end);
    // A writer that waits behind it, in this process as well.
    let own = std::thread::spawn(move || send_all(&client, 0));
    endless.kill().unwrap();
    endless.wait().unwrap();
    let came = receive_all(&server);
    own.join().unwrap();
    children.into_iter().for_each(succeed);
    assert_eq!(came, HashMap::from([(0, MESSAGES), (1, MESSAGES), (2, MESSAGES)]));
}

/// A child that has written 5 bytes and is stuck in a write of this length, of which all that has room is
/// in the pipe.
fn stuck_writer(test: &str, pipe: (&NamedPipeServer, &NamedPipeClient), len: usize) -> Child {
    let (server, client) = pipe;
    let mut command = again(test, &len.to_string());
    client.inherit().unwrap().pass_to(&mut command, END).unwrap();
    let child = command.spawn().unwrap();
    until(|| server.peek(&mut []).unwrap().available == 5 + len as u64);
    child
}

fn until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LONG, "nothing happens");
        std::thread::yield_now();
    }
}

#[test]
fn the_pending_write_of_a_killed_holder_goes_away_while_the_others_are_idle() {
    const TEST: &str = "the_pending_write_of_a_killed_holder_goes_away_while_the_others_are_idle";
    if let Some(len) = role() {
        let client = NamedPipeClient::from_env(END).unwrap();
        client.send(b"whole").unwrap();
        client.send(&vec![ENDLESS; len.parse().unwrap()]).unwrap();
        unreachable!("nobody reads that much");
    }
    // In the pipe as a whole, and in pieces; unread, and partly read.
    for (len, part) in [(5000, 0), (5000, 16), (1_000_000, 0), (1_000_000, 16)] {
        let (server, client) = pipe(&format!("idle-{len}-{part}"), 4096);
        let mut child = stuck_writer(TEST, (&server, &client), len);
        let mut buffer = [0; 16];
        if part != 0 {
            assert_eq!(server.recv(&mut buffer).unwrap().len, 5);
            assert!(server.recv(&mut buffer).unwrap().more);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let left = if part == 0 { 5 } else { 0 };
        until(|| server.peek(&mut []).unwrap().available == left);
        if part == 0 {
            assert_eq!(server.recv(&mut buffer).unwrap().len, 5);
        }
        client.send(b"after").unwrap();
        let got = server.recv_timeout(&mut buffer, LONG).unwrap();
        assert_eq!((&buffer[..got.len], got.more), (&b"after"[..], false), "{len}, {part}");
    }
}

#[test]
fn the_pending_write_of_a_killed_holder_leaves_those_of_the_others() {
    const TEST: &str = "the_pending_write_of_a_killed_holder_leaves_those_of_the_others";
    if let Some(len) = role() {
        let client = NamedPipeClient::from_env(END).unwrap();
        client.send(b"whole").unwrap();
        client.send(&vec![ENDLESS; len.parse().unwrap()]).unwrap();
        unreachable!("nobody reads that much");
    }
    let (server, client) = pipe("between", 4096);
    let mut child = stuck_writer(TEST, (&server, &client), 4500);
    std::thread::scope(|scope| {
        let own = scope.spawn(|| client.send(&message(0, 11)));
        until(|| server.peek(&mut []).unwrap().available == 5 + 4500 + 7000);
        child.kill().unwrap();
        child.wait().unwrap();
        until(|| server.peek(&mut []).unwrap().available == 5 + 7000);
        let mut buffer = vec![0; 10_000];
        assert_eq!(server.recv(&mut buffer).unwrap().len, 5);
        assert_eq!(server.recv_timeout(&mut buffer, LONG).unwrap().len, 7000);
        assert!(buffer[..7000] == message(0, 11));
        own.join().unwrap().unwrap();
    });
}

#[test]
fn a_writer_killed_anywhere_leaves_whole_messages() {
    const TEST: &str = "a_writer_killed_anywhere_leaves_whole_messages";
    if let Some(role) = role() {
        return send_all(&NamedPipeClient::from_env(END).unwrap(), role.parse().unwrap());
    }
    for at in [1, 3, 40, 300] {
        let (server, client) = pipe(&format!("anywhere-{at}"), 4096);
        let end = client.inherit().unwrap();
        let mut children = [1, 2].map(|sender: u32| {
            let mut command = again(TEST, &sender.to_string());
            end.pass_to(&mut command, END).unwrap();
            command.spawn().unwrap()
        });
        drop((end, client));
        let mut next = 0;
        let mut buffer = vec![0; 100_000];
        let mut killed = false;
        while let Ok(got) = server.recv_timeout(&mut buffer, LONG) {
            let bytes = &buffer[..got.len];
            let (sender, number) = who(bytes);
            if sender == 1 && number == at && !killed {
                children[0].kill().unwrap();
                killed = true;
            }
            if sender == 2 {
                assert_eq!(number, next);
                assert!(bytes == message(sender, number));
                next += 1;
            }
        }
        assert!(killed);
        assert_eq!(next, MESSAGES);
        let [mut first, second] = children;
        first.wait().unwrap();
        succeed(second);
    }
}

/// Reads until the end and prints what came.
fn report(server: &NamedPipeServer) {
    let mut bytes = Vec::new();
    while server.recv_msg(&mut bytes).is_ok() {
        let (sender, number) = who(&bytes);
        assert!(bytes == message(sender, number), "{number} is torn");
        println!("\nread {number}");
    }
}

fn numbers(child: &mut Child) -> Vec<u32> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.filter_map(|line| line.unwrap().strip_prefix("read ")?.parse().ok()).collect()
}

#[test]
fn each_message_is_read_once_by_one_of_two_children() {
    const TEST: &str = "each_message_is_read_once_by_one_of_two_children";
    if role().is_some() {
        return report(&NamedPipeServer::from_env(END).unwrap());
    }
    let (server, client) = pipe("readers", 4096);
    let end = server.inherit().unwrap();
    let children = [(); 2].map(|()| {
        let mut command = again(TEST, "read");
        end.pass_to(&mut command, END).unwrap();
        command.spawn().unwrap()
    });
    drop((end, server));
    let listeners = children.map(|mut child| {
        std::thread::spawn(move || {
            let came = numbers(&mut child);
            succeed(child);
            came
        })
    });
    send_all(&client, 3);
    drop(client);
    let mut came: Vec<u32> =
        listeners.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    came.sort_unstable();
    assert_eq!(came, (0..MESSAGES).collect::<Vec<_>>());
}

#[test]
fn a_killed_reader_takes_no_more_than_its_message() {
    const TEST: &str = "a_killed_reader_takes_no_more_than_its_message";
    if role().is_some() {
        let server = NamedPipeServer::from_env(END).unwrap();
        println!("\nready");
        // Killed before it, in the middle of it, or after it.
        server.recv(&mut vec![0; 2_000_000]).unwrap();
        loop {
            std::thread::park();
        }
    }
    for round in 0..10 {
        kill_a_reader(TEST, &format!("killed-reader-{round}"));
    }
}

fn kill_a_reader(test: &str, name: &str) {
    let (server, client) = pipe(name, 4096);
    let end = server.inherit().unwrap();
    let mut command = again(test, "read");
    end.pass_to(&mut command, END).unwrap();
    let mut child = command.spawn().unwrap();
    drop((command, end));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while lines.next().unwrap().unwrap() != "ready" {}
    // It goes in pieces.
    let long = vec![9; 1_000_000];
    let writer = std::thread::spawn(move || {
        client.send(&long).unwrap();
        client.send(&message(4, 5)).unwrap();
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let mut bytes = Vec::new();
    server.recv_msg(&mut bytes).unwrap();
    if bytes[0] == 9 {
        // It was killed before it took the first piece.
        assert_eq!(bytes.len(), 1_000_000);
        server.recv_msg(&mut bytes).unwrap();
    }
    assert!(bytes == message(4, 5));
    writer.join().unwrap();
}

#[test]
fn a_reader_sees_the_end_when_the_last_writer_is_closed() {
    const TEST: &str = "a_reader_sees_the_end_when_the_last_writer_is_closed";
    if role().is_some() {
        let mut writer = PipeWriter::from_env(END).unwrap();
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).unwrap();
        return writer.write_all(line.as_bytes()).unwrap();
    }
    let (mut reader, writer) = anonymous().unwrap();
    let mut command = again(TEST, "write");
    command.stdin(Stdio::piped());
    writer.inherit().unwrap().pass_to(&mut command, END).unwrap();
    let mut child = command.spawn().unwrap();
    writer.send(b"parent ").unwrap();
    drop((command, writer));
    let mut start = [0; 7];
    reader.read_exact(&mut start).unwrap();
    // The parent's copy is closed, and that is not the end.
    assert_eq!(reader.try_recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::NoData);
    child.stdin.take().unwrap().write_all(b"child\n").unwrap();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!((&start[..], &*rest), (&b"parent "[..], "child\n"));
    succeed(child);
}

#[test]
fn a_child_reads_an_anonymous_pipe() {
    const TEST: &str = "a_child_reads_an_anonymous_pipe";
    if role().is_some() {
        let mut reader = PipeReader::from_env(END).unwrap();
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        assert!(all == message(1, 5));
        assert_eq!(PipeReader::from_env(END).unwrap_err().kind(), ErrorKind::InvalidHandle);
        return;
    }
    let (reader, mut writer) = anonymous().unwrap();
    let mut command = again(TEST, "read");
    reader.inherit().unwrap().pass_to(&mut command, END).unwrap();
    let child = command.spawn().unwrap();
    drop((command, reader));
    writer.write_all(&message(1, 5)).unwrap();
    drop(writer);
    succeed(child);
}

#[test]
fn a_child_serves_the_client_and_the_instance_counts() {
    const TEST: &str = "a_child_serves_the_client_and_the_instance_counts";
    if role().is_some() {
        let server = NamedPipeServer::from_env(END).unwrap();
        let mut request = Vec::new();
        while server.recv_msg(&mut request).is_ok() {
            request.reverse();
            server.send(&request).unwrap();
        }
        return;
    }
    let (server, client) = pipe("served", 4096);
    assert_eq!(client.state().unwrap().instances, 1);
    let end = server.inherit().unwrap();
    assert_eq!(client.state().unwrap().instances, 1);
    let mut command = again(TEST, "serve");
    end.pass_to(&mut command, END).unwrap();
    let child = command.spawn().unwrap();
    drop((command, end, server));
    assert_eq!(client.state().unwrap().instances, 1);
    let mut reply = [0; 8];
    let got = client.transact(b"abc", &mut reply).unwrap();
    assert_eq!(&reply[..got.len], b"cba");
    assert_eq!(client.state().unwrap().instances, 1);
    drop(client);
    succeed(child);
    // A child that another test starts just now holds everything from its fork to its exec.
    let start = Instant::now();
    let open = || ClientOptions::new().open(unique("served")).unwrap_err().kind();
    while open() == ErrorKind::PipeBusy && start.elapsed() < LONG {
        std::thread::yield_now();
    }
    assert_eq!(open(), ErrorKind::NotFound);
}

#[test]
fn a_disconnect_of_one_holder_counts_for_all() {
    const TEST: &str = "a_disconnect_of_one_holder_counts_for_all";
    if role().is_some() {
        return NamedPipeServer::from_env(END).unwrap().disconnect().unwrap();
    }
    let (server, client) = pipe("severed", 4096);
    let mut command = again(TEST, "disconnect");
    server.inherit().unwrap().pass_to(&mut command, END).unwrap();
    succeed(command.spawn().unwrap());
    for error in [server.send(b"x").unwrap_err(), client.send(b"x").unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::PipeNotConnected);
    }
}

#[test]
fn an_end_without_a_client_is_not_inherited() {
    let server = ServerOptions::new().create(unique("nobody")).unwrap();
    assert_eq!(server.inherit().unwrap_err().kind(), ErrorKind::PipeListening);
}

#[test]
fn a_token_and_a_grandchild() {
    const TEST: &str = "a_token_and_a_grandchild";
    match role().as_deref() {
        Some("child") => {
            let client = NamedPipeClient::from_env(END).unwrap();
            let mut command = again(TEST, "grandchild");
            client.inherit().unwrap().pass_to(&mut command, END).unwrap();
            succeed(command.spawn().unwrap());
            client.send(b"child").unwrap();
            return;
        }
        Some(_) => {
            NamedPipeClient::from_env(END).unwrap().send(b"grandchild").unwrap();
            return;
        }
        None => {}
    }
    let (server, client) = pipe("token-child", 4096);
    let end = client.inherit().unwrap();
    let mut command = again(TEST, "child");
    succeed(command.env(END, end.token().unwrap()).spawn().unwrap());
    let mut buffer = [0; 16];
    for expected in ["grandchild", "child"] {
        let got = server.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..got.len], expected.as_bytes());
    }
}

#[test]
fn a_bad_token_is_an_error() {
    let (_server, client) = pipe("token", 4096);
    let good = client.inherit().unwrap().token().unwrap();
    // Its descriptors are closed again, and it is this process's own.
    let foreign = good.replacen(&std::process::id().to_string(), "1", 1);
    let fields: Vec<&str> = foreign.split(';').collect();
    let mut bad = vec![String::new(), "ntpipe2".into(), good.clone(), foreign.clone()];
    for at in 0..fields.len() - 1 {
        for value in ["", "-1", "x", "99999999999", "0,1,2,3", "700,701,702,703", "1,1,1,1"] {
            let mut fields = fields.clone();
            fields[at] = value;
            bad.push(fields.join(";"));
        }
        bad.push(fields[..at].join(";"));
    }
    for token in bad {
        for error in [
            NamedPipeClient::from_inherited(&token).unwrap_err(),
            NamedPipeServer::from_inherited(&token).unwrap_err(),
            PipeReader::from_inherited(&token).unwrap_err(),
            PipeWriter::from_inherited(&token).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::InvalidHandle, "{token}");
        }
    }
    let error = NamedPipeClient::from_env("NTPIPE_TEST_NO_SUCH").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidHandle);
}

#[test]
fn the_wrong_files_are_no_end() {
    const TEST: &str = "the_wrong_files_are_no_end";
    if role().is_some() {
        let token = std::env::var(END).unwrap();
        let (head, name) = token.rsplit_once(';').unwrap();
        let (head, fds) = head.rsplit_once(';').unwrap();
        let turned: Vec<&str> = fds.split(',').rev().collect();
        let turned = format!("{head};{};{name}", turned.join(","));
        let error = NamedPipeClient::from_inherited(&turned).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidHandle);
        return;
    }
    let (_server, client) = pipe("files", 4096);
    let mut command = again(TEST, "turned");
    client.inherit().unwrap().pass_to(&mut command, END).unwrap();
    succeed(command.spawn().unwrap());
}
