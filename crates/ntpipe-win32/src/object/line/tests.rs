//! Both sides of a line in one process, and sides that keep to nothing.

use std::time::Duration;

use super::*;

const SECONDS: Option<Duration> = Some(Duration::from_secs(20));

fn line() -> (Arc<PortObject>, Inlet, OwnedFd) {
    let port = Arc::new(PortObject::default());
    let (inlet, far) = Inlet::open(&port, 7).unwrap();
    (port, inlet, far)
}

/// Hears the last of a side that was closed. A program that another test starts has a copy for a moment.
fn hear_the_end(inlet: &Inlet) {
    while inlet.hear() != Heard::Over {
        std::thread::yield_now();
    }
}

fn told_at(port: &PortObject) -> Option<(usize, usize, Ending)> {
    port.try_next().map(|packet| (packet.key, packet.context, packet.ending))
}

fn aborted() -> Ending {
    Ending::failed(ErrorKind::OperationAborted.into())
}

#[test]
fn what_pends_on_a_side_that_goes_is_aborted_once() {
    let (port, inlet, far) = line();
    let outlet = Outlet::new(far);
    let partly = Ending { failure: ErrorKind::MoreData.into(), bytes: 70_000 };
    for context in [0x10, 0x20, 0x10, usize::MAX] {
        outlet.begun(context);
    }
    outlet.over(0x10, &partly, false);
    outlet.over(0x30, &aborted(), true);
    assert_eq!((inlet.hear(), inlet.hear()), (Heard::All, Heard::All));
    assert_eq!(told_at(&port), Some((7, 0x10, partly)));
    assert_eq!(told_at(&port), Some((7, 0x30, aborted())));
    assert_eq!(told_at(&port), None);
    outlet.over(0x20, &partly, false);
    drop(outlet);
    hear_the_end(&inlet);
    assert_eq!(told_at(&port), Some((7, 0x20, partly)));
    assert_eq!(told_at(&port), Some((7, 0x10, aborted())));
    assert_eq!(told_at(&port), Some((7, usize::MAX, aborted())));
    assert_eq!(told_at(&port), None);
}

#[test]
fn what_there_is_no_room_for_comes_later_in_its_order() {
    let (port, inlet, far) = line();
    let outlet = Outlet::new(far);
    let over = |bytes| Ending { failure: Failure::new(0, 0), bytes };
    for number in 1..=5000 {
        outlet.over(number, &over(number), true);
    }
    assert!(!outlet.flush(), "a socket has room for less");
    while !outlet.flush() {
        inlet.hear();
    }
    inlet.hear();
    for number in 1..=5000 {
        assert_eq!(told_at(&port), Some((7, number, over(number))));
    }
    assert_eq!(told_at(&port), None);
    // Nobody listens any more: nothing is kept.
    drop(inlet);
    outlet.begun(1);
    assert!(outlet.flush());
}

#[test]
fn what_means_nothing_is_thrown_away() {
    let (port, inlet, far) = line();
    let [some, _other] = parcel::pair().unwrap();
    let lines = [
        "b",
        "b0",
        "bx",
        "b-1",
        "b10000000000000000",
        "o20:0:0:0",
        "o",
        "o10",
        "o10:0:0",
        "o10:0:0:0:0",
        "o10:0:0:x",
        "o10:1ffffffff:0:0",
        "a0:0:0:0",
        "a:::",
        "a10:0:0",
        "l1",
        "L",
        "?10",
        "\u{fffd}",
    ];
    let send = |bytes: &[u8], fds: &[BorrowedFd<'_>]| {
        parcel::send(&far, bytes, fds).unwrap();
        inlet.hear()
    };
    assert_eq!(send(b"b10", &[]), Heard::All);
    for line in lines {
        for fds in [&[][..], &[some.as_fd()], &[some.as_fd(); 3]] {
            assert_eq!(send(line.as_bytes(), fds), Heard::All);
        }
    }
    for bytes in [&[0xFF; 9][..], &[b'b'; 4096], &[0]] {
        assert_eq!(send(bytes, &[]), Heard::All);
    }
    let memory = ntpipe_shm::lockfile::anonymous(8).unwrap();
    for fds in [&[][..], &[memory.as_fd()], &[some.as_fd(); 2]] {
        assert_eq!(send(b"l", fds), Heard::All);
    }
    assert_eq!(told_at(&port), None);
    drop(far);
    hear_the_end(&inlet);
    assert_eq!(told_at(&port), Some((7, 0x10, aborted())));
    assert_eq!(told_at(&port), None);
}

#[test]
fn a_third_process_speaks_to_the_port_itself() {
    let (port, inlet, far) = line();
    let outlet = Outlet::new(far);
    let third = Outlet::new(outlet.lend().unwrap());
    drop(outlet);
    third.begun(0x10);
    hear_the_end(&inlet);
    drop(inlet);
    third.over(0x20, &aborted(), true);
    let packet = port.next(SECONDS, false).unwrap();
    assert_eq!((packet.key, packet.context), (7, 0x20));
    drop(third);
    let packet = port.next(SECONDS, false).unwrap();
    assert_eq!((packet.context, packet.ending), (0x10, aborted()));
}

#[test]
fn who_asks_for_line_after_line_gets_so_many() {
    let (_port, inlet, far) = line();
    let outlet = Outlet::new(far);
    let mut lines = Vec::new();
    for _ in 0..LINES_MAX + 20 {
        lines.push(Outlet::new(outlet.lend().unwrap()));
        inlet.hear();
    }
    assert_eq!(Arc::strong_count(&inlet.family), LINES_MAX);
    for (number, line) in lines.iter().enumerate() {
        let is_heard = number < LINES_MAX - 1;
        while !is_heard && !socket::is_hung_up(&line.socket).unwrap() {
            std::thread::yield_now();
        }
        assert_eq!(socket::is_hung_up(&line.socket).unwrap(), !is_heard);
    }
}
