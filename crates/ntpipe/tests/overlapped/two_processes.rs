//! The same over the border of a process: an echo of both kinds, and a death.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ntpipe::{ClientOptions, ErrorKind, NamedPipeClient, PipeMode};

use crate::driver::*;

const ROLE: &str = "NTPIPE_TEST_ROLE";
const NAME: &str = "NTPIPE_TEST_NAME";
const END: &str = "NTPIPE_TEST_END";
const MODULE: &str = "two_processes::as_child";

/// Not a test: the part of a child, which the environment names.
#[test]
fn as_child() {
    if std::env::var_os(END).is_some() {
        return echo_until_stopped(&NamedPipeClient::from_env(END).unwrap());
    }
    let (Ok(role), Ok(name)) = (std::env::var(ROLE), std::env::var(NAME)) else { return };
    let client: NamedPipeClient = ClientOptions::new()
        .pipe_mode(PipeMode::Message)
        .connect_timeout(Duration::from_secs(60))
        .open(name)
        .unwrap();
    match role.as_str() {
        "echo" => {
            while let Ok(message) = read_whole(&client, 100_000) {
                if write_whole(&client, &message).is_err() {
                    break;
                }
            }
        }
        "is stuck" => {
            client.send(b"whole").unwrap();
            let mut write = writing(&client, &[1; 100_000]);
            while write.arm() {
                assert!(write.step().is_pending());
            }
            loop {
                std::thread::park();
            }
        }
        other => panic!("{other} is no role"),
    }
}

fn spawn(role: &str, name: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([MODULE, "--exact", "--nocapture"])
        .env(ROLE, role)
        .env(NAME, name)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn an_echo_of_messages_of_every_size() {
    let name = unique();
    let server = create(&name, PipeMode::Message, 1000);
    let mut listen = listening(&server);
    let mut child = spawn("echo", &name);
    drive(&server, &mut listen).unwrap();
    for round in 0..300usize {
        let message: Vec<u8> = (0..=250).cycle().take(round * round % 90_001).collect();
        // Written and read at once: neither waits for the other.
        let mut read = reading(&server, 100_000);
        let mut write = match server.start_write(&message) {
            ntpipe::overlapped::Started::Pending(write) => Some(With(write, message.clone())),
            ntpipe::overlapped::Started::Done(result) => {
                assert_eq!(result.unwrap(), message.len());
                None
            }
        };
        if let Some(write) = &mut write {
            assert_eq!(drive(&server, write).unwrap(), message.len());
        }
        let got = drive(&server, &mut read).unwrap();
        assert!(!got.more && read.1[..got.len] == message[..], "round {round}");
    }
    server.disconnect().unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_pending_write_of_a_killed_process_is_gone_and_its_peer_is_told() {
    let name = unique();
    let server = create(&name, PipeMode::Message, 1000);
    let mut listen = listening(&server);
    let mut child = spawn("is stuck", &name);
    drive(&server, &mut listen).unwrap();
    assert_eq!(read_whole(&server, 100).unwrap(), b"whole");
    while server.peek(&mut []).unwrap().available == 0 {
        std::thread::yield_now();
    }
    let mut write = writing(&server, &[2; 1001]);
    let readiness = server.readiness().unwrap();
    readiness.clear();
    while write.arm() {
        assert!(write.step().is_pending());
    }
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9), "it was alive until then");
    becomes_readable(&readiness);
    assert_eq!(drive(&server, &mut write).unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert_eq!(read_whole(&server, 100).unwrap_err().kind(), ErrorKind::BrokenPipe);
}

const STOP: &[u8] = b"stop";

fn echo_until_stopped(client: &NamedPipeClient) {
    loop {
        let message = read_whole(client, 100).unwrap();
        if message == STOP {
            return;
        }
        assert_eq!(write_whole(client, &message).unwrap(), message.len());
    }
}

#[test]
fn two_processes_drive_the_same_end() {
    // Each message waits for its reader; whose descriptor tells of it is left to chance.
    let (server, client) = pair(PipeMode::Message, 4);
    // The descriptor is there and armed before the end is shared.
    let mut read = reading(&client, 100);
    assert!(!read.arm());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([MODULE, "--exact", "--nocapture"]).stdout(Stdio::null());
    client.inherit().unwrap().pass_to(&mut command, END).unwrap();
    let mut child = command.spawn().unwrap();
    drop((command, read));
    std::thread::scope(|scope| {
        scope.spawn(|| echo_until_stopped(&client));
        scope.spawn(|| {
            for number in 0..300u32 {
                server.send(&number.to_le_bytes()).unwrap();
            }
            for _ in 0..2 {
                server.send(STOP).unwrap();
            }
        });
        let mut got: Vec<_> = (0..300)
            .map(|_| u32::from_le_bytes(read_whole(&server, 100).unwrap().try_into().unwrap()))
            .collect();
        got.sort_unstable();
        assert!(got.into_iter().eq(0..300));
    });
    assert!(child.wait().unwrap().success());
}
