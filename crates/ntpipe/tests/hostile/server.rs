//! A server that breaks every rule: the client gets errors, on that connection alone.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use ntpipe::{ClientOptions, ErrorKind, NamedPipeClient, PipeMode, ServerOptions};
use ntpipe_core::PipeName;
use ntpipe_core::connection::QUOTA_BYTES_MAX;
use ntpipe_core::mode::{Access, PipeType};
use ntpipe_core::namespace::{CreateParams, Listener, Namespace};
use ntpipe_core::security::Security;
use ntpipe_shm::layout::{HEADER_BYTES, LIFE_CLOSED};
use ntpipe_shm::lockfile::{self, LockKind};
use ntpipe_shm::segment::Segment;
use rustix::fs::{FallocateFlags, SealFlags};
use rustix::net::Shutdown;

use super::attack::{Attack, Dice, Over, attack, fight, operate_all, survives_all};
use super::{BOUND, GREETING, QUOTA, RIGHT_LEN, send};

/// A server end without any of the server's manners.
struct Fake {
    name: String,
    listener: Listener,
}

fn fresh_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!(r"\\.\pipe\hostile-server-{}-{count}", std::process::id())
}

fn fake_server_with(quota: u32) -> Fake {
    let name = fresh_name();
    let params = CreateParams {
        pipe_type: PipeType::Message,
        access: Access::Duplex,
        max_instances: 255,
        in_quota: quota,
        out_quota: quota,
        default_timeout_ms: 50,
        first: true,
        policy: Security::current_user().into(),
        takes_ownership: false,
    };
    let listener = Namespace::from_env().unwrap().create(&name.parse().unwrap(), &params).unwrap();
    Fake { name, listener }
}

fn fake_server() -> Fake {
    fake_server_with(QUOTA)
}

/// What a fake server has of its client.
struct Victim {
    socket: OwnedFd,
    segment: Segment,
    memory: OwnedFd,
}

impl Fake {
    /// Lets another client come.
    fn listen_again(&mut self) {
        self.listener.listening = self.listener.place.listen().unwrap();
    }

    fn accept(&self) -> OwnedFd {
        loop {
            if let Some(socket) = self.listener.listening.try_accept().unwrap() {
                return socket;
            }
            std::thread::yield_now();
        }
    }

    /// A client, and what it sent.
    fn open(&self) -> (NamedPipeClient, Victim) {
        let client = ClientOptions::new().pipe_mode(PipeMode::Message).open(&self.name).unwrap();
        let socket = self.accept();
        let mut greeting = [0; 16];
        let (len, memory) = ntpipe_shm::socket::recv_with_fd(&socket, &mut greeting).unwrap();
        assert_eq!(&greeting[..len], GREETING);
        let memory = memory.unwrap();
        let segment = Segment::open(&memory).unwrap();
        (client, Victim { socket, segment, memory })
    }
}

fn kind<T>(result: ntpipe::Result<T>) -> Result<T, ErrorKind> {
    result.map_err(|error| error.kind())
}

/// `call` waits, and one `cancel_io` ends it; `meanwhile` runs once it sleeps.
fn cancel_ends(
    client: &NamedPipeClient,
    call: impl FnOnce(&NamedPipeClient) -> ntpipe::Result<()> + Send,
    meanwhile: impl FnOnce(),
) {
    let (thread, told) = mpsc::channel();
    let (done, result) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            thread.send(rustix::thread::gettid().as_raw_nonzero()).unwrap();
            done.send(kind(call(client))).unwrap();
        });
        let stat = format!("/proc/self/task/{}/stat", told.recv().unwrap());
        // It sleeps nowhere else for long.
        let sleeps = || std::fs::read_to_string(&stat).unwrap().contains(") S ");
        while !(0..50).all(|_| sleeps()) {
            std::thread::yield_now();
        }
        meanwhile();
        client.cancel_io();
        let ended = result.recv_timeout(BOUND);
        if ended.is_err() {
            // The scope would wait for it.
            eprintln!("cancel_io does not end the call");
            std::process::abort();
        }
        assert_eq!(ended.unwrap(), Err(ErrorKind::OperationAborted));
    });
}

/// A connection of the same process with a server that behaves.
struct Witness {
    server: ntpipe::NamedPipeServer,
    client: NamedPipeClient,
}

impl Witness {
    fn new() -> Self {
        let name = fresh_name();
        let server = ServerOptions::new().pipe_mode(PipeMode::Message).create(&name).unwrap();
        let client = ClientOptions::new().pipe_mode(PipeMode::Message).open(&name).unwrap();
        server.connect_timeout(BOUND).unwrap();
        let witness = Self { server, client };
        witness.is_unharmed();
        witness
    }

    fn is_unharmed(&self) {
        let mut into = [0; 8];
        self.client.send_timeout(b"there", BOUND).unwrap();
        let got = self.server.recv_timeout(&mut into, BOUND).unwrap();
        assert_eq!(&into[..got.len], b"there");
        self.server.send_timeout(b"back", BOUND).unwrap();
        let got = self.client.recv_timeout(&mut into, BOUND).unwrap();
        assert_eq!(&into[..got.len], b"back");
    }
}

fn survives(kind: Attack, seed: u64) {
    let witness = Witness::new();
    let (client, victim) = fake_server().open();
    let Victim { socket: _socket, segment, memory } = victim;
    let mut dice = Dice(seed);
    for _ in 0..dice.below(20) {
        attack(&segment, &memory, kind, 1, &mut dice);
    }
    fight(&client, (&segment, &memory), kind, 1, seed);
    witness.is_unharmed();
    drop(client);
    witness.is_unharmed();
}

#[test]
fn garbage_anywhere_is_survived() {
    survives_all(survives, Attack::Anything, 60);
}

#[test]
fn garbage_that_looks_right_is_survived() {
    survives_all(survives, Attack::Plausible, 60);
}

#[test]
fn a_flood_of_empty_records_from_the_server_is_survived() {
    for flags in [0, 1 << 27, 1 << 30, 1 << 28 | 1 << 29, 1 << 27 | 1 << 28] {
        survives_all(survives, Attack::Flood(flags), 4);
    }
}

#[test]
fn the_server_may_change_lives_and_bells() {
    survives_all(survives, Attack::Sides, 60);
}

#[test]
fn every_word_of_the_header_may_become_anything() {
    let witness = Witness::new();
    let mut fake = fake_server();
    for at in (0..896).step_by(4) {
        for value in [0, 1, 3, 1 << 16, 1 << 31, u32::MAX - 7, u32::MAX] {
            let (client, victim) = fake.open();
            // Something to read, and something unread.
            client.send(b"request").unwrap();
            rustix::io::pwrite(&victim.memory, &u32::to_ne_bytes(value), at).unwrap();
            operate_all(&client);
            // Once more, with what the first ones made of it.
            operate_all(&client);
            drop(client);
            drop(victim);
            fake.listen_again();
        }
    }
    witness.is_unharmed();
}

#[test]
fn the_memory_can_neither_shrink_nor_be_sealed_and_holes_do_no_harm() {
    let fake = fake_server();
    let (client, Victim { memory, socket, .. }) = fake.open();
    client.send(b"request").unwrap();
    let refused = Some(rustix::io::Errno::PERM);
    for len in [0, 1, HEADER_BYTES as u64, RIGHT_LEN - 1, RIGHT_LEN + 1, u64::MAX >> 1] {
        assert_eq!(rustix::fs::ftruncate(&memory, len).err(), refused, "{len}");
    }
    for seals in [SealFlags::WRITE, SealFlags::FUTURE_WRITE, SealFlags::SHRINK] {
        assert_eq!(rustix::fs::fcntl_add_seals(&memory, seals).err(), refused, "{seals:?}");
    }
    operate_all(&client);
    let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    rustix::fs::fallocate(&memory, hole, 0, RIGHT_LEN).unwrap();
    operate_all(&client);
    rustix::fs::fallocate(&memory, hole, HEADER_BYTES as u64, RIGHT_LEN).unwrap();
    operate_all(&client);
    drop(socket);
    operate_all(&client);
}

#[test]
fn a_server_that_goes_half_way_ends_the_clients_calls() {
    let ends = |client: &NamedPipeClient, what: &str| {
        let result = kind(client.recv_timeout(&mut [0; 8], BOUND));
        assert_eq!(result, Err(ErrorKind::BrokenPipe), "{what}");
        let result = kind(client.send_timeout(b"x", BOUND));
        assert_eq!(result, Err(ErrorKind::NoData), "{what}");
        operate_all(client);
    };
    let open = |fake: &Fake| ClientOptions::new().open(&fake.name).unwrap();

    let fake = fake_server();
    let client = open(&fake);
    drop(fake);
    ends(&client, "nobody ever accepted");

    let fake = fake_server();
    let client = open(&fake);
    drop(fake.accept());
    ends(&client, "closed before the greeting was read");

    let (client, victim) = fake_server().open();
    drop(victim.socket);
    ends(&client, "closed after the greeting, the memory still mapped");

    let (client, victim) = fake_server().open();
    rustix::net::shutdown(&victim.socket, Shutdown::Write).unwrap();
    ends(&client, "writes no more");

    let (client, victim) = fake_server().open();
    victim.segment.side(0).life.store(LIFE_CLOSED, Ordering::Relaxed);
    ends(&client, "says that it closed, and stays");

    let (client, victim) = fake_server().open();
    victim.segment.side(0).life.store(77, Ordering::Relaxed);
    ends(&client, "says nonsense of its life");

    // It does not read any more: the client may still send.
    let (client, victim) = fake_server().open();
    rustix::net::shutdown(&victim.socket, Shutdown::Read).unwrap();
    client.send_timeout(b"x", BOUND).unwrap();
    let result = kind(client.recv_timeout(&mut [0; 8], Duration::from_millis(1)));
    assert!(matches!(result, Err(ErrorKind::WaitTimeout | ErrorKind::BrokenPipe)), "{result:?}");
}

#[test]
fn a_server_that_never_answers_costs_no_more_than_the_timeout() {
    let fake = fake_server();
    let client = ClientOptions::new().pipe_mode(PipeMode::Message).open(&fake.name).unwrap();
    let soon = Duration::from_millis(5);
    let mut into = [0; 8];
    assert_eq!(kind(client.recv_timeout(&mut into, soon)), Err(ErrorKind::WaitTimeout));
    assert_eq!(kind(client.transact_timeout(b"x", &mut into, soon)), Err(ErrorKind::WaitTimeout));
    assert_eq!(kind(client.flush_timeout(soon)), Err(ErrorKind::WaitTimeout));
    let much = vec![0; 10 * QUOTA as usize];
    assert_eq!(kind(client.send_timeout(&much, soon)), Err(ErrorKind::WaitTimeout));
    cancel_ends(&client, |client| client.recv(&mut [0; 8]).map(drop), || {});
    cancel_ends(&client, |client| client.send(&[0; 10 * QUOTA as usize]).map(drop), || {});
    cancel_ends(&client, NamedPipeClient::flush, || {});
}

#[test]
fn what_the_server_sends_on_the_socket_is_thrown_away() {
    let (client, victim) = fake_server().open();
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let _polled = client.as_fd();
    let before = open();
    for len in [1, 8, 1000] {
        for _ in 0..300 {
            send(&victim.socket, &vec![b'n'; len], &[victim.memory.as_fd(); 12]);
            // As a poller does: it asks, and so takes what made the descriptor readable.
            assert_eq!(kind(client.try_recv(&mut [0; 8])), Err(ErrorKind::NoData));
        }
    }
    // Other tests run beside this one, with some dozen descriptors.
    assert!(open() < before + 300, "descriptors leak");
    operate_all(&client);
}

/// docs/protocol.md, section 6: a ring that falls between our last look and our sleep can be undone so.
#[test]
fn a_bell_that_is_put_back_again_and_again_stops_neither_a_timeout_nor_a_cancellation() {
    let (client, victim) = fake_server().open();
    let side = victim.segment.side(1);
    let over = AtomicBool::new(false);
    let put_back = |bell: &AtomicU32, announced: u32| {
        while !over.load(Ordering::Relaxed) {
            if bell.load(Ordering::Relaxed) != announced {
                bell.store(announced, Ordering::Relaxed);
            }
        }
    };
    let soon = Duration::from_millis(5);
    std::thread::scope(|scope| {
        let _over = Over(&over);
        // As the first sleeper will have announced itself.
        scope.spawn(|| put_back(&side.data_bell, 1));
        for _ in 0..20 {
            let result = kind(client.recv_timeout(&mut [0; 8], soon));
            assert_eq!(result, Err(ErrorKind::WaitTimeout));
        }
    });
    over.store(false, Ordering::Relaxed);
    std::thread::scope(|scope| {
        let _over = Over(&over);
        let restore = || {
            for bell in [&side.data_bell, &side.room_bell] {
                let announced = bell.load(Ordering::Relaxed);
                let put_back = &put_back;
                scope.spawn(move || put_back(bell, announced));
            }
        };
        cancel_ends(&client, |client| client.recv(&mut [0; 8]).map(drop), restore);
    });
}

#[test]
fn quotas_beyond_all_bounds_in_the_listeners_name_do_no_harm() {
    for quota in [0, 1, QUOTA_BYTES_MAX, QUOTA_BYTES_MAX + 1, 1 << 31, u32::MAX] {
        let fake = fake_server_with(quota);
        let opened = ClientOptions::new().pipe_mode(PipeMode::Message).open(&fake.name);
        let refused = opened.as_ref().err().map(|error| error.kind());
        assert_eq!(refused, (quota > QUOTA_BYTES_MAX).then_some(ErrorKind::Corrupt), "{quota}");
        if let Ok(client) = opened {
            let _ = client.send_timeout(&vec![7; 1 << 20], Duration::ZERO);
            operate_all(&client);
        }
    }
}

#[test]
fn a_server_that_throws_everyone_out_does_not_keep_a_client_beyond_its_timeout() {
    let mut fake = fake_server();
    let name = fake.name.clone();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _over = Over(&over);
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                if fake.listener.listening.try_accept().unwrap().is_some() {
                    fake.listen_again();
                }
            }
        });
        for round in 0..300u64 {
            let timeout = Duration::from_micros(round * 10);
            match ClientOptions::new().connect_timeout(timeout).open(&name) {
                Ok(client) => operate_all(&client),
                Err(error) => assert_eq!(error.kind(), ErrorKind::PipeBusy, "{error}"),
            }
        }
    });
}

/// Puts something in the place of one file of a pipe's directory, and asks for the pipe in every way.
/// What `put` gives is kept meanwhile.
fn misplace<T>(what: &str, file: &str, put: impl Fn(&Path) -> T) {
    let fake = fake_server();
    let name: PipeName = fake.name.parse().unwrap();
    let dir = Namespace::from_env().unwrap().path().join(name.directory());
    let listener = std::fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .find(|file| file.starts_with("l0"))
        .unwrap();
    let path = dir.join(if file == LISTENER { &listener } else { file });
    std::fs::remove_file(&path).unwrap();
    let kept = put(&path);
    let soon = Duration::from_millis(1);
    let told = |result: Result<(), ErrorKind>| {
        use ErrorKind::{GenFailure, NotFound, PipeBusy, SemTimeout};
        let expected = [NotFound, PipeBusy, GenFailure, SemTimeout];
        assert!(result.is_ok_or_one_of(&expected), "{what} as {file}: {result:?}");
    };
    let open = kind(ClientOptions::new().open(&fake.name).map(drop));
    assert!(open.is_err() || file == LOCK, "{what} as {file}");
    told(open);
    told(kind(ClientOptions::new().connect_timeout(soon).open(&fake.name).map(drop)));
    told(kind(ntpipe::wait_named_pipe(&fake.name, soon)));
    told(kind(ntpipe::info(&fake.name).map(drop)));
    ntpipe::list().unwrap();
    // First, since a lock of this test would keep the server from leaving.
    drop(kept);
    drop(fake);
    let _ = std::fs::remove_dir_all(&dir);
}

trait OneOf {
    fn is_ok_or_one_of(&self, kinds: &[ErrorKind]) -> bool;
}

impl OneOf for Result<(), ErrorKind> {
    fn is_ok_or_one_of(&self, kinds: &[ErrorKind]) -> bool {
        self.as_ref().err().is_none_or(|kind| kinds.contains(kind))
    }
}

const META: &str = "pipe";
const LOCK: &str = "lock";
const LISTENER: &str = "the listener";

/// A file of these bytes that a server seems to hold.
fn held_file(path: &Path, bytes: &[u8], len: u64) -> OwnedFd {
    std::fs::write(path, bytes).unwrap();
    let file = std::fs::File::options().read(true).write(true).open(path).unwrap();
    file.set_len(len).unwrap();
    let file = OwnedFd::from(file);
    lockfile::try_lock(&file, LockKind::Shared, 0..1).unwrap();
    file
}

#[test]
fn strange_things_in_a_pipes_directory_are_no_pipe() {
    let witness = Witness::new();
    for file in [META, LOCK, LISTENER] {
        misplace("nothing", file, |_| ());
        misplace("a directory", file, |path| std::fs::create_dir(path).unwrap());
        misplace("a loop", file, |path| std::os::unix::fs::symlink(path, path).unwrap());
        misplace("a device", file, |path| std::os::unix::fs::symlink("/dev/zero", path).unwrap());
        misplace("a kernel pipe", file, |path| {
            let kind = rustix::fs::FileType::Fifo;
            let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
            rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, 0).unwrap();
        });
        misplace("a stream", file, |path| UnixListener::bind(path).unwrap());
        misplace("a datagram socket", file, |path| UnixDatagram::bind(path).unwrap());
        misplace("an empty file", file, |path| held_file(path, &[], 0));
        misplace("a huge file", file, |path| held_file(path, b"ntpipe\0\x01", 1 << 40));
        for seed in 0..50 {
            let mut dice = Dice(seed);
            let garbage: Vec<u8> =
                (0..dice.below(200)).flat_map(|_| dice.next().to_ne_bytes()).collect();
            misplace("garbage", file, |path| held_file(path, &garbage, garbage.len() as u64));
        }
    }
    witness.is_unharmed();
}
