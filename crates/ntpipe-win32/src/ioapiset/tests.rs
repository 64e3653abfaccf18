//! The rules of overlapped operations and completion ports, called as C calls them.

mod ending;
mod leaving;
mod lent;
mod two_processes;

use std::ffi::CString;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::apc;
use crate::boundary::last_error;
use crate::fileapi::{CreateFileA, ReadFile, ReadFileEx, WriteFile, WriteFileEx};
use crate::handleapi::CloseHandle;
use crate::namedpipeapi::{
    ConnectNamedPipe, CreateNamedPipeA, DisconnectNamedPipe, TransactNamedPipe,
};

const BYTES: u32 = 0;
const MESSAGES: u32 = 6;
const OVERLAPPED_PIPE: u32 = 0x4000_0000;
const NEVER: usize = 0xDEAD;
/// So long a test waits for what has to come.
const PATIENCE: u32 = 20_000;

/// A call with an `OVERLAPPED`, and its buffer.
struct Call {
    overlapped: OVERLAPPED,
    data: [u8; 256],
    event: Option<Event>,
    bytes: u32,
}

impl Call {
    fn new() -> Box<Self> {
        let event = Event::new(true, true).expect("an event");
        let entry = Entry::new(Object::Event(event.clone()), 0x1F_0003);
        let mut call = Self::without_event();
        call.overlapped.hEvent = handle::insert(entry).expect("a handle");
        call.event = Some(event);
        call
    }

    fn without_event() -> Box<Self> {
        let (Internal, InternalHigh) = (NEVER, NEVER);
        let overlapped =
            OVERLAPPED { Internal, InternalHigh, Offset: 0, OffsetHigh: 0, hEvent: null_mut() };
        Box::new(Self { overlapped, data: [0; 256], event: None, bytes: 77 })
    }

    fn block(&mut self) -> *mut OVERLAPPED {
        &raw mut self.overlapped
    }

    fn read(&mut self, file: HANDLE, len: u32) -> u32 {
        let (data, bytes) = (self.data.as_mut_ptr().cast(), &raw mut self.bytes);
        // SAFETY: a test keeps the call until it has completed.
        answer(unsafe { ReadFile(file, data, len, bytes, self.block()) })
    }

    fn write(&mut self, file: HANDLE, data: &[u8]) -> u32 {
        self.data[..data.len()].copy_from_slice(data);
        let (start, bytes) = (self.data.as_ptr().cast(), &raw mut self.bytes);
        let len = u32::try_from(data.len()).expect("short");
        // SAFETY: as above.
        answer(unsafe { WriteFile(file, start, len, bytes, self.block()) })
    }

    fn connect(&mut self, pipe: HANDLE) -> u32 {
        // SAFETY: as above.
        answer(unsafe { ConnectNamedPipe(pipe, self.block()) })
    }

    /// The code and the count of `GetOverlappedResultEx`.
    fn result(&mut self, file: HANDLE, ms: u32) -> (u32, u32) {
        let mut bytes = 77;
        // SAFETY: as above.
        let code =
            answer(unsafe { GetOverlappedResultEx(file, self.block(), &raw mut bytes, ms, 0) });
        (code, bytes)
    }

    fn status(&mut self) -> usize {
        // SAFETY: it is there.
        unsafe { look(self.block()) }.expect("not null").0
    }

    fn is_set(&self) -> bool {
        self.event.as_ref().expect("with event").is_set()
    }

    fn text(&self, len: u32) -> &str {
        std::str::from_utf8(&self.data[..len as usize]).expect("text")
    }
}

/// 0, or the last error.
fn answer(ok: BOOL) -> u32 {
    if ok == 0 { last_error() } else { 0 }
}

fn name() -> CString {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    CString::new(format!(r"\\.\pipe\ioapiset-{}-{number}", std::process::id())).expect("a name")
}

fn server(name: &CString, mode: u32, quota: u32) -> HANDLE {
    let open_mode = 3 | OVERLAPPED_PIPE;
    // SAFETY: a string and null.
    unsafe { CreateNamedPipeA(name.as_ptr(), open_mode, mode, 10, quota, quota, 0, null()) }
}

fn client(name: &CString, flags: u32) -> HANDLE {
    let access = access::GENERIC_READ | access::GENERIC_WRITE;
    // SAFETY: a string and nulls.
    unsafe { CreateFileA(name.as_ptr(), access, 0, null(), 3, flags, null_mut()) }
}

/// A server and its client, whose handle is not overlapped.
fn pair(mode: u32) -> (HANDLE, HANDLE) {
    let name = name();
    let server = server(&name, mode, 100);
    let client = client(&name, 0);
    assert!(server != INVALID_HANDLE_VALUE && client != INVALID_HANDLE_VALUE);
    (server, client)
}

fn send(file: HANDLE, data: &[u8]) {
    let len = u32::try_from(data.len()).expect("short");
    let mut bytes = 0;
    // SAFETY: the buffer is that long.
    let ok = unsafe { WriteFile(file, data.as_ptr().cast(), len, &raw mut bytes, null_mut()) };
    assert_eq!((answer(ok), bytes), (0, len));
}

fn recv(file: HANDLE) -> (u32, Vec<u8>) {
    let (mut data, mut bytes) = ([0u8; 256], 0);
    // SAFETY: the buffer is that long.
    let ok = unsafe { ReadFile(file, data.as_mut_ptr().cast(), 256, &raw mut bytes, null_mut()) };
    (answer(ok), data[..bytes as usize].to_vec())
}

fn close(handles: impl IntoIterator<Item = HANDLE>) {
    for handle in handles {
        assert_eq!(CloseHandle(handle), 1);
    }
}

fn port_of(file: HANDLE) -> HANDLE {
    let port = CreateIoCompletionPort(file, null_mut(), 7, 0);
    assert!(!port.is_null(), "{}", last_error());
    port
}

/// Code, count, key and `OVERLAPPED` of the next packet.
fn next(port: HANDLE, ms: u32) -> (u32, u32, usize, *mut OVERLAPPED) {
    let (mut bytes, mut key, mut overlapped) = (77, 77, null_mut());
    // SAFETY: the places are there.
    let ok = unsafe {
        GetQueuedCompletionStatus(port, &raw mut bytes, &raw mut key, &raw mut overlapped, ms)
    };
    (answer(ok), bytes, key, overlapped)
}

const ANY: HANDLE = INVALID_HANDLE_VALUE;

#[test]
fn a_read_without_data_is_pending_with_its_event_reset() {
    let (server, client) = pair(BYTES);
    let mut read = Call::new();
    assert_eq!(read.read(server, 10), 997);
    assert_eq!((read.bytes, read.status(), read.overlapped.InternalHigh), (0, 0x103, NEVER));
    assert!(!read.is_set());
    assert_eq!(read.result(server, 0), (996, 77));
    send(client, b"hello");
    assert_eq!(read.result(server, PATIENCE), (0, 5));
    assert_eq!(read.text(5), "hello");
    assert!(read.is_set() && read.status() == 0);
    close([server, client]);
}

#[test]
fn what_completes_at_once_is_told_in_the_call() {
    let (server, client) = pair(MESSAGES);
    send(client, b"hello");
    let mut call = Call::new();
    assert_eq!((call.read(server, 10), call.bytes), (0, 5));
    assert_eq!((call.status(), call.overlapped.InternalHigh, call.is_set()), (0, 5, true));
    assert_eq!((call.write(server, b"answer"), call.bytes), (0, 6));
    assert_eq!(recv(client), (0, b"answer".to_vec()));
    send(client, b"a message");
    assert_eq!((call.read(server, 4), call.bytes), (234, 0), "the count is in the block only");
    assert_eq!((call.status(), call.overlapped.InternalHigh), (0x8000_0005, 4));
    assert_eq!(call.result(server, 0), (234, 4));
    close([server, client]);
}

#[test]
fn what_fails_at_once_leaves_the_block_pending() {
    let (server, client) = pair(BYTES);
    close([client]);
    let mut call = Call::new();
    assert_eq!((call.read(server, 10), call.bytes), (109, 0));
    assert_eq!((call.status(), call.overlapped.InternalHigh), (0x103, NEVER));
    assert_eq!(call.read(null_mut(), 10), 6);
    assert_eq!(call.bytes, 0);
    close([server]);
}

#[test]
fn pending_reads_are_served_in_order_and_cancelled_alone() {
    let (server, client) = pair(BYTES);
    let [mut first, mut second, mut third] = [Call::new(), Call::new(), Call::new()];
    for read in [&mut first, &mut second, &mut third] {
        assert_eq!(read.read(server, 10), 997);
    }
    assert_eq!(CancelIoEx(server, first.block()), 1);
    assert_eq!((first.result(server, 0), first.status()), ((995, 0), 0xC000_0120));
    assert_eq!(answer(CancelIoEx(server, first.block())), 1168);
    send(client, b"two");
    assert_eq!(second.result(server, PATIENCE), (0, 3));
    assert_eq!(third.result(server, 0).0, 996);
    assert_eq!(CancelIo(server), 1);
    assert_eq!(third.result(server, 0).0, 995);
    assert_eq!(answer(CancelIoEx(server, null_mut())), 1168);
    assert_eq!(CancelIo(server), 1, "with nothing pending");
    close([server, client]);
}

#[test]
fn cancel_io_ends_the_calls_of_its_thread_only() {
    let (server, client) = pair(BYTES);
    let mut read = Call::new();
    assert_eq!(read.read(server, 10), 997);
    let address = server.addr();
    let other = move || CancelIo(std::ptr::without_provenance_mut(address));
    assert_eq!(std::thread::spawn(other).join().expect("no panic"), 1);
    assert_eq!(read.result(server, 0).0, 996);
    close([server]);
    assert_eq!((read.result(server, 0), read.status()), ((109, 0), 0xC000_014B), "closed for good");
    close([client]);
}

#[test]
fn writes_beyond_the_quota_pend_in_order_and_vanish_when_cancelled() {
    let (server, client) = pair(BYTES);
    let [mut big, mut small, mut empty] = [Call::new(), Call::new(), Call::new()];
    assert_eq!(big.write(server, &[b'x'; 101]), 997);
    assert_eq!(small.write(server, b"after"), 997);
    assert_eq!((empty.write(server, b""), empty.bytes), (0, 0), "never waits");
    assert_eq!(CancelIoEx(server, big.block()), 1);
    assert_eq!(big.result(server, 0), (995, 0));
    assert_eq!(small.result(server, 0), (0, 5), "its way is free");
    assert_eq!(recv(client), (0, b"after".to_vec()));
    close([server, client]);
}

#[test]
fn a_connect_waits_for_a_client_and_ends_with_a_disconnect() {
    let name = name();
    let server = server(&name, BYTES, 100);
    let [mut first, mut second] = [Call::new(), Call::new()];
    assert_eq!((first.connect(server), second.connect(server)), (997, 997));
    let client_end = client(&name, 0);
    assert_eq!(first.result(server, PATIENCE), (0, 0));
    assert_eq!(second.result(server, PATIENCE), (0, 0), "one client is for both");
    let mut late = Call::new();
    assert_eq!((late.connect(server), late.status(), late.is_set()), (535, 0x103, false));
    assert_eq!(DisconnectNamedPipe(server), 1);
    assert_eq!(late.connect(server), 997);
    assert_eq!(DisconnectNamedPipe(server), 1);
    assert_eq!(late.result(server, PATIENCE).0, 233);
    close([client_end]);
    assert_eq!(late.connect(server), 997);
    assert_eq!(CancelIoEx(server, late.block()), 1);
    assert_eq!(late.result(server, 0).0, 995);
    assert_eq!(late.connect(server), 997);
    close([server]);
    assert_eq!((late.result(server, 0).0, late.is_set()), (109, true));
}

#[test]
fn a_pending_read_ends_with_the_peer_or_the_connection() {
    let (server, client) = pair(BYTES);
    let mut read = Call::new();
    assert_eq!(read.read(server, 10), 997);
    close([client]);
    assert_eq!((read.result(server, PATIENCE), read.status()), ((109, 0), 0xC000_014B));
    close([server]);
    let (server, client) = pair(BYTES);
    assert_eq!(read.read(server, 10), 997);
    assert_eq!(DisconnectNamedPipe(server), 1);
    assert_eq!((read.result(server, 0), read.status()), ((233, 0), 0xC000_00B0));
    close([server, client]);
}

#[test]
fn the_handle_shows_operations_without_event() {
    let (server, client) = pair(BYTES);
    let signal = handle::get(server).expect("open").object.io().expect("a file").signal.clone();
    assert!(signal.is_set(), "new");
    let mut plain = Call::without_event();
    assert_eq!(plain.read(server, 10), 997);
    assert!(!signal.is_set());
    send(client, b"one");
    assert_eq!(plain.result(server, PATIENCE), (0, 3));
    assert!(signal.is_set());
    let mut with_event = Call::new();
    assert_eq!(with_event.read(server, 10), 997);
    send(client, b"two");
    assert_eq!(with_event.result(server, PATIENCE), (0, 3));
    assert!(!signal.is_set(), "cleared, and not set");
    assert_eq!(SetFileCompletionNotificationModes(server, 2), 1);
    assert_eq!(plain.write(server, b"three"), 0);
    assert!(!signal.is_set(), "never again");
    close([server, client]);
}

#[test]
fn on_a_handle_that_is_not_overlapped_a_call_completes_itself() {
    let (server, client) = pair(BYTES);
    let mut read = Call::new();
    let address = server.addr();
    let later = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        send(std::ptr::without_provenance_mut(address), b"later");
    });
    assert_eq!((read.read(client, 10), read.bytes), (0, 5));
    assert!(read.is_set() && read.status() == 0);
    later.join().expect("no panic");
    assert!(CreateIoCompletionPort(client, null_mut(), 1, 0).is_null());
    assert_eq!(last_error(), 87);
    close([server, client]);
}

#[test]
fn a_transaction_waits_for_its_reply() {
    let name = name();
    let server = server(&name, MESSAGES, 100);
    let client = client(&name, OVERLAPPED_PIPE);
    let mut mode = 2;
    // SAFETY: the place is there.
    let set = unsafe {
        crate::namedpipeapi::SetNamedPipeHandleState(client, &raw mut mode, null_mut(), null_mut())
    };
    assert_eq!(set, 1);
    let (mut call, request) = (Call::new(), b"request");
    let (data, bytes) = (call.data.as_mut_ptr().cast(), &raw mut call.bytes);
    // SAFETY: all of it stays until the transaction has completed.
    let began = unsafe {
        TransactNamedPipe(client, request.as_ptr().cast(), 7, data, 3, bytes, call.block())
    };
    assert_eq!((answer(began), call.bytes), (997, 0));
    let mut served = Call::new();
    assert_eq!((served.read(server, 100), served.bytes), (0, 7));
    send(server, b"reply");
    assert_eq!(call.result(client, PATIENCE), (234, 3));
    close([server, client]);
}

#[test]
fn a_port_tells_all_that_completes_but_errors_at_once() {
    let (server, client) = pair(MESSAGES);
    let port = port_of(server);
    let mut call = Call::without_event();
    send(client, b"hello");
    assert_eq!(call.read(server, 10), 0);
    assert_eq!(next(port, 0), (0, 5, 7, call.block()));
    send(client, b"a message");
    assert_eq!(call.read(server, 4), 234);
    assert_eq!(next(port, 0), (234, 4, 7, call.block()));
    assert_eq!(call.read(server, 100), 0);
    assert_eq!(next(port, 0), (0, 5, 7, call.block()));
    assert_eq!(next(port, 0), (258, 77, 77, null_mut()));
    assert_eq!(call.read(server, 10), 997);
    send(client, b"later");
    assert_eq!(next(port, PATIENCE), (0, 5, 7, call.block()));
    assert_eq!(call.read(server, 10), 997);
    assert_eq!(CancelIoEx(server, null_mut()), 1);
    assert_eq!(next(port, 0), (995, 0, 7, call.block()));
    assert_eq!(call.read(server, 10), 997);
    close([client]);
    assert_eq!(next(port, PATIENCE), (109, 0, 7, call.block()));
    assert_eq!(call.read(server, 10), 109);
    assert_eq!(next(port, 30), (258, 77, 77, null_mut()));
    assert!(CreateIoCompletionPort(server, port, 8, 0).is_null());
    assert_eq!(last_error(), 87, "bound already");
    close([server, port]);
}

#[test]
fn what_pends_on_a_bound_end_completes_though_nobody_waits_at_the_port() {
    let (server, client) = pair(BYTES);
    let port = port_of(server);
    let mut call = Call::new();
    assert_eq!(call.read(server, 10), 997);
    send(client, b"hello");
    let event = call.event.clone().expect("with event");
    assert!(event.wait_timeout(Duration::from_secs(20)).expect("waited"));
    // The event is set first.
    assert_eq!(next(port, PATIENCE), (0, 5, 7, call.block()));
    close([server, client, port]);
}

#[test]
fn packets_can_be_kept_away() {
    let (server, client) = pair(BYTES);
    let port = port_of(server);
    let mut call = Call::new();
    let event = call.overlapped.hEvent;
    call.overlapped.hEvent = event.map_addr(|number| number | 1);
    assert_eq!(call.read(server, 10), 997);
    send(client, b"hello");
    assert_eq!(call.result(server, PATIENCE), (0, 5));
    assert_eq!(next(port, 0).0, 258, "the low bit of the event");
    call.overlapped.hEvent = null_mut();
    assert_eq!(SetFileCompletionNotificationModes(server, 1), 1);
    send(client, b"hello");
    assert_eq!(call.read(server, 10), 0);
    assert_eq!(next(port, 0).0, 258, "success at once");
    assert_eq!(call.read(server, 10), 997);
    send(client, b"again");
    assert_eq!(next(port, PATIENCE).0, 0);
    close([server, client, port, event]);
}

#[test]
fn posted_packets_come_in_order_and_several_at_once() {
    let port = CreateIoCompletionPort(ANY, null_mut(), 0, 1);
    for number in 1..=5 {
        assert_eq!(PostQueuedCompletionStatus(port, number, number as usize, null_mut()), 1);
    }
    assert_eq!(next(port, 0), (0, 1, 1, null_mut()));
    let empty = || OVERLAPPED_ENTRY {
        lpCompletionKey: 0,
        lpOverlapped: null_mut(),
        Internal: 0,
        dwNumberOfBytesTransferred: 0,
    };
    let (mut entries, mut removed) = ([empty(), empty(), empty()], 0);
    // SAFETY: room for three.
    let ok = unsafe {
        GetQueuedCompletionStatusEx(port, entries.as_mut_ptr(), 3, &raw mut removed, 0, 0)
    };
    assert_eq!((ok, removed), (1, 3));
    assert_eq!(entries.map(|entry| entry.lpCompletionKey), [2, 3, 4]);
    assert_eq!(next(port, 0).2, 5);
    assert_eq!(next(port, 10).0, 258);
    close([port]);
    assert_eq!(next(port, 0).0, 6);
}

#[test]
fn closing_a_port_ends_the_waits_at_it() {
    let port = CreateIoCompletionPort(ANY, null_mut(), 0, 0);
    let address = port.addr();
    let object = handle::get(port).expect("open").object.port().expect("a port").clone();
    let waiter =
        std::thread::spawn(move || next(std::ptr::without_provenance_mut(address), INFINITE).0);
    while object.waiting() == 0 {
        std::thread::yield_now();
    }
    close([port]);
    assert_eq!(waiter.join().expect("no panic"), 735);
}

#[test]
fn a_packet_goes_to_who_came_last() {
    let port = CreateIoCompletionPort(ANY, null_mut(), 0, 0);
    let address = port.addr();
    let object = handle::get(port).expect("open").object.port().expect("a port").clone();
    let waiters = [1, 2].map(|order| {
        let waiter =
            std::thread::spawn(move || next(std::ptr::without_provenance_mut(address), INFINITE).2);
        while object.waiting() < order {
            std::thread::yield_now();
        }
        waiter
    });
    for key in [22, 11] {
        assert_eq!(PostQueuedCompletionStatus(port, 0, key, null_mut()), 1);
    }
    assert_eq!(waiters.map(|waiter| waiter.join().expect("no panic")), [11, 22]);
    close([port]);
}

thread_local! {
    static RAN: std::cell::Cell<(u32, u32, u32)> = const { std::cell::Cell::new((0, 0, 0)) };
}

unsafe extern "C" fn count(code: u32, bytes: u32, _: *mut OVERLAPPED) {
    RAN.set((RAN.get().0 + 1, code, bytes));
}

#[test]
fn completion_routines_run_in_alertable_waits() {
    let (server, client) = pair(BYTES);
    let mut call = Call::without_event();
    let data = call.data.as_mut_ptr().cast();
    // SAFETY: the call stays.
    let read = |call: &mut Call| unsafe { ReadFileEx(server, data, 10, call.block(), Some(count)) };
    send(client, b"hello");
    assert_eq!((read(&mut call), RAN.get()), (1, (0, 0, 0)), "not in the call");
    assert!(apc::run_pending());
    assert_eq!(RAN.get(), (1, 0, 5));
    assert_eq!(read(&mut call), 1);
    assert_eq!(CancelIo(server), 1);
    assert!(apc::run_pending());
    assert_eq!(RAN.get(), (2, 995, 0));
    assert_eq!(read(&mut call), 1);
    close([client]);
    let mut bytes = 0;
    let mut other = Call::new();
    let event = other.event.clone().expect("with event");
    event.reset();
    other.overlapped.Internal = STATUS_PENDING;
    // SAFETY: the places are there.
    let waited =
        unsafe { GetOverlappedResultEx(server, other.block(), &raw mut bytes, PATIENCE, 1) };
    assert_eq!((answer(waited), RAN.get()), (192, (3, 109, 0)));
    // SAFETY: the call stays.
    let write = unsafe { WriteFileEx(server, data, 10, call.block(), Some(count)) };
    assert_eq!((answer(write), apc::run_pending()), (232, false));
    let port = port_of(server);
    assert_eq!(answer(read(&mut call)), 87);
    close([server, port]);
}

#[test]
fn a_thread_that_waits_for_the_handle_sees_what_the_service_completes() {
    let (server, client) = pair(BYTES);
    let signal = handle::get(server).expect("open").object.io().expect("a file").signal.clone();
    let mut call = Call::without_event();
    for text in [b"one", b"two"] {
        assert_eq!(call.read(server, 10), 997);
        let address = client.addr();
        let writer =
            std::thread::spawn(move || send(std::ptr::without_provenance_mut(address), text));
        assert!(signal.wait_timeout(Duration::from_secs(20)).expect("waited"));
        assert_eq!(call.status(), 0);
        writer.join().expect("no panic");
    }
    close([server, client]);
}

#[test]
fn a_file_completes_at_its_position_in_the_call() {
    let path = std::env::temp_dir().join(format!("ioapiset-{}", std::process::id()));
    let name = CString::new(path.to_str().expect("text")).expect("a name");
    let access = access::GENERIC_READ | access::GENERIC_WRITE;
    // SAFETY: a string and nulls.
    let file =
        unsafe { CreateFileA(name.as_ptr(), access, 0, null(), 2, OVERLAPPED_PIPE, null_mut()) };
    let port = port_of(file);
    let mut call = Call::new();
    assert_eq!((call.write(file, b"0123456789"), call.bytes), (0, 10));
    assert_eq!(next(port, 0), (0, 10, 7, call.block()));
    call.overlapped.Offset = 4;
    assert_eq!((call.read(file, 3), call.bytes, call.is_set()), (0, 3, true));
    assert_eq!(call.text(3), "456");
    assert_eq!(next(port, 0), (0, 3, 7, call.block()));
    call.overlapped.Offset = 10;
    assert_eq!((call.read(file, 3), call.bytes), (38, 0));
    assert_eq!(next(port, 0).0, 258);
    close([file, port]);
    std::fs::remove_file(path).expect("removed");
}
