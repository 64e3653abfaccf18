//! How an instance gets its client, and another one after it.
#![allow(missing_docs)]

use std::os::fd::AsFd;
use std::sync::Arc;

use ntpipe_core::connection::{Connection, PeerLife};
use ntpipe_core::instance::{Instance, ListenProgress, Source};
use ntpipe_core::mode::WaitMode::{self, NoWait, Wait};
use ntpipe_core::namespace::Opened;
use ntpipe_core::ops::Step;
use ntpipe_core::state::State;
use ntpipe_core::{ErrorKind, Result, Rights, greeting};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

#[path = "support/scratch.rs"]
mod scratch;
use scratch::{Scratch, name, params};

fn instance(s: &Scratch) -> Instance {
    Instance::new(s.ns.create(&name(), &params()).unwrap())
}

fn opened(s: &Scratch) -> Opened {
    s.ns.open(&name(), true, true).unwrap()
}

fn client(s: &Scratch) -> Arc<Connection> {
    greeting::send(opened(s)).unwrap().unwrap()
}

/// The first and only step of a call.
fn listen(instance: &mut Instance, wait: WaitMode) -> Result<Step<(), Source>> {
    instance.listen(wait, &mut ListenProgress::default())
}

fn waits(answer: Result<Step<(), Source>>) -> Source {
    match answer.unwrap() {
        Step::Wait(source) => source,
        Step::Done(()) => panic!("done"),
    }
}

fn is_done(answer: Result<Step<(), Source>>) -> bool {
    matches!(answer, Ok(Step::Done(())))
}

fn kind<T: std::fmt::Debug>(answer: Result<T>) -> ErrorKind {
    answer.unwrap_err().kind()
}

fn readable(fd: impl AsFd) -> bool {
    let mut fds = [PollFd::new(&fd, PollFlags::IN)];
    poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() == 1
}

#[test]
fn a_call_waits_for_its_client_and_is_done_when_it_came() {
    let s = Scratch::new();
    let mut server = instance(&s);
    let mut progress = ListenProgress::default();
    let source = waits(server.listen(Wait, &mut progress));
    assert!(!readable(&source));
    assert_eq!(kind(server.settle()), ErrorKind::PipeListening);
    let client = client(&s);
    assert!(readable(&source));
    assert!(is_done(server.listen(Wait, &mut progress)));
    let connection = server.newcomer().unwrap();
    assert!(server.newcomer().is_none());
    assert_eq!(connection.peer_rights(), Rights { read: true, write: true });
    assert_eq!((connection.read_quota(), connection.write_quota()), (1, 2));
    assert_eq!((client.read_quota(), client.write_quota()), (2, 1));
    assert_eq!(connection.peer_life(), PeerLife::Here);
    server.settle().unwrap();
}

#[test]
fn a_client_that_is_here_already_is_let_in_although_the_call_fails() {
    let s = Scratch::new();
    let mut server = instance(&s);
    let client = client(&s);
    assert_eq!(kind(listen(&mut server, Wait)), ErrorKind::PipeConnected);
    assert!(server.newcomer().is_some());
    assert_eq!(kind(listen(&mut server, NoWait)), ErrorKind::PipeConnected);
    drop(client);
    assert_eq!(kind(listen(&mut server, Wait)), ErrorKind::NoData);
    assert_eq!(server.state(), State::Connected);
}

#[test]
fn a_client_that_came_and_went_before_anybody_looked_was_here() {
    let s = Scratch::new();
    let mut server = instance(&s);
    drop(client(&s));
    assert_eq!(kind(listen(&mut server, Wait)), ErrorKind::NoData);
    assert!(server.newcomer().is_some());
}

#[test]
fn after_a_disconnect_the_next_call_listens_anew() {
    let s = Scratch::new();
    let mut server = instance(&s);
    let first = client(&s);
    server.advance().unwrap();
    let connection = server.newcomer().unwrap();
    server.disconnect().unwrap();
    // The one who was told of it severs it.
    assert_eq!(first.peer_life(), PeerLife::Here);
    connection.leave(true);
    assert_eq!(first.peer_life(), PeerLife::Severed);
    assert_eq!(kind(server.disconnect()), ErrorKind::PipeNotConnected);
    assert_eq!(kind(server.settle()), ErrorKind::PipeNotConnected);
    assert!(server.source().is_none());
    assert_eq!(kind(s.ns.open(&name(), true, true)), ErrorKind::PipeBusy);
    assert_eq!(kind(listen(&mut server, NoWait)), ErrorKind::PipeListening);
    assert_eq!(server.state(), State::Listening);
    let _second = client(&s);
    assert_eq!(kind(listen(&mut server, NoWait)), ErrorKind::PipeConnected);
}

#[test]
fn a_disconnect_reaches_a_client_that_nobody_looked_at() {
    let s = Scratch::new();
    let mut server = instance(&s);
    let client = client(&s);
    server.disconnect().unwrap();
    assert_eq!(client.peer_life(), PeerLife::Severed);
    assert!(server.newcomer().is_none());
}

#[test]
fn a_disconnect_ends_the_call_that_waits_and_no_later_one() {
    let s = Scratch::new();
    let mut server = instance(&s);
    let mut progress = ListenProgress::default();
    waits(server.listen(Wait, &mut progress));
    server.disconnect().unwrap();
    assert_eq!(kind(server.listen(Wait, &mut progress)), ErrorKind::PipeNotConnected);
    waits(listen(&mut server, Wait));
}

#[test]
fn a_client_that_has_not_greeted_has_not_opened() {
    let s = Scratch::new();
    let mut server = instance(&s);
    let slow = opened(&s);
    let mut progress = ListenProgress::default();
    let source = waits(server.listen(Wait, &mut progress));
    assert!(matches!(source, Source::Arriving(_)) && !readable(&source));
    assert_eq!(kind(listen(&mut server, NoWait)), ErrorKind::PipeListening);
    assert_eq!(kind(s.ns.open(&name(), true, true)), ErrorKind::PipeBusy);
    let _client = greeting::send(slow).unwrap().unwrap();
    assert!(readable(&source));
    assert!(is_done(server.listen(Wait, &mut progress)));
}

#[test]
fn who_leaves_half_way_or_sends_something_else_never_came() {
    let s = Scratch::new();
    let mut server = instance(&s);
    let mut progress = ListenProgress::default();
    let before = waits(server.listen(Wait, &mut progress));
    drop(opened(&s));
    let after = waits(server.listen(Wait, &mut progress));
    assert!(matches!(after, Source::Listening(_)) && !after.is(&before));

    let hostile = opened(&s);
    rustix::io::write(&hostile.socket, b"ntpipe\0\x01").unwrap();
    waits(server.listen(Wait, &mut progress));
    let mut hostile = opened(&s);
    hostile.in_quota = 9000;
    let _refused = greeting::send(hostile).unwrap().unwrap();
    waits(server.listen(Wait, &mut progress));
    assert!(server.newcomer().is_none());

    let _client = client(&s);
    assert!(is_done(server.listen(Wait, &mut progress)));
}

#[test]
fn a_server_that_left_before_the_greeting_was_not_there() {
    let s = Scratch::new();
    let server = instance(&s);
    let opened = opened(&s);
    drop(server);
    assert!(greeting::send(opened).unwrap().is_none());
}

#[test]
fn a_client_may_demand_a_user_for_its_server() {
    let s = Scratch::new();
    let _server = instance(&s);
    let opened = opened(&s);
    let own = rustix::process::geteuid().as_raw();
    greeting::check_server(&opened, own).unwrap();
    assert_eq!(kind(greeting::check_server(&opened, own + 1)), ErrorKind::AccessDenied);
}

#[test]
fn an_instance_that_cannot_listen_is_disconnected_and_may_try_again() {
    let s = Scratch::new();
    let mut server = instance(&s);
    drop(opened(&s));
    let lock = s.path.join(name().directory()).join("lock");
    let kept = s.path.join("kept");
    std::fs::rename(&lock, &kept).unwrap();
    std::fs::create_dir(&lock).unwrap();
    server.advance().unwrap_err();
    assert_eq!(server.state(), State::Disconnected);
    server.relisten().unwrap_err();
    std::fs::remove_dir(&lock).unwrap();
    std::fs::rename(&kept, &lock).unwrap();
    server.relisten().unwrap();
    let _client = client(&s);
    server.settle().unwrap();
    assert!(server.newcomer().is_some());
}
