//! Completions that another process causes: this test, run once more as the clients.

use std::process::{Child, Command};

use super::*;

const NAME: &str = "NTPIPE_TEST_PIPE";
const CLIENTS: usize = 300;
const MESSAGES_EACH: u32 = 20;

/// The name of the pipe, if this is the process of the clients.
fn role() -> Option<CString> {
    std::env::var(NAME).ok().map(|name| CString::new(name).expect("a name"))
}

fn start(test: &str, name: &CString) -> Child {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["--exact", &format!("ioapiset::tests::two_processes::{test}")]);
    command.env(NAME, name.to_str().expect("text")).spawn().expect("started")
}

/// A server of which a read is pending, and its client's next number.
struct Served {
    server: HANDLE,
    call: Box<Call>,
    expected: u32,
}

#[test]
fn one_port_serves_many_clients_each_in_its_order() {
    if let Some(name) = role() {
        let clients: Vec<_> = (0..CLIENTS).map(|_| client(&name, 0)).collect();
        for number in 0..MESSAGES_EACH {
            clients.iter().for_each(|client| send(*client, &number.to_le_bytes()));
        }
        // Each waits for its answer, so that nothing is lost with this process.
        clients.iter().for_each(|client| assert_eq!(recv(*client), (0, b"done".to_vec())));
        return;
    }
    let name = name();
    let port = CreateIoCompletionPort(ANY, null_mut(), 0, 0);
    let mut all: Vec<_> = (0..CLIENTS)
        .map(|number| {
            // SAFETY: a string and null.
            let server = unsafe {
                CreateNamedPipeA(
                    name.as_ptr(),
                    3 | OVERLAPPED_PIPE,
                    MESSAGES,
                    255,
                    512,
                    512,
                    0,
                    null(),
                )
            };
            assert_ne!(server, INVALID_HANDLE_VALUE, "{number}: {}", last_error());
            assert_eq!(CreateIoCompletionPort(server, port, number, 0), port);
            let mut call = Call::without_event();
            assert_eq!(call.connect(server), 997);
            Served { server, call, expected: 0 }
        })
        .collect();
    let mut child = start("one_port_serves_many_clients_each_in_its_order", &name);
    let mut open = CLIENTS;
    let mut connected = vec![false; CLIENTS];
    while open > 0 {
        let (code, bytes, key, overlapped) = next(port, PATIENCE);
        let served = &mut all[key];
        assert_eq!((code, overlapped), (0, served.call.block()));
        if std::mem::replace(&mut connected[key], true) {
            assert_eq!(bytes, 4);
            assert_eq!(served.call.data[..4], served.expected.to_le_bytes());
            served.expected += 1;
        }
        if served.expected == MESSAGES_EACH {
            open -= 1;
            send(served.server, b"done");
            continue;
        }
        let code = served.call.read(served.server, 100);
        assert!(code == 0 || code == 997, "{code}");
    }
    assert!(child.wait().expect("ended").success());
    close(all.iter().map(|served| served.server));
    close([port]);
}

#[test]
fn a_killed_peer_ends_what_pends() {
    if let Some(name) = role() {
        send(client(&name, 0), b"here");
        loop {
            std::thread::park();
        }
    }
    let name = name();
    let server = server(&name, BYTES, 100);
    let port = port_of(server);
    let mut call = Call::without_event();
    assert_eq!(call.connect(server), 997);
    let mut child = start("a_killed_peer_ends_what_pends", &name);
    assert_eq!(next(port, PATIENCE).0, 0);
    let code = call.read(server, 100);
    assert!(code == 0 || code == 997);
    assert_eq!(next(port, PATIENCE), (0, 4, 7, call.block()));
    assert_eq!(call.read(server, 100), 997);
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert_eq!(next(port, PATIENCE), (109, 0, 7, call.block()));
    close([server, port]);
}
