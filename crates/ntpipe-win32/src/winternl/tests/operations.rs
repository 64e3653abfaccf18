//! Creating, moving data, waiting.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::{null, null_mut};

use super::*;
use crate::apc;
use crate::object::thread;
use crate::winternl::events::{NtCreateEvent, NtResetEvent, NtSetEvent, NtWaitForSingleObject};
use crate::winternl::ports::{NtCreateIoCompletion, NtRemoveIoCompletion, NtSetIoCompletion};
use crate::winternl::set::NtSetInformationFile;
use crate::winternl::transfer::{NtCancelIoFile, NtCancelIoFileEx, NtFlushBuffersFile};

const LISTEN: u32 = 0x11_0008;
const DISCONNECT: u32 = 0x11_0004;
const TRANSCEIVE: u32 = 0x11_C017;

#[test]
fn instances_are_created_as_the_disposition_demands() {
    let name = fresh();
    let status = |shape: Shape| {
        let (status, handle, _) = create(&name, shape);
        if !handle.is_null() {
            close(&[handle]);
        }
        status
    };
    for disposition in [0, 4, 5, 6] {
        assert_eq!(status(Shape { disposition, ..PLAIN }), INVALID_PARAMETER, "{disposition}");
    }
    let wrong = [
        Shape { share: 0, ..PLAIN },
        Shape { share: 7, ..PLAIN },
        Shape { max_instances: 0, ..PLAIN },
        Shape { timeout: 0, ..PLAIN },
        Shape { modes: [0, 1, 0], ..PLAIN },
        Shape { modes: [4, 0, 0], ..PLAIN },
        Shape { access: 0xC000_0000, ..PLAIN },
        Shape { options: SYNCHRONOUS | ALERTABLE, ..PLAIN },
    ];
    for (at, shape) in wrong.into_iter().enumerate() {
        assert_eq!(status(shape), INVALID_PARAMETER, "{at}");
    }
    assert_eq!(status(Shape { disposition: 1, ..PLAIN }), 0xC000_0034);
    let (_, first, _) = create(&name, PLAIN);
    assert_eq!(status(PLAIN), 0xC000_0022);
    let (opened, second, block) = create(&name, Shape { disposition: OPEN_IF, ..PLAIN });
    assert_eq!((opened, block.Information), (0, 1));
    assert_eq!(status(Shape { disposition: OPEN_IF, ..PLAIN }), 0xC000_00AB);
    close(&[first, second]);
}

#[test]
fn a_name_may_be_relative_to_the_directory() {
    let name = fresh();
    let (status, root, _) = open_below(null_mut(), r"\Device\NamedPipe\", 0x10_0080, SYNCHRONOUS);
    assert_eq!(status, 0);
    let (status, server, _) = create_below(root, &name, PLAIN);
    assert_eq!(status, 0);
    assert_eq!(create_below(root, &format!(r"\{name}"), PLAIN).0, 0xC000_0033);
    let (status, client, _) = open_below(root, &name, READ_WRITE, SYNCHRONOUS);
    assert_eq!(status, 0);
    assert_eq!(write(client, b"here"), (0, IO_STATUS_BLOCK { Status: 0, Information: 4 }));
    assert_eq!(read(server, 10).2, b"here");
    assert_eq!(open_below(root, &name, READ_WRITE, SYNCHRONOUS).0, 0xC000_00AC);
    assert_eq!(read(root, 1).0, 0xC000_0022);
    close(&[server, client, root]);
}

#[test]
fn a_pipe_without_a_name_is_opened_through_its_server() {
    let (_, root, _) = open_below(null_mut(), r"\Device\NamedPipe\", 0x10_0080, SYNCHRONOUS);
    let (status, server, _) = create_below(root, "", PLAIN);
    assert_eq!(status, 0);
    let (status, client, _) = open_below(server, "", READ_WRITE, SYNCHRONOUS);
    assert_eq!(status, 0);
    write(server, b"x");
    assert_eq!(read(client, 10).2, b"x");
    close(&[server, client, root]);
}

#[test]
fn a_part_of_a_message_is_a_warning_and_nothing_an_error() {
    let (server, client) = pair(Shape { modes: [1, 1, 1], ..PLAIN }, SYNCHRONOUS);
    assert_eq!(read(server, 10), (0xC000_00D9, UNTOUCHED, vec![]));
    write(client, b"a message");
    let (status, block, data) = read(server, 4);
    assert_eq!((status, block.Status), (OVERFLOW, OVERFLOW as usize));
    assert_eq!(data, b"a me");
    assert_eq!(read(server, 10).2, b"ssage");
    close(&[client]);
    assert_eq!(read(server, 10).0, 0xC000_014B);
    assert_eq!(write(server, b"x"), (0xC000_00B1, UNTOUCHED));
    close(&[server]);
}

#[test]
fn a_handle_does_what_it_was_opened_for() {
    let name = fresh();
    let (_, server, _) = create(&name, PLAIN);
    let (_, reader, _) = open_below(null_mut(), &format!(r"\??\pipe\{name}"), 0x8010_0000, 0x20);
    assert_eq!(write(reader, b"x"), (0xC000_0022, UNTOUCHED));
    assert_eq!(read(null_mut(), 1).0, 0xC000_0008);
    close(&[server, reader]);
    assert_eq!(NtClose(reader).cast_unsigned(), 0xC000_0008);
}

thread_local! {
    static CALLED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

unsafe extern "C" fn called(context: *mut c_void, block: *mut c_void, reserved: u32) {
    assert_eq!(reserved, 0);
    CALLED.set((context.addr(), block.addr()));
}

fn event() -> HANDLE {
    let mut event = null_mut();
    // SAFETY: the place is valid.
    assert_eq!(unsafe { NtCreateEvent(&raw mut event, 0x1F_0003, null(), 0, 1) }, 0);
    event
}

#[test]
fn what_goes_on_is_told_by_block_event_and_routine() {
    let (server, client) = pair(Shape { options: 0, ..PLAIN }, SYNCHRONOUS);
    let event = event();
    let mut block = UNTOUCHED;
    let mut data = [0u8; 16];
    let context = std::ptr::without_provenance_mut(77);
    let at = &raw mut block;
    // SAFETY: all places are this test's, which waits for the end of the operation.
    let status = unsafe {
        let data = data.as_mut_ptr().cast();
        NtReadFile(server, event, Some(called), context, at, data, 16, null(), null())
    };
    assert_eq!(status.cast_unsigned(), PENDING);
    let wait = |alertable, timeout: i64| {
        // SAFETY: the place is valid.
        unsafe { NtWaitForSingleObject(event, alertable, &raw const timeout) }.cast_unsigned()
    };
    assert_eq!(wait(0, 0), 0x102);
    write(client, b"now");
    assert_eq!(wait(0, -100_000_000), 0);
    // SAFETY: the operation has completed.
    assert_eq!(unsafe { at.read() }, IO_STATUS_BLOCK { Status: 0, Information: 3 });
    assert_eq!(&data[..3], b"now");
    assert_eq!(CALLED.get(), (0, 0));
    apc::run_pending();
    assert_eq!(CALLED.get(), (77, at.addr()));
    let mut before = 7;
    // SAFETY: the place is valid.
    assert_eq!(unsafe { NtResetEvent(event, &raw mut before) }, 0);
    assert_eq!(before, 1);
    // SAFETY: as above.
    assert_eq!(unsafe { NtSetEvent(event, &raw mut before) }, 0);
    assert_eq!(before, 0);
    close(&[server, client, event]);
}

#[test]
fn a_port_is_told_the_key_and_the_context() {
    let (server, client) = pair(Shape { options: 0, ..PLAIN }, SYNCHRONOUS);
    let mut port = null_mut();
    // SAFETY: the place is valid.
    assert_eq!(unsafe { NtCreateIoCompletion(&raw mut port, 0x1F_0003, null(), 0) }, 0);
    let mut block = UNTOUCHED;
    let bind = [port.addr(), 42];
    let bound = |handle| {
        let mut told = UNTOUCHED;
        // SAFETY: the places are valid.
        unsafe { NtSetInformationFile(handle, &raw mut told, bind.as_ptr().cast(), 16, 30) }
    };
    assert_eq!(bound(client).cast_unsigned(), INVALID_PARAMETER);
    assert_eq!(bound(server), 0);
    let mut data = [0u8; 8];
    let read = |routine, context: usize| {
        let context = std::ptr::without_provenance_mut(context);
        let (at, into) = (&raw mut block, data.as_mut_ptr().cast());
        // SAFETY: all places are this test's, which waits for the packet.
        unsafe { NtReadFile(server, null_mut(), routine, context, at, into, 8, null(), null()) }
            .cast_unsigned()
    };
    let mut read = read;
    //= observed: a routine where a port is told
    assert_eq!(read(Some(called as crate::overlapped::ApcRoutine), 0), INVALID_PARAMETER);
    assert_eq!(read(None, 1234), PENDING);
    write(client, b"packet");
    let take = |timeout: i64| {
        let (mut key, mut context, mut block) = (0, 0, UNTOUCHED);
        let [key_at, context_at] = [&raw mut key, &raw mut context];
        let timeout = &raw const timeout;
        // SAFETY: the places are valid.
        let status =
            unsafe { NtRemoveIoCompletion(port, key_at, context_at, &raw mut block, timeout) };
        (status.cast_unsigned(), key, context, block)
    };
    let told = IO_STATUS_BLOCK { Status: 0, Information: 6 };
    assert_eq!(take(-100_000_000), (0, 42, 1234, told));
    assert_eq!(take(0).0, 0x102);
    assert_eq!(NtSetIoCompletion(port, 1, 2, CANCELLED.cast_signed(), 3), 0);
    let posted = IO_STATUS_BLOCK { Status: CANCELLED as usize, Information: 3 };
    assert_eq!(take(0), (0, 1, 2, posted));
    close(&[server, client, port]);
}

#[test]
fn what_goes_on_is_cancelled_by_its_block_or_its_thread() {
    let (server, client) = pair(Shape { options: 0, ..PLAIN }, SYNCHRONOUS);
    let mut blocks = [UNTOUCHED; 2];
    let mut data = [0u8; 8];
    let [first, second] = &mut blocks;
    let places = [&raw mut *first, &raw mut *second];
    for place in places {
        let into = data.as_mut_ptr().cast();
        let none = null_mut();
        // SAFETY: all places are this test's, which cancels both reads.
        let status =
            unsafe { NtReadFile(server, none, None, none, place, into, 8, null(), null()) };
        assert_eq!(status.cast_unsigned(), PENDING);
    }
    let mut told = UNTOUCHED;
    let mut cancel = |which| {
        // SAFETY: the places are valid.
        let status = unsafe { NtCancelIoFileEx(server, which, &raw mut told) }.cast_unsigned();
        (status, told.Status)
    };
    assert_eq!(cancel(places[0]), (0, 0));
    assert_eq!(cancel(places[0]), (0xC000_0225, 0xC000_0225));
    // SAFETY: the operation has completed.
    assert_eq!(unsafe { places[0].read() }.Status, CANCELLED as usize);
    // SAFETY: the block belongs to a read that goes on, but reading it is allowed.
    assert_eq!(unsafe { places[1].read() }, UNTOUCHED);
    // SAFETY: the place is valid.
    assert_eq!(unsafe { NtCancelIoFile(server, &raw mut told) }, 0);
    // SAFETY: the operation has completed.
    assert_eq!(unsafe { places[1].read() }.Status, CANCELLED as usize);
    close(&[server, client]);
}

#[test]
fn a_call_left_for_the_thread_cancels_an_alertable_listen() {
    let name = fresh();
    let (_, server, _) = create(&name, Shape { options: ALERTABLE, ..PLAIN });
    let ran = std::sync::Arc::new(AtomicU32::new(0));
    let theirs = ran.clone();
    apc::queue(&thread::current(), move || theirs.store(1, Ordering::Relaxed)).expect("queued");
    assert_eq!(control(server, LISTEN, &[], 0), (CANCELLED, UNTOUCHED, vec![]));
    assert_eq!(ran.load(Ordering::Relaxed), 1);
    let client = open(&name, ALERTABLE);
    assert_eq!(control(server, LISTEN, &[], 0).0, 0xC000_00B2);
    write(client, b"still works");
    assert_eq!(read(server, 20).2, b"still works");
    assert_eq!(write(server, b"both ways"), (0, IO_STATUS_BLOCK { Status: 0, Information: 9 }));
    assert_eq!(read(client, 20).2, b"both ways");
    close(&[server, client]);
}

#[test]
fn a_server_listens_and_disconnects_and_a_client_does_not() {
    let (server, client) = pair(PLAIN, SYNCHRONOUS);
    for code in [LISTEN, DISCONNECT] {
        assert_eq!(control(client, code, &[], 0).0, 0xC000_00AF);
    }
    assert_eq!(control(server, LISTEN, &[], 0).0, 0xC000_00B2);
    assert_eq!(control(server, DISCONNECT, &[], 0).0, 0);
    assert_eq!(control(server, DISCONNECT, &[], 0).0, 0xC000_00B0);
    assert_eq!(read(client, 1).0, 0xC000_00B0);
    close(&[server, client]);
}

#[test]
fn a_transaction_needs_messages() {
    let (server, client) = pair(MESSAGES, SYNCHRONOUS);
    assert_eq!(control(client, TRANSCEIVE, b"ask", 8).0, 0xC000_00B4);
    assert_eq!(write(client, b"early").0, 0);
    assert_eq!(control(server, TRANSCEIVE, b"ask", 8).0, 0xC000_00AE);
    read(server, 8);
    let server_end = server.addr();
    let answering = std::thread::spawn(move || {
        let server: HANDLE = std::ptr::without_provenance_mut(server_end);
        control(server, TRANSCEIVE, b"ask", 8)
    });
    while read(client, 8).2 != b"ask" {}
    write(client, b"answer");
    let (status, block, reply) = answering.join().expect("no panic");
    assert_eq!((status, block.Information, reply.as_slice()), (0, 6, &b"answer"[..]));
    let mut block = UNTOUCHED;
    // SAFETY: the place is valid.
    assert_eq!(unsafe { NtFlushBuffersFile(server, &raw mut block) }, 0);
    assert_eq!(block, IO_STATUS_BLOCK { Status: 0, Information: 0 });
    close(&[server, client]);
}
