//! `GetNamedPipeHandleState`, `SetNamedPipeHandleState`, `GetNamedPipeInfo`, process ids.

use std::process;

use crate::code::{ACCESS_DENIED, ELEMENT_NOT_FOUND, INVALID_PARAMETER, NOT_CONNECTED};
use crate::door::{Access, Create, Door, Info, Open, State};
use crate::support::{accepted, bytes, fails, messages, pair, reads, unique, writes};

cases![
    state__modes__as_created,
    state__instances__all_of_the_name,
    state__messages_on_a_byte_pipe__87,
    state__message_pipe__each_end_switches_alone,
    state__set_without_write_attributes__5,
    state__get_without_read_attributes__5,
    info__client__same_numbers_but_not_the_server_end,
    info__one_way__ok_where_readable,
    ids__connected__both_right_from_both_ends,
    ids__peer_closed__still_right,
    ids__disconnected_server__1168,
    ids__disconnected_client__233,
    state__closed_handle__6,
];

//= observed: PIPE_NOWAIT and PIPE_READMODE_MESSAGE only
fn state__modes__as_created<D: Door>(d: &D) {
    for (type_message, read_message, nowait) in
        [(false, false, false), (true, false, false), (true, true, false), (true, true, true)]
    {
        let name = unique("state");
        let options = Create { type_message, read_message, nowait, ..Create::bytes(&name) };
        let server = d.create(&options).expect("create");
        assert_eq!(d.get_state(&server), Ok(State { read_message, nowait, instances: 1 }));
        assert_eq!(d.info(&server).map(|info| info.type_message), Ok(type_message));
    }
}

//= learn: GetNamedPipeHandleState
fn state__instances__all_of_the_name<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    let instances = |handle| d.get_state(handle).expect("state").instances;
    assert_eq!(instances(&pair.server), 1);
    let second = d.create(&Create::bytes(&pair.name)).expect("create");
    assert_eq!((instances(&pair.server), instances(&pair.client), instances(&second)), (2, 2, 2));
    d.close(&second).expect("close");
    assert_eq!((instances(&pair.server), instances(&pair.client)), (1, 1));
}

//= observed: either end
fn state__messages_on_a_byte_pipe__87<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    fails(d.set_state(&pair.client, true, false), INVALID_PARAMETER);
    fails(d.set_state(&pair.server, true, false), INVALID_PARAMETER);
    assert!(!d.get_state(&pair.client).expect("state").read_message);
}

//= observed: each end has its own mode
fn state__message_pipe__each_end_switches_alone<D: Door>(d: &D) {
    let pair = pair(d, |name| Create::messages(name));
    let modes = || {
        let read = |handle| d.get_state(handle).expect("state").read_message;
        (read(&pair.server), read(&pair.client))
    };
    assert_eq!(modes(), (true, false));
    d.set_state(&pair.client, true, false).expect("set");
    assert_eq!(modes(), (true, true));
    d.set_state(&pair.server, false, false).expect("set");
    assert_eq!(modes(), (false, true));
    writes(d, &pair.client, b"abc");
    reads(d, &pair.server, 2, b"ab");
    d.set_state(&pair.server, true, false).expect("set");
    assert_eq!(modes(), (true, true));
}

//= learn: SetNamedPipeHandleState
//= observed: .NET's tests; Wine lets the client
fn state__set_without_write_attributes__5<D: Door>(d: &D) {
    let inbound = pair(d, |name| Create::messages(name).access(Access::Inbound));
    fails(d.set_state(&inbound.server, false, false), ACCESS_DENIED);
    d.set_state(&inbound.client, true, false).expect("a writer may");

    let name = unique("read-only");
    let server = d.create(&Create::messages(&name)).expect("create");
    let client = d.open(&name, Open::READ).expect("open");
    accepted(d.connect(&server));
    fails(d.set_state(&client, true, false), ACCESS_DENIED);
}

//= learn: GetNamedPipeHandleState
//= observed: the OUTBOUND server; a client always has that right
fn state__get_without_read_attributes__5<D: Door>(d: &D) {
    let outbound = pair(d, |name| Create::bytes(name).access(Access::Outbound));
    fails(d.get_state(&outbound.server), ACCESS_DENIED);
    fails(d.info(&outbound.server), ACCESS_DENIED);
    d.get_state(&outbound.client).expect("state");
    d.info(&outbound.client).expect("info");

    let inbound = pair(d, |name| Create::bytes(name).access(Access::Inbound));
    d.get_state(&inbound.client).expect("a writing client too");
    d.info(&inbound.client).expect("a writing client too");
}

//= observed: the sizes are not swapped for the client
fn info__client__same_numbers_but_not_the_server_end<D: Door>(d: &D) {
    let pair =
        pair(d, |name| Create { out_size: 100, in_size: 200, ..Create::messages(name).max(7) });
    let server = Info {
        server_end: true,
        type_message: true,
        out_size: 100,
        in_size: 200,
        max_instances: 7,
    };
    assert_eq!(d.info(&pair.server), Ok(server));
    assert_eq!(d.info(&pair.client), Ok(Info { server_end: false, ..server }));
}

//= observed: the INBOUND server may read its attributes
fn info__one_way__ok_where_readable<D: Door>(d: &D) {
    let inbound = pair(d, |name| Create::bytes(name).access(Access::Inbound));
    assert!(d.info(&inbound.server).expect("info").server_end);
    assert_eq!(d.get_state(&inbound.server).expect("state").instances, 1);
}

//= observed: this process is both
fn ids__connected__both_right_from_both_ends<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    for end in [&pair.server, &pair.client] {
        assert_eq!(d.client_pid(end), Ok(process::id()));
        assert_eq!(d.server_pid(end), Ok(process::id()));
    }
}

//= observed: also after the peer closed its handle
fn ids__peer_closed__still_right<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.close(&pair.client).expect("close");
    assert_eq!(d.client_pid(&pair.server), Ok(process::id()));
    let pair = messages(d, 100);
    d.close(&pair.server).expect("close");
    assert_eq!(d.server_pid(&pair.client), Ok(process::id()));
}

//= observed: Wine gives a stale id
fn ids__disconnected_server__1168<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.disconnect(&pair.server).expect("disconnect");
    fails(d.client_pid(&pair.server), ELEMENT_NOT_FOUND);
}

//= observed: any id; Wine gives garbage
fn ids__disconnected_client__233<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.disconnect(&pair.server).expect("disconnect");
    fails(d.client_pid(&pair.client), NOT_CONNECTED);
    fails(d.server_pid(&pair.client), NOT_CONNECTED);
}

//= observed: a bad handle
fn state__closed_handle__6<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.close(&pair.client).expect("close");
    fails(d.get_state(&pair.client), crate::code::INVALID_HANDLE);
    fails(d.set_state(&pair.client, false, false), crate::code::INVALID_HANDLE);
    fails(d.info(&pair.client), crate::code::INVALID_HANDLE);
}
