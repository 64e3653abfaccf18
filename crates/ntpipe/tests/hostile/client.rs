//! A client that breaks every rule: the server answers errors, on that connection alone.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use ntpipe::{ClientOptions, ErrorKind, NamedPipeServer, PipeMode, ServerOptions};
use ntpipe_core::PipeName;
use ntpipe_core::namespace::Namespace;
use ntpipe_shm::layout::VERSION;
use ntpipe_shm::segment::{Segment, Spec};
use rustix::fs::{MemfdFlags, SealFlags};

use super::attack::{Attack, Dice, attack, fight, survives_all};
use super::{BOUND, GREETING, QUOTA, RIGHT_LEN, SEALS, SPEC, send};

fn server() -> (String, NamedPipeServer) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!(r"\\.\pipe\hostile-{}-{count}", std::process::id());
    let server = ServerOptions::new()
        .pipe_mode(PipeMode::Message)
        .in_buffer_size(QUOTA)
        .out_buffer_size(QUOTA)
        .create(&name)
        .unwrap();
    (name, server)
}

/// A connection without any of the client's manners.
fn connect(name: &str) -> OwnedFd {
    let name: PipeName = name.parse().unwrap();
    loop {
        match Namespace::from_env().unwrap().open(&name, true, true) {
            Ok(opened) => return opened.socket,
            // The server is about to listen again, in another thread.
            Err(error) if error.is_busy() => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

/// The server goes on with a client that behaves.
fn serves_the_next_client(name: &str, server: &NamedPipeServer) {
    std::thread::scope(|scope| {
        let client = scope.spawn(|| {
            let client = ClientOptions::new()
                .pipe_mode(PipeMode::Message)
                .connect_timeout(BOUND)
                .open(name)
                .unwrap();
            let mut reply = [0; 8];
            assert_eq!(client.transact_timeout(b"hello", &mut reply, BOUND).unwrap().len, 2);
        });
        server.connect_timeout(BOUND).unwrap();
        let mut into = [0; 8];
        assert_eq!(server.recv_timeout(&mut into, BOUND).unwrap().len, 5);
        server.send(b"ok").unwrap();
        client.join().unwrap();
    });
    server.disconnect().unwrap();
}

fn memory(len: u64, seals: SealFlags) -> OwnedFd {
    let fd = rustix::fs::memfd_create("hostile", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)
        .unwrap();
    rustix::fs::ftruncate(&fd, len).unwrap();
    if !seals.is_empty() {
        rustix::fs::fcntl_add_seals(&fd, seals).unwrap();
    }
    fd
}

/// A segment as it should be, but for these bytes.
fn segment_with(at: u64, bytes: &[u8]) -> OwnedFd {
    let (_, fd) = Segment::create(SPEC).unwrap();
    rustix::io::pwrite(&fd, bytes, at).unwrap();
    fd
}

/// A copy of a right segment in memory with these seals.
fn copy_with(len: u64, seals: SealFlags) -> OwnedFd {
    let right = segment_with(0, &[]);
    let mut header = [0; 4096];
    rustix::io::pread(&right, &mut header, 0).unwrap();
    let fd = memory(len, SealFlags::empty());
    rustix::io::pwrite(&fd, &header, 0).unwrap();
    if !seals.is_empty() {
        rustix::fs::fcntl_add_seals(&fd, seals).unwrap();
    }
    fd
}

fn wrong_segments() -> Vec<(&'static str, OwnedFd)> {
    let other = |spec| Segment::create(spec).unwrap().1;
    let (pipe, _writer) = rustix::pipe::pipe().unwrap();
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    let unlinked = {
        let path = std::env::temp_dir().join(format!("hostile-{}", std::process::id()));
        let file = std::fs::File::create_new(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        file.set_len(RIGHT_LEN).unwrap();
        file
    };
    let (socket, _) = std::os::unix::net::UnixStream::pair().unwrap();
    vec![
        ("empty", memory(0, SEALS)),
        ("a page", memory(4096, SEALS)),
        ("zeros", memory(RIGHT_LEN, SEALS)),
        ("not sealed", copy_with(RIGHT_LEN, SealFlags::empty())),
        ("may shrink", copy_with(RIGHT_LEN, SealFlags::GROW | SealFlags::SEAL)),
        ("may grow", copy_with(RIGHT_LEN, SealFlags::SHRINK | SealFlags::SEAL)),
        ("more seals may come", copy_with(RIGHT_LEN, SealFlags::SHRINK | SealFlags::GROW)),
        ("not to be written", copy_with(RIGHT_LEN, SEALS | SealFlags::WRITE)),
        ("a byte short", copy_with(RIGHT_LEN - 1, SEALS)),
        ("a page too long", copy_with(RIGHT_LEN + 4096, SEALS)),
        ("wrong magic", segment_with(0, b"XTPIPE")),
        ("wrong version", segment_with(8, &(VERSION + 1).to_le_bytes())),
        ("wrong type", segment_with(12, &0u32.to_le_bytes())),
        ("capacity 0", segment_with(16, &0u32.to_le_bytes())),
        ("capacity beyond the end", segment_with(16, &65_536u32.to_le_bytes())),
        ("capacity no power of two", segment_with(20, &32_760u32.to_le_bytes())),
        ("capacity of all ones", segment_with(20, &u32::MAX.to_le_bytes())),
        ("capacities changed over", other(Spec { capacities: [16_384, 65_536], ..SPEC })),
        ("other quotas", segment_with(24, &5000u32.to_le_bytes())),
        ("other outbound quota", segment_with(28, &u32::MAX.to_le_bytes())),
        ("a smaller segment", other(Spec { capacities: [4096; 2], ..SPEC })),
        ("a kernel pipe", pipe),
        ("a file", file.into()),
        ("a file of the right length", unlinked.into()),
        ("a socket", socket.into()),
        ("a directory", std::fs::File::open("/").unwrap().into()),
    ]
}

#[test]
fn a_wrong_segment_is_as_if_nobody_came() {
    let (name, server) = server();
    for (what, fd) in wrong_segments() {
        let socket = connect(&name);
        send(&socket, GREETING, &[fd.as_fd()]);
        let result = server.connect_timeout(Duration::ZERO);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::WaitTimeout, "{what}");
        assert!(ntpipe_shm::socket::is_hung_up(&socket).unwrap(), "{what}");
    }
    serves_the_next_client(&name, &server);
}

#[test]
fn a_wrong_greeting_is_as_if_nobody_came() {
    let (name, server) = server();
    let (_, right) = Segment::create(SPEC).unwrap();
    let long = [b'n'; 1000];
    let greetings: [&[u8]; 7] =
        [b"", b"x", b"ntpipe\0\x02", b"ntpipe\0", b"ntpipe\0\x01\0", b"GET / HTTP", &long];
    for greeting in greetings {
        let socket = connect(&name);
        send(&socket, greeting, &[right.as_fd()]);
        let result = server.connect_timeout(Duration::ZERO);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::WaitTimeout, "{greeting:?}");
    }
    // The right words, but nothing with them.
    let socket = connect(&name);
    send(&socket, GREETING, &[]);
    let result = server.connect_timeout(Duration::ZERO);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::WaitTimeout);
    // It goes half-way.
    drop(connect(&name));
    let result = server.connect_timeout(Duration::ZERO);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::WaitTimeout);
    let socket = connect(&name);
    rustix::net::shutdown(&socket, rustix::net::Shutdown::Write).unwrap();
    let result = server.connect_timeout(Duration::ZERO);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::WaitTimeout);
    serves_the_next_client(&name, &server);
}

#[test]
fn a_silent_client_can_be_disconnected() {
    let (name, server) = server();
    let socket = connect(&name);
    let result = server.connect_timeout(Duration::from_millis(1));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::WaitTimeout);
    assert_eq!(server.try_send(b"x").unwrap_err().kind(), ErrorKind::PipeListening);
    assert_eq!(server.peek(&mut []).unwrap_err().kind(), ErrorKind::BadPipe);
    server.disconnect().unwrap();
    assert!(ntpipe_shm::socket::is_hung_up(&socket).unwrap());
    serves_the_next_client(&name, &server);
}

#[test]
fn surplus_descriptors_are_closed() {
    let (name, server) = server();
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let (_, right) = Segment::create(SPEC).unwrap();
    let before = open();
    for _ in 0..300 {
        let socket = connect(&name);
        send(&socket, GREETING, &[right.as_fd(); 12]);
        let _ = server.connect_timeout(Duration::ZERO);
        let _ = server.disconnect();
        let _ = server.connect_timeout(Duration::ZERO);
    }
    // Other tests run beside this one, with some dozen descriptors.
    assert!(open() < before + 300, "descriptors leak");
    serves_the_next_client(&name, &server);
}

fn survives(attack_kind: Attack, seed: u64) {
    let (name, server) = server();
    let (segment, fd) = Segment::create(SPEC).unwrap();
    let mut dice = Dice(seed);
    // Also before the server looks at it for the first time.
    for _ in 0..dice.below(20) {
        attack(&segment, &fd, attack_kind, 0, &mut dice);
    }
    let socket = connect(&name);
    send(&socket, GREETING, &[fd.as_fd()]);
    // Corrupt is an answer, too: the header may be bad already.
    let _ = server.connect_timeout(Duration::from_millis(1));
    fight(&server, (&segment, &fd), attack_kind, 0, seed);
    let _ = server.disconnect();
    server.set_state(PipeMode::Message, false).unwrap();
    serves_the_next_client(&name, &server);
}

#[test]
fn anything_anywhere_is_survived() {
    survives_all(survives, Attack::Anything, 60);
}

#[test]
fn plausible_cursors_and_headers_are_survived() {
    survives_all(survives, Attack::Plausible, 60);
}

#[test]
fn a_flood_of_records_without_bytes_is_survived() {
    // Empty ones, ones that continue, withdrawn ones, claimed ones.
    for flags in [0, 1 << 27, 1 << 30, 1 << 28 | 1 << 29, 1 << 27 | 1 << 28] {
        survives_all(survives, Attack::Flood(flags), 4);
    }
}

#[test]
fn lives_and_bells_that_change_are_survived() {
    survives_all(survives, Attack::Sides, 60);
}

#[test]
fn a_call_is_cancelled_though_the_peer_takes_our_announcement_back() {
    let (name, server) = server();
    let (segment, fd) = Segment::create(SPEC).unwrap();
    let socket = connect(&name);
    send(&socket, GREETING, &[fd.as_fd()]);
    server.connect_timeout(BOUND).unwrap();
    let bell = &segment.side(0).data_bell;
    let (done, wait) = mpsc::channel();
    std::thread::scope(|scope| {
        let server = &server;
        scope.spawn(move || done.send(server.recv(&mut [0; 8]).map(drop)).unwrap());
        while bell.load(Ordering::Relaxed) & 1 == 0 {
            std::thread::yield_now();
        }
        // As long as no sleeper is announced, it may not be asleep yet; then this is no attack.
        for _ in 0..1000 {
            std::thread::yield_now();
        }
        bell.store(0, Ordering::Relaxed);
        server.cancel_io();
        let result = wait.recv_timeout(Duration::from_secs(10));
        if result.is_err() {
            // So that the test ends: the right of the peer.
            drop(socket);
            ntpipe_shm::futex::wake_all(bell);
        }
        assert_eq!(result.unwrap().unwrap_err().kind(), ErrorKind::OperationAborted);
    });
}
