//! `ReadFile` and `WriteFile` on byte pipes, and what both pipe types share.

use crate::code::{ABORTED, ACCESS_DENIED, BROKEN_PIPE, INVALID_HANDLE, NO_DATA, PIPE_LISTENING};
use crate::door::{Access, Create, Door};
use crate::support::{
    available, bytes, fails, messages, pair, reading, reads, unique, visible, writes, writing,
};

cases![
    read__listening__536,
    read__peer_closes__109,
    read__peer_closed__109,
    read__written_before_the_close__stays_readable,
    write__peer_closed__232_whatever_the_size,
    write__pending_when_the_peer_closes__109,
    read__nothing_and_closed__109_for_no_bytes_too,
    read__without_the_right__5,
    read__closed_handle__6,
    read__less_there_than_asked__returns_at_once,
    read__several_writes__joined,
    read__several_pending__served_in_order,
    read__cancelled__995_and_the_pipe_goes_on,
    write__no_bytes__leaves_nothing_and_wakes_nobody,
    read__no_bytes_asked_and_data_there__ok,
    read__no_bytes_asked_and_empty__waits_and_leaves_the_data,
    both__large_data_both_ways__arrives_intact,
];

//= observed: a server that still listens
fn read__listening__536<D: Door>(d: &D) {
    let server = d.create(&Create::bytes(&unique("listening"))).expect("create");
    fails(d.read(&server, 1), PIPE_LISTENING);
    fails(d.write(&server, b"x"), PIPE_LISTENING);
}

//= observed: a read that waits when the peer closes
fn read__peer_closes__109<D: Door>(d: &D) {
    for pair in [bytes(d, 100), messages(d, 100)] {
        let mut read = reading(d, &pair.server, 10);
        read.asleep();
        d.close(&pair.client).expect("close");
        fails(read.returned(), BROKEN_PIPE);
    }
}

//= observed: a read on an empty pipe whose peer closed, from both ends
fn read__peer_closed__109<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.close(&pair.client).expect("close");
    fails(d.read(&pair.server, 10), BROKEN_PIPE);
    fails(d.read(&pair.server, 10), BROKEN_PIPE);

    let pair = bytes(d, 100);
    d.close(&pair.server).expect("close");
    fails(d.read(&pair.client, 10), BROKEN_PIPE);
}

//= observed: to the last byte, then 109
fn read__written_before_the_close__stays_readable<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    writes(d, &pair.server, b"first ");
    writes(d, &pair.server, b"second");
    d.close(&pair.server).expect("close");
    reads(d, &pair.client, 4, b"firs");
    reads(d, &pair.client, 100, b"t second");
    fails(d.read(&pair.client, 1), BROKEN_PIPE);
}

//= observed: 232, also for no bytes; the documentation says 109
fn write__peer_closed__232_whatever_the_size<D: Door>(d: &D) {
    for pair in [bytes(d, 100), messages(d, 100)] {
        d.close(&pair.client).expect("close");
        for size in [0, 1, 100, 1000] {
            fails(d.write(&pair.server, &vec![7; size]), NO_DATA);
        }
    }
}

//= observed: 109, not 232, for a write that waited
fn write__pending_when_the_peer_closes__109<D: Door>(d: &D) {
    for pair in [bytes(d, 4), messages(d, 4)] {
        let mut write = writing(d, &pair.client, b"too much");
        visible(d, &pair.server, 8);
        write.blocked();
        d.close(&pair.server).expect("close");
        fails(write.returned(), BROKEN_PIPE);
    }
}

//= observed: a read of no bytes on a closed, empty pipe
fn read__nothing_and_closed__109_for_no_bytes_too<D: Door>(d: &D) {
    for pair in [bytes(d, 100), messages(d, 100)] {
        d.close(&pair.client).expect("close");
        fails(d.read(&pair.server, 0), BROKEN_PIPE);
    }
}

//= observed: each end of each one-way pipe
fn read__without_the_right__5<D: Door>(d: &D) {
    let inbound = pair(d, |name| Create::bytes(name).access(Access::Inbound));
    fails(d.write(&inbound.server, b"x"), ACCESS_DENIED);
    fails(d.read(&inbound.client, 1), ACCESS_DENIED);
    let outbound = pair(d, |name| Create::bytes(name).access(Access::Outbound));
    fails(d.read(&outbound.server, 1), ACCESS_DENIED);
    fails(d.write(&outbound.client, b"x"), ACCESS_DENIED);
}

//= observed: a bad handle
fn read__closed_handle__6<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.close(&pair.client).expect("close");
    fails(d.read(&pair.client, 1), INVALID_HANDLE);
    fails(d.write(&pair.client, b"x"), INVALID_HANDLE);
    fails(d.peek(&pair.client, 1), INVALID_HANDLE);
    fails(d.flush(&pair.client), INVALID_HANDLE);
}

//= learn: ReadFile
fn read__less_there_than_asked__returns_at_once<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    writes(d, &pair.client, b"abc");
    reads(d, &pair.server, 100, b"abc");
    writes(d, &pair.client, b"defgh");
    reads(d, &pair.server, 2, b"de");
    reads(d, &pair.server, 3, b"fgh");
}

//= observed: reads ignore the boundaries of writes
fn read__several_writes__joined<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    writes(d, &pair.server, b"ab");
    writes(d, &pair.server, b"cd");
    writes(d, &pair.server, b"ef");
    reads(d, &pair.client, 3, b"abc");
    reads(d, &pair.client, 100, b"def");
}

//= observed: in the order of their issue
fn read__several_pending__served_in_order<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    let mut one = reading(d, &pair.server, 1);
    one.asleep();
    let mut two = reading(d, &pair.server, 1);
    two.asleep();
    writes(d, &pair.client, b"1");
    assert_eq!(one.returned(), Ok(b"1".to_vec()));
    two.blocked();
    writes(d, &pair.client, b"2");
    assert_eq!(two.returned(), Ok(b"2".to_vec()));
}

//= observed: a cancelled read takes nothing
fn read__cancelled__995_and_the_pipe_goes_on<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    fails(reading(d, &pair.server, 10).cancelled(d, &pair.server), ABORTED);
    writes(d, &pair.client, b"after");
    reads(d, &pair.server, 10, b"after");
}

//= observed: byte type; it leaves nothing to read and wakes no reader
fn write__no_bytes__leaves_nothing_and_wakes_nobody<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    let mut read = reading(d, &pair.server, 10);
    read.asleep();
    writes(d, &pair.client, b"");
    assert_eq!(available(d, &pair.server), 0);
    read.asleep();
    writes(d, &pair.client, b"x");
    assert_eq!(read.returned(), Ok(b"x".to_vec()));
}

//= observed: byte type
fn read__no_bytes_asked_and_data_there__ok<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    writes(d, &pair.client, b"x");
    reads(d, &pair.server, 0, b"");
    reads(d, &pair.server, 1, b"x");
}

//= observed: byte type; it waits until data comes
fn read__no_bytes_asked_and_empty__waits_and_leaves_the_data<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    let mut read = reading(d, &pair.server, 0);
    read.asleep();
    writes(d, &pair.client, b"x");
    assert_eq!(read.returned(), Ok(Vec::new()));
    reads(d, &pair.server, 1, b"x");
}

//= observed: nothing is lost, doubled or reordered across many wraps of the buffer
fn both__large_data_both_ways__arrives_intact<D: Door>(d: &D) {
    const SIZE: usize = 1 << 18;
    let data: Vec<u8> = (0..=250).cycle().take(SIZE).collect();
    let pair = bytes(d, 1000);
    let out = writing(d, &pair.server, &data);
    let back = writing(d, &pair.client, &data);
    for end in [&pair.server, &pair.client] {
        let mut got = Vec::new();
        while got.len() < SIZE {
            got.extend(d.read(end, 777).expect("read"));
        }
        assert!(got == data);
    }
    assert_eq!(out.returned(), Ok(SIZE));
    assert_eq!(back.returned(), Ok(SIZE));
}
