//! `FlushFileBuffers`.

use crate::code::{ACCESS_DENIED, BROKEN_PIPE, NOT_CONNECTED};
use crate::door::{Access, Create, Door, Open};
use crate::support::{
    accepted, bytes, fails, flushing, messages, pair, reads, reads_part, unique, visible, writes,
    writing,
};

cases![
    flush__unread_data__waits_until_all_is_read,
    flush__unread_message__waits_for_its_last_byte,
    flush__pending_write__waits_for_it_too,
    flush__nothing_unread__ok,
    flush__own_unread_data__no_matter,
    flush__listening__ok,
    flush__peer_closed__ok,
    flush__peer_closes_meanwhile__109,
    flush__server_disconnects_meanwhile__233,
    flush__without_the_right_to_write__5,
];

//= observed: until the peer has read all of it
fn flush__unread_data__waits_until_all_is_read<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    writes(d, &pair.client, b"abc");
    let mut flush = flushing(d, &pair.client);
    flush.asleep();
    reads(d, &pair.server, 2, b"ab");
    flush.asleep();
    reads(d, &pair.server, 1, b"c");
    assert_eq!(flush.returned(), Ok(()));
}

//= observed: from the server's end, in messages
fn flush__unread_message__waits_for_its_last_byte<D: Door>(d: &D) {
    let pair = messages(d, 100);
    writes(d, &pair.server, b"message");
    let mut flush = flushing(d, &pair.server);
    flush.asleep();
    reads_part(d, &pair.client, 6, b"messag");
    flush.asleep();
    reads(d, &pair.client, 6, b"e");
    assert_eq!(flush.returned(), Ok(()));
}

//= observed: data of a pending write is unread data
fn flush__pending_write__waits_for_it_too<D: Door>(d: &D) {
    let pair = bytes(d, 4);
    let write = writing(d, &pair.client, b"too much");
    visible(d, &pair.server, 8);
    let mut flush = flushing(d, &pair.client);
    flush.asleep();
    reads(d, &pair.server, 5, b"too m");
    assert_eq!(write.returned(), Ok(8));
    flush.asleep();
    reads(d, &pair.server, 5, b"uch");
    assert_eq!(flush.returned(), Ok(()));
}

//= learn: FlushFileBuffers
fn flush__nothing_unread__ok<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.flush(&pair.client).expect("flush");
    writes(d, &pair.client, b"abc");
    reads(d, &pair.server, 10, b"abc");
    d.flush(&pair.client).expect("flush");
}

//= observed: only what the peer has not read counts
fn flush__own_unread_data__no_matter<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    writes(d, &pair.client, b"for the server");
    d.flush(&pair.server).expect("flush");
}

//= observed: a listening instance
fn flush__listening__ok<D: Door>(d: &D) {
    let server = d.create(&Create::bytes(&unique("flush"))).expect("create");
    d.flush(&server).expect("flush");
}

//= observed: even if the peer never read
fn flush__peer_closed__ok<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    writes(d, &pair.server, b"never read");
    d.close(&pair.client).expect("close");
    d.flush(&pair.server).expect("flush");
}

//= observed: the peer closes while the flush waits
fn flush__peer_closes_meanwhile__109<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    writes(d, &pair.client, b"abc");
    let mut flush = flushing(d, &pair.client);
    flush.asleep();
    d.close(&pair.server).expect("close");
    fails(flush.returned(), BROKEN_PIPE);
}

//= observed: the server disconnects while the client's flush waits
fn flush__server_disconnects_meanwhile__233<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    writes(d, &pair.client, b"abc");
    let mut flush = flushing(d, &pair.client);
    flush.asleep();
    d.disconnect(&pair.server).expect("disconnect");
    fails(flush.returned(), NOT_CONNECTED);
}

//= learn: FlushFileBuffers
// It needs GENERIC_WRITE; Wine returns TRUE.
fn flush__without_the_right_to_write__5<D: Door>(d: &D) {
    let inbound = pair(d, |name| Create::bytes(name).access(Access::Inbound));
    fails(d.flush(&inbound.server), ACCESS_DENIED);
    let outbound = pair(d, |name| Create::bytes(name).access(Access::Outbound));
    fails(d.flush(&outbound.client), ACCESS_DENIED);
    let name = unique("read-only");
    let server = d.create(&Create::bytes(&name)).expect("create");
    let client = d.open(&name, Open::READ).expect("open");
    accepted(d.connect(&server));
    fails(d.flush(&client), ACCESS_DENIED);
}
