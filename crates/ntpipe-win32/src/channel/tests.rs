//! What comes through a channel, from a good neighbour and from a bad one; and whom it does not reach.
#![allow(unsafe_code)]

use std::process::{Command, Stdio};
use std::ptr::{null, null_mut};

use ntpipe::Event;
use ntpipe::sync::{Lease, Shareable};

use super::*;
use crate::boundary::last_error;
use crate::fileapi::ReadFile;
use crate::handleapi::{CloseHandle, DuplicateHandle, GetHandleInformation, SetHandleInformation};
use crate::object::{FileObject, Object, PortObject, ProcessObject};
use crate::processthreadsapi::{GetCurrentProcess, GetCurrentThread};
use crate::synchapi::{CreateEventA, SetEvent, WaitForSingleObject};
use crate::types::{OVERLAPPED, access};

/// A block of this process's table for the test's own use, with both sides of the way to it. It is not one
/// that a child gets as long as there are few.
fn neighbours(block: u32) -> (Arc<Channel>, Channel) {
    let [near, far] = parcel::pair().unwrap();
    let ledger = lockfile::anonymous(Ledger::BYTES).unwrap();
    let copy = Ledger(handover::copy(&ledger).unwrap());
    let near = Channel::new(near, Ledger(ledger), [slots(block), OF_PARENT], 0, 0);
    let near = Arc::new(near);
    lock(CHILDREN.get()).by_block.insert(block, near.clone());
    (near, Channel::new(far, copy, [OF_PARENT, slots(block)], 0, 0))
}

fn event() -> Entry {
    let event = Event::shareable(true, false).unwrap();
    Entry::new(Object::Event(event), access::SYNC_ALL_ACCESS)
}

#[test]
fn a_handle_that_was_sent_is_there_and_its_slot_is_used_again_after_it_is_closed() {
    let (_here, there) = neighbours(BLOCKS - 1);
    let entry = event();
    let handle = there.send(&entry).unwrap();
    assert_eq!(SetEvent(handle), 1);
    assert!(matches!(&entry.object, Object::Event(event) if event.is_set()));
    let mut others: Vec<_> = (1..BLOCK).map(|_| there.send(&event()).unwrap()).collect();
    assert_eq!(there.send(&event()), Err(ErrorKind::TooManyOpenFiles.into()));
    let mut flags = 9;
    // The first look may be any of these.
    assert_eq!(CloseHandle(others.swap_remove(100)), 1);
    assert_eq!(SetHandleInformation(others[7], 1, 1), 1);
    // SAFETY: the place is valid.
    assert_eq!(unsafe { GetHandleInformation(others[7], &raw mut flags) }, 1);
    assert_eq!((flags, CloseHandle(handle)), (1, 1));
    let again = there.send(&event()).unwrap();
    assert_eq!(
        (again == handle, handle::split(again).unwrap().0),
        (false, OF_CHILDREN.end - BLOCK)
    );
    assert_eq!((CloseHandle(handle), last_error()), (0, 6));
    others.push(again);
    for handle in others {
        assert_eq!((WaitForSingleObject(handle, 0), CloseHandle(handle)), (258, 1));
    }
}

#[test]
fn a_file_that_was_sent_tells_completions_at_the_port_of_its_sender() {
    let (_here, there) = neighbours(BLOCKS - 6);
    let file = std::fs::File::open("/proc/self/exe").unwrap();
    let file = Arc::new(FileObject::new(file.into(), true).unwrap());
    let port = Arc::new(PortObject::default());
    file.io.bind(&port, 70).unwrap();
    file.io.add_modes(2);
    let handle = there.send(&Entry::new(Object::File(file), access::FILE_ALL_ACCESS)).unwrap();
    let mut overlapped =
        OVERLAPPED { Internal: 0, InternalHigh: 0, Offset: 1, OffsetHigh: 0, hEvent: null_mut() };
    let (mut data, block) = ([0u8; 3], &raw mut overlapped);
    // SAFETY: the places are valid, and stay until the call is over.
    let read = unsafe { ReadFile(handle, data.as_mut_ptr().cast(), 3, null_mut(), block) };
    assert_eq!((read, &data), (1, b"ELF"));
    let packet = port.next(Some(std::time::Duration::from_secs(20)), false).unwrap();
    assert_eq!((packet.key, packet.context, packet.ending.bytes), (70, block.addr(), 3));
    let got = handle::get(handle).unwrap();
    let io = got.object.io().unwrap();
    assert_eq!((io.is_bound(), io.modes()), (true, 2));
    assert!(io.bind(&port, 1).is_err());
    assert_eq!(CloseHandle(handle), 1);
}

#[test]
fn threads_that_look_for_a_handle_at_once_all_find_it() {
    let (_here, there) = neighbours(BLOCKS - 5);
    for _ in 0..200 {
        let handles = [(); 3].map(|()| there.send(&event()).unwrap().addr());
        let start = std::sync::Barrier::new(4);
        let look = |at: usize| {
            start.wait();
            SetEvent(std::ptr::without_provenance_mut(handles[at % 3]))
        };
        let found: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|at| scope.spawn(move || look(at))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(found, [1; 4]);
        let close = |number| CloseHandle(std::ptr::without_provenance_mut(number));
        assert_eq!(handles.map(close), [1; 3]);
    }
}

#[test]
fn what_is_no_handle_for_this_table_is_thrown_away() {
    let (here, there) = neighbours(BLOCKS - 2);
    let first = here.here.start;
    let number = |index| handle::join(index, 0).addr();
    let (good, own) = (number(first), number(100_000));
    let of_another = number(first - 1);
    let Lease { memory, place } = Event::shareable(true, false).unwrap().lease().unwrap();
    let lines = [
        String::new(),
        "\u{fffd}".repeat(30),
        ":::::".into(),
        format!("{good:x}"),
        format!("{good:x}:e:1f0003:0"),
        format!("{good:x}:ee:1f0003:0:{place}"),
        format!("{good:x}:?:1f0003:0:{place}"),
        format!("{good:x}:0:1f0003:0:"),
        format!("{good:x}:m:1f0003:0:{place}"),
        format!("{good:x}:e:1f0003:0:18446744073709551615"),
        format!("{good:x}:e:1f0003:0:=nobody/has/this"),
        format!("{good:x}:e:ffffffffff:0:{place}"),
        format!("{good:x}:p:1f0003:0:-1"),
        // Bound to a port: without a line, with one that is none, and what cannot be bound.
        format!("{good:x}:f:1f0003:4:"),
        format!("{good:x}:e:1f0003:4:{place}"),
        format!("{good:x}:s:1f0003:0:ntpipe2;1;s;0;1;64;64;15;0;0;;x"),
        format!("{own:x}:e:1f0003:0:{place}"),
        format!("{of_another:x}:e:1f0003:0:{place}"),
        format!("{:x}:e:1f0003:0:{place}", usize::MAX),
        format!("0:e:1f0003:0:{place}"),
    ];
    for line in &lines {
        for fds in [&[][..], &[memory.as_fd()], &[memory.as_fd(); 2], &[memory.as_fd(); 7]] {
            parcel::send(&there.socket, line.as_bytes(), fds).unwrap();
        }
        here.receive();
    }
    parcel::send(&there.socket, &[0xFF; 40], &[]).unwrap();
    here.receive();
    assert!([first, first - 1, 100_000].iter().all(|index| !handle::is_used(*index)));
    // Two of the same number: the first counts.
    let line = format!("{good:x}:e:1f0003:0:{place}");
    for _ in 0..2 {
        parcel::send(&there.socket, line.as_bytes(), &[memory.as_fd()]).unwrap();
    }
    let handle = std::ptr::without_provenance_mut(good);
    assert_eq!((SetEvent(handle), CloseHandle(handle), CloseHandle(handle)), (1, 1, 0));
}

#[test]
fn a_neighbour_that_takes_nothing_gets_no_more_and_one_that_has_gone_gets_nothing() {
    let (here, there) = neighbours(BLOCKS - 3);
    let failure = (0..OF_PARENT.end).find_map(|_| here.send(&event()).err());
    assert_eq!(failure, Some(Failure::NO_SYSTEM_RESOURCES));
    drop(there);
    // A program that another test starts has a copy for a moment.
    while !socket::is_hung_up(&here.socket).unwrap() {
        std::thread::yield_now();
    }
    assert_eq!(here.send(&event()), Err(ErrorKind::AccessDenied.into()));
    sweep();
    assert!(side(here.here.start).is_none());
}

#[test]
fn the_way_that_a_bad_text_tells_of_is_none() {
    let [near, _far] = parcel::pair().unwrap();
    let number = near.as_raw_fd();
    for text in ["", "1", "1,2,3,4", "-1,2,3,4", "a,b,c,d", "99999,99998,0,0", "4294967295,0,0,0"] {
        assert!(Channel::told(text).is_none(), "{text}");
    }
    // This process's own.
    assert!(Channel::told(&format!("{number},{number},0,0")).is_none());
}

fn duplicate(source: HANDLE, target: HANDLE) -> u32 {
    let mut there = null_mut();
    let own = GetCurrentProcess();
    // SAFETY: the place is valid.
    let done = unsafe { DuplicateHandle(own, source, target, &raw mut there, 0, 0, 2) };
    assert_eq!(done, 0);
    last_error()
}

#[test]
fn what_cannot_be_reached_or_sent_is_an_error() {
    let mut stranger = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let process = |access| {
        let object = Object::Process(ProcessObject::open(stranger.id()).unwrap());
        handle::insert(Entry::new(object, access)).unwrap()
    };
    let (all, less) = (process(crate::processthreadsapi::ALL_ACCESS), process(access::SYNCHRONIZE));
    // SAFETY: the pointers are null.
    let event = unsafe { CreateEventA(null(), 0, 0, null()) };
    // No child that `CreateProcess` made; a handle without the right; no process at all.
    assert_eq!(
        (duplicate(event, all), duplicate(event, less), duplicate(event, event)),
        (50, 5, 6)
    );
    let mut got = null_mut();
    let own = GetCurrentProcess();
    // SAFETY: the place is valid.
    let pulled = unsafe { DuplicateHandle(all, event, own, &raw mut got, 0, 0, 2) };
    assert_eq!((pulled, last_error()), (0, 50));
    // A child, as far as this process knows.
    let (here, _there) = neighbours(BLOCKS - 4);
    here.pid.store(stranger.id(), Ordering::Relaxed);
    assert_eq!(duplicate(GetCurrentThread(), all), 50);
    let name = format!("test-channel-{}", std::process::id());
    let server = ntpipe::ServerOptions::new().create(name).unwrap();
    let end = crate::object::PipeObject::new(crate::object::pipe::End::Server(server), false);
    let end = Entry::new(Object::Pipe(Arc::new(end.unwrap())), access::FILE_ALL_ACCESS);
    let listening = handle::insert(end).unwrap();
    assert_eq!(duplicate(listening, all), 536);
    drop(stranger.stdin.take());
    stranger.wait().unwrap();
    assert_eq!(duplicate(event, all), 5);
    for handle in [all, less, event, listening] {
        assert_eq!(CloseHandle(handle), 1);
    }
}
