//! `PeekNamedPipe`.

use crate::code::{ACCESS_DENIED, BAD_PIPE, BROKEN_PIPE};
use crate::door::{Access, Create, Door, Open, Peeked};
use crate::support::{accepted, bytes, fails, messages, pair, peeks, reads, unique, writes};

cases![
    peek__listening__230,
    peek__connected_and_empty__nothing,
    peek__bytes__across_writes,
    peek__bytes__left_wraps,
    peek__messages__only_the_first_but_all_counted,
    peek__buffer_smaller_than_the_message__no_error,
    peek__byte_mode_on_a_message_pipe__still_by_message,
    peek__no_buffer__tells_the_numbers,
    peek__peer_closed__data_then_109,
    peek__write_only__5,
    peek__empty_message_in_front__not_counted,
    peek__partly_read_message__the_rest_counts,
    peek__never__takes,
];

//= observed: a listening instance
fn peek__listening__230<D: Door>(d: &D) {
    let server = d.create(&Create::bytes(&unique("peek"))).expect("create");
    fails(d.peek(&server, 1), BAD_PIPE);
}

//= observed: 0, 0, 0
fn peek__connected_and_empty__nothing<D: Door>(d: &D) {
    for pair in [bytes(d, 100), messages(d, 100)] {
        peeks(d, &pair.server, 10, b"", 0, 0);
        peeks(d, &pair.client, 10, b"", 0, 0);
    }
}

//= observed: up to the buffer, across writes
fn peek__bytes__across_writes<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    writes(d, &pair.client, b"abc");
    writes(d, &pair.client, b"def");
    let peeked = d.peek(&pair.server, 5).expect("peek");
    assert_eq!((peeked.data.as_slice(), peeked.available), (b"abcde".as_slice(), 6));
    let peeked = d.peek(&pair.server, 100).expect("peek");
    assert_eq!((peeked.data.as_slice(), peeked.available), (b"abcdef".as_slice(), 6));
}

//= observed: 0 minus what was copied; the documentation says 0
fn peek__bytes__left_wraps<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    writes(d, &pair.client, b"abc");
    peeks(d, &pair.server, 2, b"ab", 3, d.left_of_bytes(2));
    peeks(d, &pair.server, 3, b"abc", 3, d.left_of_bytes(3));
}

//= observed: copies from the first message; available counts all; left is the rest of the first
fn peek__messages__only_the_first_but_all_counted<D: Door>(d: &D) {
    let pair = messages(d, 100);
    writes(d, &pair.server, b"first");
    writes(d, &pair.server, b"second");
    peeks(d, &pair.client, 100, b"first", 11, 0);
    peeks(d, &pair.client, 2, b"fi", 11, 3);
    reads(d, &pair.client, 100, b"first");
    peeks(d, &pair.client, 100, b"second", 6, 0);
}

//= observed: no MORE_DATA
fn peek__buffer_smaller_than_the_message__no_error<D: Door>(d: &D) {
    let pair = messages(d, 100);
    writes(d, &pair.client, b"message");
    peeks(d, &pair.server, 1, b"m", 7, 6);
}

//= learn: PeekNamedPipe
fn peek__byte_mode_on_a_message_pipe__still_by_message<D: Door>(d: &D) {
    let pair = messages(d, 100);
    d.set_state(&pair.server, false, false).expect("read in bytes");
    writes(d, &pair.client, b"first");
    writes(d, &pair.client, b"second");
    peeks(d, &pair.server, 100, b"first", 11, 0);
}

//= observed: lpBuffer NULL
fn peek__no_buffer__tells_the_numbers<D: Door>(d: &D) {
    let pair = messages(d, 100);
    writes(d, &pair.client, b"message");
    peeks(d, &pair.server, 0, b"", 7, 7);
}

//= observed: the data first
fn peek__peer_closed__data_then_109<D: Door>(d: &D) {
    let pair = messages(d, 100);
    writes(d, &pair.client, b"last");
    d.close(&pair.client).expect("close");
    peeks(d, &pair.server, 100, b"last", 4, 0);
    reads(d, &pair.server, 100, b"last");
    fails(d.peek(&pair.server, 100), BROKEN_PIPE);
    fails(d.peek(&pair.server, 0), BROKEN_PIPE);
}

//= observed: it takes GENERIC_READ
fn peek__write_only__5<D: Door>(d: &D) {
    let inbound = pair(d, |name| Create::bytes(name).access(Access::Inbound));
    fails(d.peek(&inbound.client, 1), ACCESS_DENIED);
    let outbound = pair(d, |name| Create::bytes(name).access(Access::Outbound));
    fails(d.peek(&outbound.server, 1), ACCESS_DENIED);
    let name = unique("write-only");
    let server = d.create(&Create::bytes(&name)).expect("create");
    let client = d.open(&name, Open::WRITE).expect("open");
    accepted(d.connect(&server));
    fails(d.peek(&client, 1), ACCESS_DENIED);
}

//= observed: empty messages add nothing
fn peek__empty_message_in_front__not_counted<D: Door>(d: &D) {
    let pair = messages(d, 100);
    writes(d, &pair.client, b"");
    writes(d, &pair.client, b"x");
    assert_eq!(d.peek(&pair.server, 10).map(|peeked| peeked.available), Ok(1));
    reads(d, &pair.server, 10, b"");
    peeks(d, &pair.server, 10, b"x", 1, 0);
}

//= observed: the rest of a message that was read in part
fn peek__partly_read_message__the_rest_counts<D: Door>(d: &D) {
    let pair = messages(d, 100);
    writes(d, &pair.client, b"message");
    writes(d, &pair.client, b"next");
    crate::support::reads_part(d, &pair.server, 3, b"mes");
    peeks(d, &pair.server, 2, b"sa", 8, 2);
    peeks(d, &pair.server, 10, b"sage", 8, 0);
}

//= learn: PeekNamedPipe
fn peek__never__takes<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    writes(d, &pair.client, b"abc");
    let seen = Peeked { data: b"abc".to_vec(), available: 3, left: d.left_of_bytes(3) };
    for _ in 0..3 {
        assert_eq!(d.peek(&pair.server, 10), Ok(seen.clone()));
    }
    reads(d, &pair.server, 10, b"abc");
}
