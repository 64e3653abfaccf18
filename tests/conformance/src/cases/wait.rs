//! `WaitNamedPipe`.

use std::time::{Duration, Instant};

use crate::code::{BAD_PATHNAME, NOT_FOUND, PIPE_BUSY, PIPE_LISTENING, SEM_TIMEOUT};
use crate::door::{Create, DEFAULT_WAIT, Door, FOREVER, NO_WAIT, Open};
use crate::support::{accepted, bytes, fails, pair, unique, waiting};

cases![
    wait__no_such_pipe__2_whatever_the_timeout,
    wait__instance_listens__ok_at_once,
    wait__all_busy__121_at_the_timeout,
    wait__default__the_time_of_the_pipe,
    wait__default_of_0__50_ms,
    wait__new_instance__wakes,
    wait__disconnect_alone__still_busy,
    wait__disconnect_and_connect__wakes,
    wait__last_server_closed_client_open__waits_on,
    wait__pipe_fully_gone__2,
    wait__client_closed_after_the_last_server__2,
    wait__name_outside_the_pipes__161,
    wait__ok__reserves_nothing,
];

//= learn: WaitNamedPipe
fn wait__no_such_pipe__2_whatever_the_timeout<D: Door>(d: &D) {
    let name = unique("none");
    for ms in [DEFAULT_WAIT, NO_WAIT, 1000, FOREVER] {
        fails(d.wait(&name, ms), NOT_FOUND);
    }
}

//= observed: ConnectNamedPipe is not needed
fn wait__instance_listens__ok_at_once<D: Door>(d: &D) {
    let name = unique("wait");
    let _server = d.create(&Create::bytes(&name)).expect("create");
    for ms in [DEFAULT_WAIT, NO_WAIT, 1000, FOREVER] {
        d.wait(&name, ms).expect("wait");
    }
}

//= learn: WaitNamedPipe
fn wait__all_busy__121_at_the_timeout<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    fails(d.wait(&pair.name, NO_WAIT), SEM_TIMEOUT);
    let start = Instant::now();
    fails(d.wait(&pair.name, 30), SEM_TIMEOUT);
    assert!(start.elapsed() >= Duration::from_millis(29), "{:?}", start.elapsed());
}

//= learn: WaitNamedPipe
fn wait__default__the_time_of_the_pipe<D: Door>(d: &D) {
    let pair = pair(d, |name| Create { default_ms: 80, ..Create::bytes(name) });
    let start = Instant::now();
    fails(d.wait(&pair.name, DEFAULT_WAIT), SEM_TIMEOUT);
    assert!(start.elapsed() >= Duration::from_millis(79), "{:?}", start.elapsed());
}

//= learn: CreateNamedPipe
fn wait__default_of_0__50_ms<D: Door>(d: &D) {
    let pair = pair(d, |name| Create { default_ms: 0, ..Create::bytes(name) });
    let start = Instant::now();
    fails(d.wait(&pair.name, DEFAULT_WAIT), SEM_TIMEOUT);
    assert!(start.elapsed() >= Duration::from_millis(49), "{:?}", start.elapsed());
}

//= observed: a new instance ends the wait
fn wait__new_instance__wakes<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    let mut wait = waiting(d, &pair.name, FOREVER);
    wait.asleep();
    let _server = d.create(&Create::bytes(&pair.name)).expect("create");
    assert_eq!(wait.returned(), Ok(()));
}

//= observed: a disconnected instance does not listen
fn wait__disconnect_alone__still_busy<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    d.disconnect(&pair.server).expect("disconnect");
    fails(d.wait(&pair.name, 20), SEM_TIMEOUT);
}

//= observed: ConnectNamedPipe ends the wait, DisconnectNamedPipe does not
fn wait__disconnect_and_connect__wakes<D: Door>(d: &D) {
    let pair = pair(d, |name| Create::bytes(name).nowait());
    let mut wait = waiting(d, &pair.name, FOREVER);
    wait.asleep();
    d.disconnect(&pair.server).expect("disconnect");
    wait.asleep();
    fails(d.connect(&pair.server), PIPE_LISTENING);
    assert_eq!(wait.returned(), Ok(()));
}

//= observed: on Wine
fn wait__last_server_closed_client_open__waits_on<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    let mut wait = waiting(d, &pair.name, 500);
    wait.asleep();
    d.close(&pair.server).expect("close");
    fails(wait.returned(), SEM_TIMEOUT);
}

//= model: the wait ends with the pipe
fn wait__pipe_fully_gone__2<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    let mut wait = waiting(d, &pair.name, FOREVER);
    wait.asleep();
    d.close(&pair.client).expect("close");
    wait.asleep();
    d.close(&pair.server).expect("close");
    fails(wait.returned(), NOT_FOUND);
}

//= model: the wait ends with the pipe, which the client has kept
fn wait__client_closed_after_the_last_server__2<D: Door>(d: &D) {
    let pair = bytes(d, 100);
    let mut wait = waiting(d, &pair.name, FOREVER);
    wait.asleep();
    d.close(&pair.server).expect("close");
    wait.asleep();
    d.close(&pair.client).expect("close");
    fails(wait.returned(), NOT_FOUND);
}

//= model: a name without `\\x\pipe\`; Wine says 3
fn wait__name_outside_the_pipes__161<D: Door>(d: &D) {
    fails(d.wait(r"\\.\pip\name", NO_WAIT), BAD_PATHNAME);
}

//= learn: WaitNamedPipe
fn wait__ok__reserves_nothing<D: Door>(d: &D) {
    let name = unique("wait");
    let server = d.create(&Create::bytes(&name)).expect("create");
    d.wait(&name, NO_WAIT).expect("wait");
    let _client = d.open(&name, Open::BOTH).expect("open");
    accepted(d.connect(&server));
    fails(d.open(&name, Open::BOTH), PIPE_BUSY);
}
