//! A process is killed at the worst moment; the other end reads what was sent and goes on.
//!
//! The children are this test binary itself: `as_child` plays the role that the environment names.
//! Builds without debug assertions have no crash points, and none of these tests.
#![cfg(debug_assertions)]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ntpipe::{
    ClientOptions, ErrorKind, NamedPipeClient, NamedPipeServer, PipeMode, ServerOptions, Timeout,
};

const ROLE: &str = "NTPIPE_TEST_ROLE";
const NAME: &str = "NTPIPE_TEST_NAME";
const LEN: &str = "NTPIPE_TEST_LEN";
const CRASH_AT: &str = "NTPIPE_CRASH_AT";
const READY: &str = "the child is ready";
/// No wait of these tests takes this long unless something hangs.
const BOUND: Duration = Duration::from_secs(60);

/// Not a test: the part of a child. Its parent kills it, or the crash point does.
#[test]
fn as_child() {
    let (Ok(role), Ok(name)) = (std::env::var(ROLE), std::env::var(NAME)) else { return };
    let message = PipeMode::Message;
    let server = || server(&name);
    let client = || ClientOptions::new().pipe_mode(message).open(&name).unwrap();
    let len = || std::env::var(LEN).unwrap().parse().unwrap();
    let ready = || println!("\n{READY}");
    match role.as_str() {
        "create" => drop(server()),
        "listen" => {
            let server = server();
            ready();
            server.connect().unwrap();
        }
        "serve" => {
            let server = server();
            ready();
            server.connect().unwrap();
            echo(&server);
        }
        "greet" => {
            let server = server();
            ready();
            server.connect().unwrap();
            greet(&server);
        }
        "stay" => {
            let server = server();
            ready();
            server.connect().unwrap();
            ready();
            loop {
                std::thread::park();
            }
        }
        "open" => drop(client()),
        "open and stay" => {
            let _client = client();
            ready();
            loop {
                std::thread::park();
            }
        }
        "client greets" => greet(&client()),
        "client echoes" => echo(&client()),
        "client writes for ever" => {
            let client = client();
            for number in 0u64.. {
                client.send(&number.to_le_bytes()).unwrap();
            }
        }
        "client is stuck in a write" => {
            let client = client();
            client.send(b"whole").unwrap();
            client.send(&vec![1; len()]).unwrap();
        }
        other => panic!("{other} is no role"),
    }
    // What is left open closes by the death.
    panic!("it should have died");
}

const QUOTA: usize = 8192;

fn echo(pipe: &ntpipe::Pipe) {
    let mut message = Vec::new();
    loop {
        pipe.recv_msg(&mut message).unwrap();
        pipe.send(&message).unwrap();
    }
}

fn greet(pipe: &ntpipe::Pipe) {
    for word in ["one", "two", "three"] {
        pipe.send(word.as_bytes()).unwrap();
    }
    pipe.recv(&mut [0; 8]).unwrap();
}

fn server(name: &str) -> NamedPipeServer {
    let quota = u32::try_from(QUOTA).unwrap();
    ServerOptions::new()
        .pipe_mode(PipeMode::Message)
        .in_buffer_size(quota)
        .out_buffer_size(quota)
        .create(name)
        .unwrap()
}

fn client(name: &str) -> NamedPipeClient {
    ClientOptions::new().pipe_mode(PipeMode::Message).connect_timeout(BOUND).open(name).unwrap()
}

/// A name of its own, whose directory must be gone in the end.
struct Name(String);

impl Name {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(format!(r"\\.\pipe\crash-{}-{count}", std::process::id()))
    }

    fn directory(&self) -> PathBuf {
        let name = ntpipe_core::PipeName::new(&self.0).unwrap();
        ntpipe::root().unwrap().0.join(name.directory())
    }

    fn spawn(&self, role: &str, crash_at: Option<&str>) -> Doomed {
        self.spawn_with(role, crash_at, 0)
    }

    fn spawn_with(&self, role: &str, crash_at: Option<&str>, len: usize) -> Doomed {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["as_child", "--exact", "--nocapture"]);
        command.env(ROLE, role).env(NAME, &self.0).env(LEN, len.to_string()).env_remove(CRASH_AT);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        if let Some(point) = crash_at {
            command.env(CRASH_AT, point);
        }
        Doomed(command.spawn().unwrap())
    }

    /// A new server of the name starts at once, serves, and leaves nothing behind.
    fn is_free_and_works(&self) {
        let gone = ClientOptions::new().open(&self.0).unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::NotFound);
        let server = ServerOptions::new().first_pipe_instance(true).create(&self.0).unwrap();
        self.serves(&server);
        drop(server);
        assert!(!self.directory().exists());
    }

    /// A listening instance gets the next client.
    fn serves(&self, server: &NamedPipeServer) {
        let client = client_of_any_type(&self.0);
        meets(server);
        client.send(b"works").unwrap();
        let mut into = [0; 8];
        assert_eq!(server.recv_timeout(&mut into, BOUND).unwrap().len, 5);
        server.disconnect().unwrap();
    }
}

fn client_of_any_type(name: &str) -> NamedPipeClient {
    ClientOptions::new().connect_timeout(BOUND).open(name).unwrap()
}

/// A child that will not live long.
struct Doomed(Child);

impl Doomed {
    fn wait_until_ready(&mut self) {
        let output = BufReader::new(self.0.stdout.as_mut().unwrap());
        assert!(output.lines().any(|line| line.unwrap() == READY), "died before it was ready");
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.dies();
    }

    /// Waits for its death, which has to be a sudden one.
    fn dies(&mut self) {
        use std::os::unix::process::ExitStatusExt;
        let start = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                assert_eq!(status.signal(), Some(9), "{status:?}");
                return;
            }
            assert!(start.elapsed() < BOUND, "it lives on");
            std::thread::yield_now();
        }
    }
}

impl Drop for Doomed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads to the end, which has to be that of a broken pipe.
fn read_to_end(pipe: &ntpipe::Pipe) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    let mut into = vec![0; 4 * QUOTA];
    loop {
        match pipe.recv_timeout(&mut into, BOUND) {
            Ok(got) => messages.push(into[..got.len].to_vec()),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::BrokenPipe, "{error}");
                return messages;
            }
        }
    }
}

/// Writes until the peer's death is known, which must come.
fn write_to_end(pipe: &ntpipe::Pipe) {
    let start = Instant::now();
    loop {
        match pipe.send_timeout(b"x", BOUND) {
            Ok(_) => assert!(start.elapsed() < BOUND, "nobody noticed the death"),
            Err(error) => {
                let known = matches!(error.kind(), ErrorKind::NoData | ErrorKind::BrokenPipe);
                assert!(known, "{error}");
                return;
            }
        }
    }
}

/// Waits for the child's client, which may be dead by then: `ERROR_NO_DATA`, and what it wrote is there.
fn meets(server: &NamedPipeServer) {
    match server.connect_timeout(BOUND) {
        Ok(()) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::NoData, "{error}"),
    }
}

#[test]
fn what_a_client_published_before_it_died_is_read() {
    let points = [("push.before-publish@3", 2), ("push.after-publish@3", 3)];
    for (point, count) in points {
        let name = Name::new();
        let server = server(&name.0);
        let mut child = name.spawn("client greets", Some(point));
        meets(&server);
        child.dies();
        let expected: Vec<_> = ["one", "two", "three"].map(|w| w.as_bytes().to_vec()).into();
        assert_eq!(read_to_end(&server), expected[..count], "{point}");
        write_to_end(&server);
        server.disconnect().unwrap();
        assert_eq!(
            server.connect_timeout(Duration::ZERO).unwrap_err().kind(),
            ErrorKind::WaitTimeout
        );
        name.serves(&server);
        drop(server);
        assert!(!name.directory().exists(), "{point}");
    }
}

#[test]
fn what_a_server_published_before_it_died_is_read() {
    let points = [("push.before-publish@3", 2), ("push.after-publish@3", 3)];
    for (point, count) in points {
        let name = Name::new();
        let mut child = name.spawn("greet", Some(point));
        child.wait_until_ready();
        let client = client(&name.0);
        child.dies();
        assert_eq!(read_to_end(&client).len(), count, "{point}");
        write_to_end(&client);
        name.is_free_and_works();
    }
}

#[test]
fn a_reader_that_dies_while_it_copies_breaks_the_pipe() {
    let name = Name::new();
    let server = server(&name.0);
    let mut child = name.spawn("client echoes", Some("take.before-publish@2"));
    meets(&server);
    server.send(b"first").unwrap();
    assert_eq!(server.recv_timeout(&mut [0; 8], BOUND).unwrap().len, 5);
    server.send(b"second").unwrap();
    let error = server.flush_timeout(BOUND).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    child.dies();
    assert_eq!(read_to_end(&server), Vec::<Vec<u8>>::new());
    drop(server);
    name.is_free_and_works();

    let mut child = name.spawn("serve", Some("take.before-publish"));
    child.wait_until_ready();
    let client = client(&name.0);
    client.send(b"first").unwrap();
    assert_eq!(read_to_end(&client), Vec::<Vec<u8>>::new());
    child.dies();
    name.is_free_and_works();
}

#[test]
fn a_client_that_dies_before_its_segment_came_is_as_if_it_never_came() {
    let name = Name::new();
    let server = server(&name.0);
    std::thread::scope(|scope| {
        let connect = scope.spawn(|| server.connect_timeout(BOUND));
        name.spawn("open", Some("open.before-send")).dies();
        let client = client(&name.0);
        client.send(b"hello").unwrap();
        connect.join().unwrap().unwrap();
        assert_eq!(server.recv_timeout(&mut [0; 8], BOUND).unwrap().len, 5);
    });
    drop(server);
    name.is_free_and_works();
}

#[test]
fn who_waits_for_an_instance_learns_that_the_server_was_killed() {
    for with_client in [false, true] {
        let name = Name::new();
        let mut server = name.spawn("stay", None);
        server.wait_until_ready();
        let mut open = name.spawn("open and stay", None);
        open.wait_until_ready();
        server.wait_until_ready();
        let to = name.0.clone();
        let waiting = std::thread::spawn(move || ntpipe::wait_named_pipe(to, Timeout::Never));
        if with_client {
            server.kill();
            assert!(!waiting.is_finished(), "the pipe is there as long as a client is");
            open.kill();
        } else {
            open.kill();
            server.kill();
        }
        assert_eq!(waiting.join().unwrap().unwrap_err().kind(), ErrorKind::NotFound);
        name.is_free_and_works();
    }
}

#[test]
fn a_server_that_dies_while_it_sets_up_is_replaced_at_once() {
    let points = [
        "create.after-mkdir",
        "create.after-meta",
        "listen.before-bind",
        "listen.after-bind",
        "listen.after-rename",
    ];
    for point in points {
        let name = Name::new();
        name.spawn("create", Some(point)).dies();
        name.is_free_and_works();
    }
}

#[test]
fn a_later_instance_that_dies_while_it_sets_up_hurts_no_other() {
    for point in
        ["create.after-mkdir", "listen.before-bind", "listen.after-bind", "listen.after-rename"]
    {
        let name = Name::new();
        let first = server(&name.0);
        name.spawn("create", Some(point)).dies();
        name.serves(&first);
        let second = server(&name.0);
        assert_eq!(second.state().unwrap().instances, 2, "{point}");
        drop(first);
        name.serves(&second);
        drop(second);
        assert!(!name.directory().exists(), "{point}");
    }
}

#[test]
fn a_server_that_dies_while_it_accepts_breaks_its_client() {
    for point in ["accept.after-shutdown", "accept.after-accept"] {
        let name = Name::new();
        let mut child = name.spawn("serve", Some(point));
        child.wait_until_ready();
        // Either the client was in before the death, or there is nobody for it any more.
        match ClientOptions::new().open(&name.0) {
            Ok(client) => {
                assert_eq!(read_to_end(&client), Vec::<Vec<u8>>::new(), "{point}");
                write_to_end(&client);
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{point}"),
        }
        child.dies();
        name.is_free_and_works();
    }
}

#[test]
fn a_writer_killed_in_the_middle_leaves_whole_messages_in_order() {
    for count in [1, 100, 3000] {
        let name = Name::new();
        let server = server(&name.0);
        let child = name.spawn("client writes for ever", None);
        meets(&server);
        let mut into = [0; 16];
        for number in 0u64..count {
            assert_eq!(server.recv_timeout(&mut into, BOUND).unwrap().len, 8);
            assert_eq!(into[..8], number.to_le_bytes());
        }
        child.kill();
        for (number, message) in (count..).zip(read_to_end(&server)) {
            assert_eq!(message, number.to_le_bytes());
        }
        write_to_end(&server);
        drop(server);
        name.is_free_and_works();
    }
}

#[test]
fn the_pending_write_of_a_killed_process_is_gone() {
    // In the ring as a whole, and in pieces.
    for len in [2 * QUOTA, 100 * QUOTA] {
        let name = Name::new();
        let server = server(&name.0);
        let child = name.spawn_with("client is stuck in a write", None, len);
        meets(&server);
        server.send(b"never read").unwrap();
        let all = 5 + len as u64;
        let start = Instant::now();
        while server.peek(&mut []).unwrap().available != all {
            assert!(start.elapsed() < BOUND, "it does not write");
            std::thread::yield_now();
        }
        child.kill();
        // After this the death is known, whether it was before the flush or during it.
        if let Err(error) = server.flush_timeout(BOUND) {
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        }
        assert_eq!(server.peek(&mut []).unwrap().available, 5);
        assert_eq!(read_to_end(&server), [b"whole"]);
        drop(server);
        name.is_free_and_works();
    }
}

#[test]
fn who_only_peeks_sees_the_pending_write_of_a_killed_process_go() {
    let name = Name::new();
    let server = server(&name.0);
    let child = name.spawn_with("client is stuck in a write", None, 2 * QUOTA);
    meets(&server);
    let start = Instant::now();
    let until_available = |len| {
        while server.peek(&mut []).unwrap().available != len {
            assert!(start.elapsed() < BOUND, "it never is {len}");
            std::thread::yield_now();
        }
    };
    until_available(5 + 2 * QUOTA as u64);
    child.kill();
    until_available(5);
}

#[test]
fn a_reader_that_is_killed_while_it_waits_breaks_the_pipe() {
    let name = Name::new();
    let server = server(&name.0);
    let child = name.spawn("client echoes", None);
    meets(&server);
    server.send(b"are you there?").unwrap();
    server.recv_timeout(&mut [0; 16], BOUND).unwrap();
    // It waits for the next message now, or will in a moment.
    child.kill();
    write_to_end(&server);
    assert_eq!(server.peek(&mut []).unwrap_err().kind(), ErrorKind::BrokenPipe);
    drop(server);
    name.is_free_and_works();
}

#[test]
fn a_server_killed_while_it_listens_is_passed_over() {
    let name = Name::new();
    let mut child = name.spawn("listen", None);
    child.wait_until_ready();
    let second = server(&name.0);
    assert_eq!(second.state().unwrap().instances, 2);
    child.kill();
    // The dead one is the older one, and its file is still there.
    assert_eq!(second.state().unwrap().instances, 1);
    name.serves(&second);
    drop(second);
    assert!(!name.directory().exists());
    name.is_free_and_works();
}
