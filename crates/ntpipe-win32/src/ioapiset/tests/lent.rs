//! Completions in a child, told at the port of its parent: this test, run once more as the child.

use super::*;
use crate::handleapi::{DuplicateHandle, SetHandleInformation};
use crate::inherit::tests::{ONE_AT_A_TIME, ROLE, end, handles, role_of, spawn};
use crate::processthreadsapi::{GetCurrentProcess, TerminateProcess};

/// What this process has inherited, if it is the child.
fn role() -> Option<HANDLE> {
    std::env::var(ROLE).ok().map(|role| handles(&role)[0])
}

/// Runs `parent` with an end, its port, the client and a child that has inherited the end.
fn with_child(test: &str, parent: impl FnOnce([HANDLE; 4])) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (server, client) = pair(BYTES);
    let port = port_of(server);
    assert_eq!(SetHandleInformation(server, 1, 1), 1);
    let child = spawn(&format!("ioapiset::tests::lent::{test}"), &role_of(&[server]));
    parent([server, port, client, child]);
    close([client, port]);
}

/// The same, but the child gets the end later: it has inherited the end of another pipe, and is told there.
fn with_child_that_runs(test: &str, modes: u8, parent: impl FnOnce([HANDLE; 4])) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (server, client) = pair(BYTES);
    let port = port_of(server);
    assert_eq!(SetFileCompletionNotificationModes(server, modes), 1);
    let (ask, told) = pair(BYTES);
    assert_eq!(SetHandleInformation(told, 1, 1), 1);
    let child = spawn(&format!("ioapiset::tests::lent::{test}"), &role_of(&[told]));
    let (own, mut there) = (GetCurrentProcess(), null_mut::<std::ffi::c_void>());
    // SAFETY: the place is valid.
    assert_eq!(unsafe { DuplicateHandle(own, server, child, &raw mut there, 0, 0, 2) }, 1);
    let mut call = Call::new();
    call.write(ask, &there.addr().to_le_bytes());
    assert_eq!(call.result(ask, PATIENCE), (0, 8));
    parent([server, port, client, child]);
    close([client, port, ask, told]);
}

/// The end that the child is told of so.
fn late_end(told: HANDLE) -> HANDLE {
    let (code, number) = recv(told);
    let number = number.try_into().map(usize::from_le_bytes).expect("eight bytes");
    assert_eq!(code, 0);
    std::ptr::without_provenance_mut(number)
}

/// Tells the parent where these calls are, through the end, in a call that is the last of them.
fn tell_places(end: HANDLE, calls: &mut [&mut Call]) {
    let places: Vec<u8> =
        calls.iter_mut().flat_map(|call| call.block().addr().to_le_bytes()).collect();
    let last = calls.last_mut().expect("a call");
    assert_eq!(last.write(end, &places), 0);
}

/// What the child told so.
fn places<const N: usize>(client: HANDLE) -> [*mut OVERLAPPED; N] {
    let (code, data) = recv(client);
    assert_eq!((code, data.len()), (0, N * 8));
    let mut numbers = data.chunks_exact(8).map(|it| it.try_into().expect("eight bytes"));
    [(); N].map(|()| {
        std::ptr::without_provenance_mut(usize::from_le_bytes(numbers.next().expect("a number")))
    })
}

#[test]
fn what_a_child_starts_is_told_at_the_port_of_its_parent() {
    if let Some(end) = role() {
        let (mut read, mut write) = (Call::new(), Call::without_event());
        assert_eq!(read.read(end, 10), 997);
        tell_places(end, &mut [&mut read, &mut write]);
        assert_eq!((read.result(end, PATIENCE), read.text(5)), ((0, 5), "first"));
        assert_eq!(CreateIoCompletionPort(end, null_mut(), 1, 0), null_mut());
        assert_eq!(last_error(), 87);
        // With the lowest bit of its event set it is told nowhere.
        let mut quiet = Call::new();
        let event = quiet.overlapped.hEvent;
        quiet.overlapped.hEvent = event.map_addr(|number| number | 1);
        assert_eq!(quiet.read(end, 10), 997);
        write.write(end, b"next");
        assert_eq!((quiet.result(end, PATIENCE), quiet.text(6)), ((0, 6), "second"));
        assert_eq!(read.read(end, 10), 997);
        assert_eq!(CancelIoEx(end, read.block()), 1);
        // The parent has the end too, so that this is a cancellation, if there is no event.
        read.overlapped.hEvent = null_mut();
        assert_eq!((read.read(end, 10), CloseHandle(end)), (997, 1));
        return;
    }
    let test = "what_a_child_starts_is_told_at_the_port_of_its_parent";
    with_child(test, |[server, port, client, child]| {
        let [read, write] = places(client);
        assert_eq!(next(port, PATIENCE), (0, 16, 7, write));
        send(client, b"first");
        assert_eq!(next(port, PATIENCE), (0, 5, 7, read));
        assert_eq!(next(port, PATIENCE), (0, 4, 7, write));
        assert_eq!(recv(client), (0, b"next".to_vec()));
        send(client, b"second");
        for _ in 0..2 {
            assert_eq!(next(port, PATIENCE), (995, 0, 7, read));
        }
        end(child);
        assert_eq!(next(port, 0).0, 258);
        close([server]);
    });
}

#[test]
fn what_a_killed_child_had_started_ends_at_the_port_of_its_parent() {
    if let Some(told) = role() {
        let end = late_end(told);
        let mut calls = [(); 4].map(|()| Call::without_event());
        let [first, second, third, write] = calls.each_mut();
        for call in [&mut *first, &mut *second, &mut *third] {
            assert_eq!(call.read(end, 10), 997);
        }
        // Of one that is over there is no second packet.
        assert_eq!(CancelIoEx(end, second.block()), 1);
        tell_places(end, &mut [first, second, third, write]);
        loop {
            std::thread::park();
        }
    }
    let test = "what_a_killed_child_had_started_ends_at_the_port_of_its_parent";
    // Its write, which is over at once, is not told.
    with_child_that_runs(test, 1, |[server, port, client, child]| {
        let [first, second, third, _] = places(client);
        assert_eq!(next(port, PATIENCE), (995, 0, 7, second));
        assert_eq!(next(port, 0).0, 258);
        assert_eq!(TerminateProcess(child, 9), 1);
        assert_eq!(next(port, PATIENCE), (995, 0, 7, first));
        assert_eq!(next(port, PATIENCE), (995, 0, 7, third));
        assert_eq!(next(port, 0).0, 258);
        // The parent goes on with the end.
        let mut read = Call::without_event();
        assert_eq!(read.read(server, 10), 997);
        send(client, b"hello");
        assert_eq!(next(port, PATIENCE), (0, 5, 7, read.block()));
        close([server, child]);
    });
}
