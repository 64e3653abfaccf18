//! `ReadFile` and `WriteFile` on message pipes.

use crate::code::BROKEN_PIPE;
use crate::door::{Create, Door, Open};
use crate::support::{
    accepted, detached, fails, messages, part, peeks, reading, reads, reads_part, unique, writes,
};

cases![
    read__buffer_too_small__234_and_the_rest_stays,
    read__the_rest__by_another_thread,
    read__exact_or_larger_buffer__one_message,
    read__empty_message__ok_with_no_bytes,
    read__no_bytes_asked__234_and_untouched,
    read__no_bytes_asked_and_empty_message__taken,
    read__byte_mode__joins_messages_and_drops_empty_ones,
    read__switched_within_a_message__the_rest_is_a_message,
    read__peer_closed__short_reads_then_109,
    read__pending_met_by_a_longer_write__234,
    read__several_pending_and_empty_message__one_wakes,
    both__many_sizes__boundaries_kept,
];

//= observed: the buffer is filled, the next read continues
fn read__buffer_too_small__234_and_the_rest_stays<D: Door>(d: &D) {
    let pair = messages(d, 100);
    writes(d, &pair.client, b"one message");
    writes(d, &pair.client, b"another");
    reads_part(d, &pair.server, 3, b"one");
    reads_part(d, &pair.server, 5, b" mess");
    reads(d, &pair.server, 3, b"age");
    reads(d, &pair.server, 100, b"another");
}

//= observed: the rest belongs to the pipe, not to the reader
fn read__the_rest__by_another_thread<D: Door>(d: &D) {
    let pair = messages(d, 100);
    writes(d, &pair.client, b"one message");
    let (door, server) = (d.clone(), pair.server.clone());
    let first = detached(move || door.read(&server, 4));
    assert_eq!(first.returned(), Err(part(b"one ")));
    reads(d, &pair.server, 100, b"message");
}

//= observed: never more than one message
fn read__exact_or_larger_buffer__one_message<D: Door>(d: &D) {
    let pair = messages(d, 100);
    writes(d, &pair.server, b"exact");
    writes(d, &pair.server, b"larger");
    reads(d, &pair.client, 5, b"exact");
    reads(d, &pair.client, 100, b"larger");
}

//= observed: an empty message is a message
fn read__empty_message__ok_with_no_bytes<D: Door>(d: &D) {
    let pair = messages(d, 100);
    writes(d, &pair.client, b"");
    writes(d, &pair.client, b"x");
    reads(d, &pair.server, 10, b"");
    reads(d, &pair.server, 10, b"x");
}

//= observed: since Windows 8
fn read__no_bytes_asked__234_and_untouched<D: Door>(d: &D) {
    let pair = messages(d, 100);
    writes(d, &pair.client, b"message");
    reads_part(d, &pair.server, 0, b"");
    peeks(d, &pair.server, 100, b"message", 7, 0);
    reads(d, &pair.server, 100, b"message");
}

//= model: nothing is left of an empty message, so the read takes it
fn read__no_bytes_asked_and_empty_message__taken<D: Door>(d: &D) {
    let pair = messages(d, 100);
    writes(d, &pair.client, b"");
    writes(d, &pair.client, b"x");
    reads(d, &pair.server, 0, b"");
    reads(d, &pair.server, 10, b"x");
}

//= observed: byte-read mode on a message pipe
fn read__byte_mode__joins_messages_and_drops_empty_ones<D: Door>(d: &D) {
    let pair = messages(d, 100);
    d.set_state(&pair.server, false, false).expect("read in bytes");
    writes(d, &pair.client, b"ab");
    writes(d, &pair.client, b"");
    writes(d, &pair.client, b"cd");
    reads(d, &pair.server, 3, b"abc");
    reads(d, &pair.server, 10, b"d");
}

//= observed: on Wine
fn read__switched_within_a_message__the_rest_is_a_message<D: Door>(d: &D) {
    let pair = messages(d, 100);
    d.set_state(&pair.server, false, false).expect("read in bytes");
    writes(d, &pair.client, b"one");
    writes(d, &pair.client, b"two");
    reads(d, &pair.server, 1, b"o");
    d.set_state(&pair.server, true, false).expect("read in messages");
    reads(d, &pair.server, 100, b"ne");
    reads(d, &pair.server, 100, b"two");
}

//= observed: the close does not end a message early
fn read__peer_closed__short_reads_then_109<D: Door>(d: &D) {
    let pair = messages(d, 100);
    writes(d, &pair.client, b"last");
    d.close(&pair.client).expect("close");
    reads_part(d, &pair.server, 0, b"");
    reads_part(d, &pair.server, 2, b"la");
    reads(d, &pair.server, 2, b"st");
    fails(d.read(&pair.server, 2), BROKEN_PIPE);
}

//= observed: the rest stays queued
fn read__pending_met_by_a_longer_write__234<D: Door>(d: &D) {
    let pair = messages(d, 100);
    let mut read = reading(d, &pair.server, 4);
    read.asleep();
    writes(d, &pair.client, b"one message");
    assert_eq!(read.returned(), Err(part(b"one ")));
    reads(d, &pair.server, 100, b"message");
}

//= observed: a write of no bytes ends exactly one pending read
fn read__several_pending_and_empty_message__one_wakes<D: Door>(d: &D) {
    let pair = messages(d, 100);
    let mut one = reading(d, &pair.server, 10);
    one.asleep();
    let mut two = reading(d, &pair.server, 10);
    two.asleep();
    writes(d, &pair.client, b"");
    assert_eq!(one.returned(), Ok(Vec::new()));
    two.asleep();
    writes(d, &pair.client, b"x");
    assert_eq!(two.returned(), Ok(b"x".to_vec()));
}

//= observed: each write is one message, whatever its size and the buffer's
fn both__many_sizes__boundaries_kept<D: Door>(d: &D) {
    let name = unique("sizes");
    let server = d.create(&Create::messages(&name).quota(300)).expect("create");
    let client = d.open(&name, Open::BOTH).expect("open");
    accepted(d.connect(&server));
    let sizes = [0, 1, 7, 8, 9, 299, 300, 301, 0, 4096, 65_535, 65_536, 70_001, 3];
    let (door, writer) = (d.clone(), client.clone());
    let sent = detached(move || {
        for (at, size) in sizes.into_iter().enumerate() {
            let byte = u8::try_from(at).expect("few sizes");
            assert_eq!(door.write(&writer, &vec![byte; size]), Ok(size));
        }
    });
    for (at, size) in sizes.into_iter().enumerate() {
        let got = d.read(&server, 100_000).expect("read");
        assert_eq!(got.len(), size);
        assert!(got.iter().all(|&byte| usize::from(byte) == at));
    }
    sent.returned();
}
