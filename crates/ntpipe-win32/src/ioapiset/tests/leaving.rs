//! Calls that are left for a thread while it waits at a completion port.

use super::*;
use crate::processthreadsapi::{CreateThread, QueueUserAPC, thread};
use crate::types::LPVOID;

unsafe extern "C" {
    fn ExitThread(code: u32) -> !;
}

unsafe extern "C" fn wait_alertably(port: LPVOID) -> u32 {
    let mut removed = 0;
    let mut entry = OVERLAPPED_ENTRY {
        lpCompletionKey: 0,
        lpOverlapped: null_mut(),
        Internal: 0,
        dwNumberOfBytesTransferred: 0,
    };
    // SAFETY: room for one.
    let ok = unsafe {
        GetQueuedCompletionStatusEx(port, &raw mut entry, 1, &raw mut removed, INFINITE, 1)
    };
    if ok == 1 { u32::try_from(entry.lpCompletionKey).expect("small") } else { last_error() }
}

/// Starts a thread that waits at a port; its handle.
fn waits_at(port: HANDLE) -> HANDLE {
    let (routine, no_id) = (Some(wait_alertably as _), null_mut());
    // SAFETY: the routine takes a handle.
    let handle = unsafe { CreateThread(null(), 0, routine, port, 0, no_id) };
    let object = handle::get(port).expect("open").object.port().expect("a port").clone();
    while object.waiting() == 0 {
        std::thread::yield_now();
    }
    handle
}

fn end_of(handle: HANDLE) -> u32 {
    let object = thread(handle).expect("a thread");
    assert!(object.ended.wait_timeout(Duration::from_secs(20)).expect("waited"));
    close([handle]);
    object.exit_code()
}

#[test]
fn a_thread_that_ends_in_such_a_call_is_given_no_packet() {
    unsafe extern "C" fn leave(code: usize) {
        // SAFETY: the frames below are left as they are.
        unsafe { ExitThread(u32::try_from(code).expect("small")) }
    }
    let port = CreateIoCompletionPort(ANY, null_mut(), 0, 0);
    let waiter = waits_at(port);
    assert_eq!(QueueUserAPC(Some(leave), waiter, 5), 1);
    assert_eq!(end_of(waiter), 5);
    assert_eq!(PostQueuedCompletionStatus(port, 0, 9, null_mut()), 1);
    assert_eq!(next(port, 0).2, 9);
    close([port]);
}

#[test]
fn such_a_call_may_wait_at_another_port() {
    unsafe extern "C" fn wait_elsewhere(ports: usize) {
        let ports = std::ptr::with_exposed_provenance::<[HANDLE; 2]>(ports);
        // SAFETY: the test keeps them until the thread has ended.
        let [waited_at, other] = unsafe { ports.read() };
        assert_eq!(PostQueuedCompletionStatus(waited_at, 0, 1, null_mut()), 1);
        assert_eq!(next(other, 10).0, 258, "nothing came here");
    }
    let ports = [(); 2].map(|()| CreateIoCompletionPort(ANY, null_mut(), 0, 0));
    let waiter = waits_at(ports[0]);
    let argument = std::ptr::from_ref(&ports).expose_provenance();
    assert_eq!(QueueUserAPC(Some(wait_elsewhere), waiter, argument), 1);
    assert_eq!(end_of(waiter), 192);
    assert_eq!(next(ports[0], 0).2, 1);
    close(ports);
}
