//! What the processes that hold one end agree on.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ntpipe::{ClientOptions, ErrorKind, NamedPipeClient, NamedPipeServer, PipeMode, ServerOptions};

const ROLE: &str = "NTPIPE_TEST_ROLE";
const END: &str = "NTPIPE_TEST_END";
/// Longer than anything takes that does not hang.
const LONG: Duration = Duration::from_secs(60);

fn pipe(name: &str) -> (NamedPipeServer, NamedPipeClient) {
    let name = format!("test-holders-{name}-{}", std::process::id());
    let mut options = ServerOptions::new();
    options.pipe_mode(PipeMode::Message).in_buffer_size(4096).out_buffer_size(4096);
    let server = options.create(&name).unwrap();
    let client = ClientOptions::new().pipe_mode(PipeMode::Message).open(&name).unwrap();
    server.connect().unwrap();
    (server, client)
}

/// This test once more in another process, where [`role`] finds the word.
fn again(test: &str, word: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(ROLE, word);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

fn until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LONG, "nothing happens");
        std::thread::yield_now();
    }
}

/// In a child: waits for the parent's word.
fn wait_for_word() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

fn give_word(child: &mut Child) {
    child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
}

/// Waits for a line that the child prints, which begins with `start`.
fn line(child: &mut Child, start: &str) -> String {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    lines.map(Result::unwrap).find(|line| line.starts_with(start)).expect("the child says it")
}

#[test]
fn all_readers_of_an_end_agree_on_what_a_killed_writer_left() {
    const TEST: &str = "all_readers_of_an_end_agree_on_what_a_killed_writer_left";
    match role().as_deref() {
        Some("write") => {
            let client = NamedPipeClient::from_env(END).unwrap();
            client.send(&[1; 4000]).unwrap();
            client.send(&[2; 4000]).unwrap();
            unreachable!("nobody reads that much");
        }
        Some(_) => {
            let server = NamedPipeServer::from_env(END).unwrap();
            println!("\nready");
            wait_for_word();
            let result = server.recv(&mut [0; 5000]).map(|got| got.len);
            println!("\nread {:?}", result.map_err(|error| error.kind()));
            return;
        }
        None => {}
    }
    let (server, client) = pipe("cutoff");
    let mut command = again(TEST, "read");
    server.inherit().unwrap().pass_to(&mut command, END).unwrap();
    let mut reader = command.spawn().unwrap();
    line(&mut reader, "ready");
    let mut command = again(TEST, "write");
    client.inherit().unwrap().pass_to(&mut command, END).unwrap();
    let mut writer = command.spawn().unwrap();
    drop((command, client));
    until(|| server.peek(&mut []).unwrap().available == 8000);
    // Looking alone makes nobody watch for the peer's death.
    server.send(b"never read").unwrap();
    writer.kill().unwrap();
    writer.wait().unwrap();
    // The first write had completed, the second one had not, and it does not because the first is read.
    until(|| server.peek(&mut []).unwrap().available == 4000);
    assert_eq!(server.recv(&mut [0; 5000]).unwrap().len, 4000);
    give_word(&mut reader);
    assert_eq!(line(&mut reader, "read "), "read Err(BrokenPipe)");
    assert_eq!(server.recv(&mut [0; 5000]).unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert!(reader.wait().unwrap().success());
}
