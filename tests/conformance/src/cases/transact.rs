//! `TransactNamedPipe` and `CallNamedPipe`.

use crate::code::{
    ABORTED, ACCESS_DENIED, BAD_PIPE, BROKEN_PIPE, INVALID_PARAMETER, NOT_CONNECTED, NOT_FOUND,
    PIPE_BUSY, SEM_TIMEOUT,
};
use crate::door::{Access, Create, Door, FOREVER, Open};
use crate::support::{
    Pending, accepted, available, bytes, detached, fails, messages, part, reads, settled,
    transacting, unique, visible, writes,
};

cases![
    transact__request_and_reply__ok,
    transact__byte_pipe_or_byte_mode__230,
    transact__unread_data__231_and_nothing_written,
    transact__reply_longer_than_the_buffer__234_and_the_rest_stays,
    transact__request_beyond_the_quota__waits_only_for_the_reply,
    transact__answered_by_a_transact__ok,
    transact__empty_request_or_reply__ok,
    transact__cancelled__995_and_the_request_stays,
    transact__peer_closes_while_pending__109,
    transact__peer_closed__230,
    transact__listening__230,
    transact__server_disconnected__230,
    transact__client_disconnected__233,
    transact__one_way__5,
    call__no_pipe__2,
    call__answered__ok,
    call__reply_longer_than_the_buffer__234_and_the_rest_is_lost,
    call__byte_pipe__87,
    call__busy__121_at_the_timeout,
    call__busy__waits_for_an_instance,
];

//= learn: TransactNamedPipe
fn transact__request_and_reply__ok<D: Door>(d: &D) {
    let pair = messages(d, 100);
    let mut call = transacting(d, &pair.client, b"request", 100);
    reads(d, &pair.server, 100, b"request");
    call.asleep();
    writes(d, &pair.server, b"reply");
    assert_eq!(call.returned(), Ok(b"reply".to_vec()));
}

//= observed: both must be of messages
fn transact__byte_pipe_or_byte_mode__230<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    fails(d.transact(&pair.client, b"x", 10), BAD_PIPE);
    let pair = messages(d, 100);
    d.set_state(&pair.client, false, false).expect("read in bytes");
    fails(d.transact(&pair.client, b"x", 10), BAD_PIPE);
    assert_eq!(available(d, &pair.server), 0);
}

//= observed: data in the caller's inbound queue
fn transact__unread_data__231_and_nothing_written<D: Door>(d: &D) {
    let pair = messages(d, 100);
    writes(d, &pair.server, b"unread");
    fails(d.transact(&pair.client, b"x", 10), PIPE_BUSY);
    assert_eq!(available(d, &pair.server), 0);
    reads(d, &pair.client, 100, b"unread");
}

//= learn: TransactNamedPipe
fn transact__reply_longer_than_the_buffer__234_and_the_rest_stays<D: Door>(d: &D) {
    let pair = messages(d, 100);
    let call = transacting(d, &pair.client, b"request", 3);
    reads(d, &pair.server, 100, b"request");
    writes(d, &pair.server, b"reply");
    assert_eq!(call.returned(), Err(part(b"rep")));
    reads(d, &pair.client, 100, b"ly");
}

//= observed: the request is queued whatever the quota
fn transact__request_beyond_the_quota__waits_only_for_the_reply<D: Door>(d: &D) {
    let pair = messages(d, 4);
    let call = transacting(d, &pair.client, b"a long request", 100);
    visible(d, &pair.server, 14);
    writes(d, &pair.server, b"ok");
    assert_eq!(call.returned(), Ok(b"ok".to_vec()));
    reads(d, &pair.server, 100, b"a long request");
}

//= observed: either end may call
fn transact__answered_by_a_transact__ok<D: Door>(d: &D) {
    let pair = messages(d, 100);
    let client = transacting(d, &pair.client, b"one", 100);
    reads(d, &pair.server, 100, b"one");
    let mut server = transacting(d, &pair.server, b"two", 100);
    assert_eq!(client.returned(), Ok(b"two".to_vec()));
    server.asleep();
    writes(d, &pair.client, b"three");
    assert_eq!(server.returned(), Ok(b"three".to_vec()));
}

//= observed: no bytes one way or the other
fn transact__empty_request_or_reply__ok<D: Door>(d: &D) {
    let pair = messages(d, 100);
    let call = transacting(d, &pair.client, b"", 100);
    reads(d, &pair.server, 100, b"");
    writes(d, &pair.server, b"reply");
    assert_eq!(call.returned(), Ok(b"reply".to_vec()));
    let call = transacting(d, &pair.client, b"request", 100);
    reads(d, &pair.server, 100, b"request");
    writes(d, &pair.server, b"");
    assert_eq!(call.returned(), Ok(Vec::new()));
}

//= observed: the read is cancelled, the request was written
fn transact__cancelled__995_and_the_request_stays<D: Door>(d: &D) {
    let pair = messages(d, 100);
    let mut call = transacting(d, &pair.client, b"request", 100);
    visible(d, &pair.server, 7);
    call.blocked();
    fails(call.cancelled(d, &pair.client), ABORTED);
    reads(d, &pair.server, 100, b"request");
}

//= observed: like a pending read
fn transact__peer_closes_while_pending__109<D: Door>(d: &D) {
    let pair = messages(d, 100);
    let call = transacting(d, &pair.client, b"request", 100);
    reads(d, &pair.server, 100, b"request");
    d.close(&pair.server).expect("close");
    fails(call.returned(), BROKEN_PIPE);
}

//= observed: on either end
fn transact__peer_closed__230<D: Door>(d: &D) {
    let pair = messages(d, 100);
    d.close(&pair.client).expect("close");
    fails(d.transact(&pair.server, b"x", 10), BAD_PIPE);
    let pair = messages(d, 100);
    d.close(&pair.server).expect("close");
    fails(d.transact(&pair.client, b"x", 10), BAD_PIPE);
}

//= observed: a listening instance
fn transact__listening__230<D: Door>(d: &D) {
    let server = d.create(&Create::messages(&unique("transact"))).expect("create");
    fails(d.transact(&server, b"x", 10), BAD_PIPE);
}

//= observed: the server's end after DisconnectNamedPipe
fn transact__server_disconnected__230<D: Door>(d: &D) {
    let pair = messages(d, 100);
    d.disconnect(&pair.server).expect("disconnect");
    fails(d.transact(&pair.server, b"x", 10), BAD_PIPE);
}

//= observed: the client's end after DisconnectNamedPipe
fn transact__client_disconnected__233<D: Door>(d: &D) {
    let pair = messages(d, 100);
    d.disconnect(&pair.server).expect("disconnect");
    fails(d.transact(&pair.client, b"x", 10), NOT_CONNECTED);
}

//= observed: on Wine; the handle lacks the right to read
fn transact__one_way__5<D: Door>(d: &D) {
    let name = unique("transact");
    let server = d.create(&Create::messages(&name).access(Access::Inbound)).expect("create");
    let client = d.open(&name, Open::WRITE).expect("open");
    accepted(d.connect(&server));
    fails(d.transact(&client, b"x", 10), ACCESS_DENIED);
}

/// A `CallNamedPipe` on a thread.
fn calling<D: Door>(
    d: &D,
    name: &str,
    len: usize,
) -> Pending<Result<Vec<u8>, crate::door::Failed>> {
    let (d, name) = (d.clone(), name.to_owned());
    detached(move || d.call(&name, b"request", len, FOREVER))
}

//= observed: no such pipe
fn call__no_pipe__2<D: Door>(d: &D) {
    fails(d.call(&unique("none"), b"x", 10, FOREVER), NOT_FOUND);
}

//= learn: CallNamedPipe
fn call__answered__ok<D: Door>(d: &D) {
    let name = unique("call");
    let server = d.create(&Create::messages(&name)).expect("create");
    let call = calling(d, &name, 100);
    accepted(d.connect(&server));
    reads(d, &server, 100, b"request");
    writes(d, &server, b"reply");
    assert_eq!(call.returned(), Ok(b"reply".to_vec()));
    fails(d.read(&server, 1), BROKEN_PIPE);
}

//= learn: CallNamedPipe
fn call__reply_longer_than_the_buffer__234_and_the_rest_is_lost<D: Door>(d: &D) {
    let name = unique("call");
    let server = d.create(&Create::messages(&name)).expect("create");
    let call = calling(d, &name, 3);
    accepted(d.connect(&server));
    reads(d, &server, 100, b"request");
    writes(d, &server, b"reply");
    assert_eq!(call.returned(), Err(part(b"rep")));
    fails(d.read(&server, 1), BROKEN_PIPE);
}

//= learn: CallNamedPipe
fn call__byte_pipe__87<D: Door>(d: &D) {
    let name = unique("call");
    let _server = d.create(&Create::bytes(&name)).expect("create");
    fails(d.call(&name, b"x", 10, FOREVER), INVALID_PARAMETER);
}

//= observed: on Wine
fn call__busy__121_at_the_timeout<D: Door>(d: &D) {
    let pair = messages(d, 100);
    fails(d.call(&pair.name, b"x", 10, 20), SEM_TIMEOUT);
}

//= learn: CallNamedPipe
fn call__busy__waits_for_an_instance<D: Door>(d: &D) {
    let pair = messages(d, 100);
    let mut call = calling(d, &pair.name, 100);
    call.asleep();
    let server = d.create(&Create::messages(&pair.name)).expect("a second instance");
    settled("the call arrives", || d.peek(&server, 0).is_ok_and(|p| p.available == 7));
    reads(d, &server, 100, b"request");
    writes(d, &server, b"reply");
    assert_eq!(call.returned(), Ok(b"reply".to_vec()));
}
