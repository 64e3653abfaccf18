//! `DisconnectNamedPipe` and what follows it.

use crate::code::{BAD_PIPE, INVALID_FUNCTION, NOT_CONNECTED};
use crate::door::{Create, Door};
use crate::support::{bytes, fails, messages, reading, unique, visible, writes, writing};

cases![
    disconnect__unread_data_both_ways__dropped,
    disconnect__twice__233,
    disconnect__on_a_client__1,
    disconnect__listening__ok_and_disconnected,
    disconnect__client_closed__ok,
    disconnect__client_side__233_everywhere,
    disconnect__server_side__read_and_write_233,
    disconnect__server_side__peek_230,
    disconnect__server_side__flush_and_info_ok,
    disconnect__pending_read_of_the_client__233,
    disconnect__pending_write_of_the_client__233,
    disconnect__pending_calls_of_the_server__233,
    disconnect__client_close__ok,
];

//= observed: the data is never readable again
fn disconnect__unread_data_both_ways__dropped<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    writes(d, &pair.client, b"to the server");
    writes(d, &pair.server, b"to the client");
    d.disconnect(&pair.server).expect("disconnect");
    fails(d.read(&pair.server, 100), NOT_CONNECTED);
    fails(d.read(&pair.client, 100), NOT_CONNECTED);
}

//= observed: the second call
fn disconnect__twice__233<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.disconnect(&pair.server).expect("disconnect");
    fails(d.disconnect(&pair.server), NOT_CONNECTED);
}

//= observed: Windows 2003; Wine says 50
fn disconnect__on_a_client__1<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    fails(d.disconnect(&pair.client), INVALID_FUNCTION);
}

//= model: a listening instance becomes disconnected; Wine says 536
fn disconnect__listening__ok_and_disconnected<D: Door>(d: &D) {
    let server = d.create(&Create::bytes(&unique("disconnect"))).expect("create");
    d.disconnect(&server).expect("disconnect");
    fails(d.read(&server, 1), NOT_CONNECTED);
    fails(d.disconnect(&server), NOT_CONNECTED);
}

//= observed: after the client closed
fn disconnect__client_closed__ok<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.close(&pair.client).expect("close");
    d.disconnect(&pair.server).expect("disconnect");
}

//= observed: read, write, peek, flush, state, info
fn disconnect__client_side__233_everywhere<D: Door>(d: &D) {
    let pair = messages(d, 100);
    writes(d, &pair.server, b"dropped");
    d.disconnect(&pair.server).expect("disconnect");
    fails(d.read(&pair.client, 1), NOT_CONNECTED);
    fails(d.write(&pair.client, b"x"), NOT_CONNECTED);
    fails(d.peek(&pair.client, 1), NOT_CONNECTED);
    fails(d.flush(&pair.client), NOT_CONNECTED);
    fails(d.get_state(&pair.client), NOT_CONNECTED);
    fails(d.set_state(&pair.client, true, false), NOT_CONNECTED);
    fails(d.info(&pair.client), NOT_CONNECTED);
}

//= observed: the server's read and write
fn disconnect__server_side__read_and_write_233<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.disconnect(&pair.server).expect("disconnect");
    fails(d.read(&pair.server, 1), NOT_CONNECTED);
    fails(d.write(&pair.server, b"x"), NOT_CONNECTED);
}

//= observed: the server's peek is another code
fn disconnect__server_side__peek_230<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.disconnect(&pair.server).expect("disconnect");
    fails(d.peek(&pair.server, 1), BAD_PIPE);
}

//= observed: the server's flush and info need no client
fn disconnect__server_side__flush_and_info_ok<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.disconnect(&pair.server).expect("disconnect");
    d.flush(&pair.server).expect("flush");
    d.info(&pair.server).expect("info");
}

//= observed: a pending read completes with STATUS_PIPE_DISCONNECTED
fn disconnect__pending_read_of_the_client__233<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    let mut read = reading(d, &pair.client, 1);
    read.asleep();
    d.disconnect(&pair.server).expect("disconnect");
    fails(read.returned(), NOT_CONNECTED);
}

//= observed: a pending write completes with STATUS_PIPE_DISCONNECTED
fn disconnect__pending_write_of_the_client__233<D: Door>(d: &D) {
    let pair = bytes(d, 4);
    let mut write = writing(d, &pair.client, b"too much");
    visible(d, &pair.server, 8);
    write.blocked();
    d.disconnect(&pair.server).expect("disconnect");
    fails(write.returned(), NOT_CONNECTED);
}

//= model: the server's own pending calls end the same way
fn disconnect__pending_calls_of_the_server__233<D: Door>(d: &D) {
    let pair = bytes(d, 4);
    let mut read = reading(d, &pair.server, 1);
    read.asleep();
    let mut write = writing(d, &pair.server, b"too much");
    visible(d, &pair.client, 8);
    write.blocked();
    d.disconnect(&pair.server).expect("disconnect");
    fails(read.returned(), NOT_CONNECTED);
    fails(write.returned(), NOT_CONNECTED);
}

//= learn: DisconnectNamedPipe
fn disconnect__client_close__ok<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.disconnect(&pair.server).expect("disconnect");
    d.close(&pair.client).expect("close");
}
