//! What becomes of that which a thread has started when it ends.

use super::*;
use crate::processthreadsapi::{GetCurrentThreadId, own_stack};

#[test]
fn what_a_thread_has_started_ends_with_it_but_at_a_port() {
    let (server, client) = pair(BYTES);
    let (bound, other) = pair(BYTES);
    let port = port_of(bound);
    let mut calls = [Call::new(), Call::new(), Call::new()];
    let [first, second, third] = calls.each_mut();
    assert_eq!(first.read(server, 10), 997);
    let [server_number, bound_number] = [server.addr(), bound.addr()];
    std::thread::scope(|scope| {
        // Calls do not go from thread to thread, as the pointers in them; their places do.
        let places = [&raw mut **second, &raw mut **third].map(|place| place.expose_provenance());
        scope.spawn(move || {
            for (place, file) in places.into_iter().zip([server_number, bound_number]) {
                // SAFETY: the calls outlive this thread, and nobody else uses them meanwhile.
                let call = unsafe { &mut *std::ptr::with_exposed_provenance_mut::<Call>(place) };
                assert_eq!(call.read(std::ptr::without_provenance_mut(file), 10), 997);
            }
        });
    });
    let [first, second, third] = calls.each_mut();
    assert!(second.event.clone().unwrap().wait_timeout(Duration::from_secs(20)).unwrap());
    assert_eq!((first.is_set(), third.is_set()), (false, false));
    assert_eq!(second.result(server, 0), (995, 0));
    send(client, b"hello");
    send(other, b"again");
    assert_eq!((first.result(server, PATIENCE), first.text(5)), ((0, 5), "hello"));
    assert_eq!(next(port, PATIENCE), (0, 5, 7, third.block()));
    close([server, client, bound, other, port]);
}

#[test]
fn what_lies_in_the_stack_of_a_thread_that_ends_is_not_written() {
    let (server, client) = pair(MESSAGES);
    let [mut block, mut buffer, mut elsewhere] = [Call::new(), Call::new(), Call::new()];
    for call in [&mut block, &mut buffer, &mut elsewhere] {
        assert_eq!(call.read(server, 10), 997);
    }
    let io = handle::with(server, |entry| entry.object.io().cloned()).expect("a pipe");
    let at = block.block().addr();
    io.abandon(GetCurrentThreadId(), &(at..at + size_of::<OVERLAPPED>()));
    assert_eq!((block.status(), block.is_set()), (0x103, true), "the block is left alone");
    assert_eq!((buffer.result(server, 0).0, elsewhere.result(server, 0).0), (995, 995));

    assert_eq!(buffer.read(server, 10), 997);
    let at = buffer.data.as_ptr().addr();
    io.abandon(GetCurrentThreadId(), &(at..at + 1));
    assert_eq!(buffer.result(server, 0), (995, 0), "the block is elsewhere");
    send(client, b"hello");
    assert_eq!(buffer.data[..5], [0; 5]);
    assert_eq!(recv_overlapped(server), "hello");
    close([server, client]);
}

fn recv_overlapped(file: HANDLE) -> String {
    let mut read = Call::new();
    assert_eq!((read.read(file, 10), read.bytes), (0, 5));
    read.text(5).to_owned()
}

#[test]
fn a_thread_knows_its_stack() {
    let own = 0;
    assert!(own_stack().contains(&(&raw const own).addr()));
    let other = || {
        let own = 0;
        (own_stack(), (&raw const own).addr())
    };
    let (stack, address) = std::thread::spawn(other).join().expect("no panic");
    assert!(stack.contains(&address) && !stack.contains(&(&raw const own).addr()));
}

#[test]
fn a_closed_pipe_is_gone_when_the_call_returns() {
    const FIRST_INSTANCE: u32 = 0x8_0000;
    let name = name();
    for round in 0..2000 {
        // SAFETY: a string and null.
        let server = unsafe {
            let open_mode = 3 | OVERLAPPED_PIPE | FIRST_INSTANCE;
            CreateNamedPipeA(name.as_ptr(), open_mode, BYTES, 10, 100, 100, 0, null())
        };
        assert_ne!(server, INVALID_HANDLE_VALUE, "round {round}: {}", last_error());
        let client = client(&name, 0);
        let mut read = Call::new();
        assert_eq!(read.read(server, 10), 997);
        // The service learns of it and may be about to look at the end.
        send(client, b"x");
        close([server, client]);
        assert!(read.event.as_ref().expect("with event").is_set(), "over in any case");
        close([read.overlapped.hEvent]);
    }
}
