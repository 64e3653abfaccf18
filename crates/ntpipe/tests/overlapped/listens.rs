//! Pending waits for a client.

use ntpipe::overlapped::Cancelled;
use ntpipe::{ClientOptions, ErrorKind, PipeMode};

use crate::driver::*;

fn kind(server: &ntpipe::NamedPipeServer) -> ErrorKind {
    done(server.start_listen()).unwrap_err().kind()
}

#[test]
fn the_answers_of_connect_named_pipe() {
    let name = unique();
    let open = || ClientOptions::new().open(&name).unwrap();
    let server = create(&name, PipeMode::Byte, 10);
    let mut listen = listening(&server);
    waits(&mut listen);
    let client = open();
    drive(&server, &mut listen).unwrap();
    assert_eq!(kind(&server), ErrorKind::PipeConnected);
    drop(client);
    assert_eq!(kind(&server), ErrorKind::NoData);
    server.disconnect().unwrap();
    let busy = ClientOptions::new().open(&name).unwrap_err();
    assert_eq!(busy.kind(), ErrorKind::PipeBusy);
    // The next one, who comes before anybody looks.
    let mut listen = listening(&server);
    let old = open();
    drive(&server, &mut listen).unwrap();
    // And once more while its handle is open still.
    server.disconnect().unwrap();
    let mut listen = listening(&server);
    let next = open();
    drive(&server, &mut listen).unwrap();
    next.send(b"x").unwrap();
    assert_eq!(read_whole(&server, 1).unwrap(), b"x");
    assert_eq!(old.send(b"x").unwrap_err().kind(), ErrorKind::PipeNotConnected);
    // A client that came before the call.
    let early = create(&unique(), PipeMode::Byte, 10);
    let name = early.peek(&mut []).map(drop).unwrap_err();
    assert_eq!(name.kind(), ErrorKind::BadPipe);
}

#[test]
fn without_waiting() {
    let name = unique();
    let server = create(&name, PipeMode::Byte, 10);
    server.set_state(PipeMode::Byte, true).unwrap();
    assert_eq!(kind(&server), ErrorKind::PipeListening);
    let client = ClientOptions::new().open(&name).unwrap();
    assert_eq!(kind(&server), ErrorKind::PipeConnected);
    drop(client);
    assert_eq!(kind(&server), ErrorKind::NoData);
    server.disconnect().unwrap();
    assert_eq!(kind(&server), ErrorKind::PipeListening, "but it listens again");
    let _client = ClientOptions::new().open(&name).unwrap();
    assert_eq!(kind(&server), ErrorKind::PipeConnected);
}

#[test]
fn one_client_ends_all_waits_of_its_instance() {
    let name = unique();
    let server = create(&name, PipeMode::Byte, 10);
    let (mut first, mut second) = (listening(&server), listening(&server));
    let mut late = listening(&server);
    let blocked = server.try_clone().unwrap();
    let blocked = std::thread::spawn(move || blocked.connect());
    let client = ClientOptions::new().open(&name).unwrap();
    drive(&server, &mut second).unwrap();
    over(&mut first).unwrap();
    blocked.join().unwrap().unwrap();
    // It has come, whatever happens before somebody looks.
    drop(client);
    server.disconnect().unwrap();
    over(&mut late).unwrap();
    // And though nobody has let it in.
    let mut next = listening(&server);
    let _client = ClientOptions::new().open(&name).unwrap();
    server.disconnect().unwrap();
    over(&mut next).unwrap();
}

#[test]
fn a_wait_ends_with_the_disconnect_and_with_the_end() {
    let name = unique();
    let server = create(&name, PipeMode::Byte, 10);
    let mut listen = listening(&server);
    server.disconnect().unwrap();
    let mut next = listening(&server);
    assert_eq!(fails(&mut listen), ErrorKind::PipeNotConnected, "although it listens again");
    let readiness = server.readiness().unwrap();
    assert!(!next.arm());
    drop(server);
    becomes_readable(&readiness);
    assert_eq!(fails(&mut next), ErrorKind::BrokenPipe);
    let gone = ClientOptions::new().open(&name).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound, "the operation keeps no end open");
}

#[test]
fn a_cancelled_wait_leaves_the_instance_listening() {
    let name = unique();
    let server = create(&name, PipeMode::Byte, 10);
    let (mut listen, mut other) = (listening(&server), listening(&server));
    is_aborted(&mut listen);
    let _client = ClientOptions::new().open(&name).unwrap();
    // A client that has come has ended the wait, whether or not somebody looked.
    while let Cancelled::Aborted = other.cancel() {
        // Its greeting may still be on the way.
        other = listening(&server);
    }
    assert_eq!(kind(&server), ErrorKind::PipeConnected);
}
