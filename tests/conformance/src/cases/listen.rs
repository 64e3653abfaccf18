//! `ConnectNamedPipe`.

use crate::code::{
    ABORTED, INVALID_FUNCTION, INVALID_HANDLE, NO_DATA, NOT_CONNECTED, PIPE_CONNECTED,
    PIPE_LISTENING,
};
use crate::door::{Create, Door, Open};
use crate::support::{accepted, bytes, connecting, fails, pair, reads, unique, writes};

cases![
    connect__client_arrives_later__ok,
    connect__client_there__535,
    connect__client_closed__232,
    connect__on_a_client__1,
    connect__two_pending__one_client_ends_both,
    connect__nowait__536_then_535_then_232,
    connect__nowait_after_disconnect__536_and_listens,
    connect__disconnect_while_pending__233,
    connect__cancelled__995_and_still_listens,
    connect__after_disconnect__old_client_stays_out,
    connect__closed_handle__6,
];

//= learn: ConnectNamedPipe
fn connect__client_arrives_later__ok<D: Door>(d: &D) {
    let name = unique("connect");
    let server = d.create(&Create::bytes(&name)).expect("create");
    let mut connect = connecting(d, &server);
    connect.asleep();
    let client = d.open(&name, Open::BOTH).expect("open");
    assert_eq!(connect.returned(), Ok(()));
    writes(d, &client, b"x");
    reads(d, &server, 1, b"x");
}

//= observed: a good connection, reported as an error
fn connect__client_there__535<D: Door>(d: &D) {
    let name = unique("connect");
    let server = d.create(&Create::bytes(&name)).expect("create");
    let _client = d.open(&name, Open::BOTH).expect("open");
    fails(d.connect(&server), PIPE_CONNECTED);
    fails(d.connect(&server), PIPE_CONNECTED);
}

//= learn: ConnectNamedPipe
//= observed: the previous client closed, nobody disconnected
fn connect__client_closed__232<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.close(&pair.client).expect("close");
    fails(d.connect(&pair.server), NO_DATA);
    d.disconnect(&pair.server).expect("disconnect");
    let mut connect = connecting(d, &pair.server);
    connect.asleep();
    let _client = d.open(&pair.name, Open::BOTH).expect("open");
    assert_eq!(connect.returned(), Ok(()));
}

//= observed: ConnectNamedPipe is for servers
fn connect__on_a_client__1<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    fails(d.connect(&pair.client), INVALID_FUNCTION);
}

//= observed: a second call waits too, and one client completes all of them
fn connect__two_pending__one_client_ends_both<D: Door>(d: &D) {
    let name = unique("connect");
    let server = d.create(&Create::bytes(&name)).expect("create");
    let mut one = connecting(d, &server);
    one.asleep();
    let mut two = connecting(d, &server);
    two.asleep();
    let _client = d.open(&name, Open::BOTH).expect("open");
    assert_eq!(one.returned(), Ok(()));
    assert_eq!(two.returned(), Ok(()));
}

//= observed: no client, client there, client gone
fn connect__nowait__536_then_535_then_232<D: Door>(d: &D) {
    let name = unique("connect");
    let server = d.create(&Create::bytes(&name).nowait()).expect("create");
    fails(d.connect(&server), PIPE_LISTENING);
    let client = d.open(&name, Open::BOTH).expect("open");
    fails(d.connect(&server), PIPE_CONNECTED);
    d.close(&client).expect("close");
    fails(d.connect(&server), NO_DATA);
}

//= observed: the first call after DisconnectNamedPipe fails with 536 and puts it back to listening
// The documentation says that it returns TRUE.
fn connect__nowait_after_disconnect__536_and_listens<D: Door>(d: &D) {
    let pair = pair(d, |name| Create::bytes(name).nowait());
    d.disconnect(&pair.server).expect("disconnect");
    fails(d.open(&pair.name, Open::BOTH), crate::code::PIPE_BUSY);
    fails(d.connect(&pair.server), PIPE_LISTENING);
    let _client = d.open(&pair.name, Open::BOTH).expect("open");
    fails(d.connect(&pair.server), PIPE_CONNECTED);
}

//= model: the pending connect ends with STATUS_PIPE_DISCONNECTED
fn connect__disconnect_while_pending__233<D: Door>(d: &D) {
    let server = d.create(&Create::bytes(&unique("connect"))).expect("create");
    let mut connect = connecting(d, &server);
    connect.asleep();
    d.disconnect(&server).expect("disconnect");
    fails(connect.returned(), NOT_CONNECTED);
}

//= observed: cancelling a connect
fn connect__cancelled__995_and_still_listens<D: Door>(d: &D) {
    let name = unique("connect");
    let server = d.create(&Create::bytes(&name)).expect("create");
    fails(connecting(d, &server).cancelled(d, &server), ABORTED);
    let _client = d.open(&name, Open::BOTH).expect("open");
    fails(d.connect(&server), PIPE_CONNECTED);
}

//= observed: the old client's handle stays disconnected
fn connect__after_disconnect__old_client_stays_out<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.disconnect(&pair.server).expect("disconnect");
    let mut connect = connecting(d, &pair.server);
    connect.asleep();
    let fresh = d.open(&pair.name, Open::BOTH).expect("open");
    accepted(connect.returned());
    fails(d.write(&pair.client, b"old"), NOT_CONNECTED);
    writes(d, &fresh, b"new");
    reads(d, &pair.server, 10, b"new");
    d.close(&pair.client).expect("close");
    writes(d, &pair.server, b"still");
    reads(d, &fresh, 10, b"still");
}

//= observed: a bad handle
fn connect__closed_handle__6<D: Door>(d: &D) {
    let server = d.create(&Create::bytes(&unique("connect"))).expect("create");
    d.close(&server).expect("close");
    fails(d.connect(&server), INVALID_HANDLE);
}
