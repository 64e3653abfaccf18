//! `CreateFile` on a pipe.

use crate::code::{ACCESS_DENIED, NOT_FOUND, PIPE_BUSY, PIPE_CONNECTED, PIPE_LISTENING};
use crate::door::{Access, Create, Door, Open};
use crate::support::{accepted, available, bytes, fails, reads, unique, writes};

cases![
    open__no_such_pipe__2,
    open__connect_never_called__connected,
    open__every_instance_connected__231,
    open__client_closed_server_not_disconnected__231,
    open__server_disconnected__231,
    open__only_clients_left__2,
    open__against_the_direction__5,
    open__along_the_direction__ok,
    open__no_access__uses_the_instance_up,
    open__several_listen__oldest_first,
    open__relistening__goes_to_the_back,
    open__pending_connect__no_priority,
    open__message_pipe__reads_bytes_and_waits,
];

//= observed: no such pipe
fn open__no_such_pipe__2<D: Door>(d: &D) {
    fails(d.open(&unique("none"), Open::BOTH), NOT_FOUND);
}

//= observed: an instance listens from its creation
fn open__connect_never_called__connected<D: Door>(d: &D) {
    let name = unique("open");
    let server = d.create(&Create::bytes(&name)).expect("create");
    let client = d.open(&name, Open::BOTH).expect("open");
    writes(d, &client, b"early");
    reads(d, &server, 10, b"early");
    writes(d, &server, b"answer");
    reads(d, &client, 10, b"answer");
    fails(d.connect(&server), PIPE_CONNECTED);
}

//= observed: every instance has its client
fn open__every_instance_connected__231<D: Door>(d: &D) {
    let name = unique("busy");
    let _one = d.create(&Create::bytes(&name)).expect("create");
    let _two = d.create(&Create::bytes(&name)).expect("create");
    let _first = d.open(&name, Open::BOTH).expect("open");
    let _second = d.open(&name, Open::BOTH).expect("open");
    fails(d.open(&name, Open::BOTH), PIPE_BUSY);
}

//= observed: a client that closed leaves the instance closing, not listening
fn open__client_closed_server_not_disconnected__231<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.close(&pair.client).expect("close");
    fails(d.open(&pair.name, Open::BOTH), PIPE_BUSY);
}

//= observed: a disconnected instance does not listen
fn open__server_disconnected__231<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.disconnect(&pair.server).expect("disconnect");
    fails(d.open(&pair.name, Open::BOTH), PIPE_BUSY);
}

//= observed: the name goes with the last server handle
fn open__only_clients_left__2<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.close(&pair.server).expect("close");
    fails(d.open(&pair.name, Open::BOTH), NOT_FOUND);
}

//= observed: INBOUND for reading, OUTBOUND for writing, either for both
fn open__against_the_direction__5<D: Door>(d: &D) {
    for (access, against) in [(Access::Inbound, Open::READ), (Access::Outbound, Open::WRITE)] {
        let name = unique("against");
        let _server = d.create(&Create::bytes(&name).access(access)).expect("create");
        fails(d.open(&name, against), ACCESS_DENIED);
        fails(d.open(&name, Open::BOTH), ACCESS_DENIED);
    }
}

//= observed: the refused opens before did not use the instance up
fn open__along_the_direction__ok<D: Door>(d: &D) {
    let name = unique("inbound");
    let server = d.create(&Create::bytes(&name).access(Access::Inbound)).expect("create");
    fails(d.open(&name, Open::BOTH), ACCESS_DENIED);
    let client = d.open(&name, Open::WRITE).expect("open");
    accepted(d.connect(&server));
    writes(d, &client, b"in");
    reads(d, &server, 10, b"in");

    let name = unique("outbound");
    let server = d.create(&Create::bytes(&name).access(Access::Outbound)).expect("create");
    let client = d.open(&name, Open::READ).expect("open");
    accepted(d.connect(&server));
    writes(d, &server, b"out");
    reads(d, &client, 10, b"out");
}

//= observed: desired access 0 connects; the handle can neither read nor write
fn open__no_access__uses_the_instance_up<D: Door>(d: &D) {
    let name = unique("none");
    let server = d.create(&Create::bytes(&name)).expect("create");
    let client = d.open(&name, Open::NONE).expect("open");
    fails(d.open(&name, Open::BOTH), PIPE_BUSY);
    fails(d.connect(&server), PIPE_CONNECTED);
    fails(d.read(&client, 1), ACCESS_DENIED);
    fails(d.write(&client, b"x"), ACCESS_DENIED);
}

/// Opens the pipe and tells which of the servers got the client.
fn taken<D: Door>(d: &D, name: &str, servers: &[D::Handle]) -> (D::Handle, usize) {
    let client = d.open(name, Open::BOTH).expect("open");
    writes(d, &client, b"!");
    let took = |server: &D::Handle| d.peek(server, 0).is_ok_and(|peeked| peeked.available == 1);
    let at = servers.iter().position(took).expect("one of the servers has the client");
    assert_eq!(available(d, &servers[at]), 1);
    reads(d, &servers[at], 1, b"!");
    (client, at)
}

fn three<D: Door>(d: &D, name: &str) -> Vec<D::Handle> {
    (0..3).map(|_| d.create(&Create::bytes(name).nowait()).expect("create")).collect()
}

//= observed: the oldest listening instance gets the client
fn open__several_listen__oldest_first<D: Door>(d: &D) {
    let name = unique("order");
    let servers = three(d, &name);
    let opened: Vec<_> = (0..3).map(|_| taken(d, &name, &servers)).collect();
    assert_eq!(opened.iter().map(|(_, at)| *at).collect::<Vec<_>>(), [0, 1, 2]);
}

//= observed: after a disconnect and a connect an instance stands at the back
fn open__relistening__goes_to_the_back<D: Door>(d: &D) {
    let name = unique("order");
    let servers = three(d, &name);
    let (old, at) = taken(d, &name, &servers);
    assert_eq!(at, 0);
    d.disconnect(&servers[0]).expect("disconnect");
    fails(d.connect(&servers[0]), PIPE_LISTENING);
    let opened: Vec<_> = (0..3).map(|_| taken(d, &name, &servers)).collect();
    assert_eq!(opened.iter().map(|(_, at)| *at).collect::<Vec<_>>(), [1, 2, 0]);
    d.close(&old).expect("close");
}

//= observed: a pending ConnectNamedPipe does not come first
fn open__pending_connect__no_priority<D: Door>(d: &D) {
    let name = unique("order");
    let servers = [
        d.create(&Create::bytes(&name)).expect("create"),
        d.create(&Create::bytes(&name)).expect("create"),
    ];
    let mut connect = crate::support::connecting(d, &servers[1]);
    connect.asleep();
    let (_first, at) = taken(d, &name, &servers[..1]);
    assert_eq!(at, 0);
    connect.blocked();
    let _second = d.open(&name, Open::BOTH).expect("open");
    assert_eq!(connect.returned(), Ok(()));
}

//= learn: CreateFile
fn open__message_pipe__reads_bytes_and_waits<D: Door>(d: &D) {
    let name = unique("mode");
    let _server = d.create(&Create::messages(&name).nowait()).expect("create");
    let client = d.open(&name, Open::BOTH).expect("open");
    let state = d.get_state(&client).expect("state");
    assert!(!state.read_message && !state.nowait);
}
