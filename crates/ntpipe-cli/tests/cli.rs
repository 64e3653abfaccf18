//! The command as its users meet it: real processes, each test in a root directory of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A root directory that goes with the test.
struct Root(PathBuf);

impl Root {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ntpipe-cli-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).expect("a fresh directory");
        Self(path)
    }

    fn ntpipe(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ntpipe"));
        command.args(args).env("NTPIPE_ROOT", &self.0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn output(&self, args: &[&str]) -> Output {
        self.ntpipe(args).output().expect("ntpipe starts")
    }

    /// A server, once its pipe is there.
    fn listen(&self, name: &str, args: &[&str]) -> Server {
        let mut child = self.ntpipe(&["listen", name]);
        let child = Server(child.args(args).spawn().expect("ntpipe starts"));
        self.until(|| self.output(&["info", name]).status.success());
        child
    }

    /// Asks again and again until it is so.
    fn until(&self, done: impl Fn() -> bool) {
        let began = Instant::now();
        while !done() {
            assert!(began.elapsed() < Duration::from_secs(20), "it never came to be");
            std::thread::yield_now();
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        // Beside the pipes, of a kind that is no pipe.
        self.0.with_extension(name)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("the root can be removed");
    }
}

/// A process that does not outlive its test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if the process has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// Bytes that do not repeat soon.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(&mut next).flatten().take(len).collect()
}

#[test]
fn run_passes_output_and_exit_code() {
    let output = Root::new().output(&["run", "--", "sh", "-c", "echo out; echo err >&2; exit 7"]);
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "out\nerr\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn run_keeps_every_byte() {
    let root = Root::new();
    let file = root.path("run.bin");
    let sent = noise(1 << 20);
    std::fs::write(&file, &sent).expect("written");
    let output = root.output(&["run", "cat", file.to_str().expect("UTF-8")]);
    std::fs::remove_file(&file).expect("removed");
    assert!(output.stdout == sent, "{} bytes came", output.stdout.len());
}

#[test]
fn run_tells_of_signals_and_missing_programs() {
    let root = Root::new();
    let code = |args: &[&str]| root.output(args).status.code();
    assert_eq!(code(&["run", "--", "sh", "-c", "kill -TERM $$"]), Some(128 + 15));
    assert_eq!(code(&["run", "--", "/no/such/program"]), Some(127));
    assert_eq!(code(&["run"]), Some(2));
}

#[test]
fn demo_prints_the_dialogue() {
    let text = stdout(&Root::new().output(&["demo"]));
    let lines = [
        "Waiting for client connection...",
        "Sending data to client...",
        "Received data from server: \"Hello, Client!\"",
        "Sending response to server...",
        "Received data from client: \"Hello, Server!\"",
        "Read from pipe: Hello, I am process ",
        "64 B round trip",
    ];
    let mut rest = text.as_str();
    for line in lines {
        let at = rest.find(line).unwrap_or_else(|| panic!("{line:?} is missing in\n{text}"));
        rest = &rest[at + line.len()..];
    }
}

#[test]
fn listen_and_connect_move_bytes_unchanged() {
    let root = Root::new();
    let (input, output) = (root.path("in"), root.path("out"));
    let sent = noise(10 << 20);
    std::fs::write(&input, &sent).expect("written");
    let received = std::fs::File::create(&output).expect("created");
    let mut server = root.ntpipe(&["listen", "x"]);
    let mut server = Server(server.stdout(received).spawn().expect("ntpipe starts"));
    root.until(|| root.output(&["info", "x"]).status.success());
    let source = std::fs::File::open(&input).expect("opened");
    let client = root.ntpipe(&["connect", "x"]).stdin(source).output().expect("ntpipe starts");
    assert!(client.status.success(), "{client:?}");
    assert!(server.0.wait().expect("waited").success());
    let got = std::fs::read(&output).expect("read");
    for file in [input, output] {
        std::fs::remove_file(file).expect("removed");
    }
    assert!(got == sent, "{} bytes came", got.len());
}

#[test]
fn connect_reads_what_the_server_says() {
    let root = Root::new();
    let _server = root.listen("say", &["-e", "printf 'hello there'"]);
    assert_eq!(stdout(&root.output(&["connect", "//./pipe/say"])), "hello there");
}

#[test]
fn listen_gives_each_client_a_program() {
    let root = Root::new();
    let _server = root.listen("each", &["-k", "-e", "head -n 1 | tr a-z A-Z"]);
    for word in ["one", "two", "three"] {
        let mut client = root.ntpipe(&["connect", "each", "-w", "10"]);
        let mut client = client.stdin(Stdio::piped()).spawn().expect("ntpipe starts");
        let mut stdin = client.stdin.take().expect("piped");
        writeln!(stdin, "{word}").expect("written");
        let mut answer = String::new();
        let stdout = client.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut answer).expect("read");
        assert_eq!(answer.trim(), word.to_uppercase());
        drop(stdin);
        assert!(client.wait().expect("waited").success());
    }
}

#[test]
fn call_gets_the_reply() {
    let root = Root::new();
    let _server = root.listen("call", &["-m", "-k", "-e", "cat"]);
    assert_eq!(stdout(&root.output(&["call", "call", "ping", "-w", "10"])), "ping");
    assert_eq!(stdout(&root.output(&["call", r"\\.\pipe\CALL", "again", "-w", "10"])), "again");
}

#[test]
fn ls_and_info_tell_of_a_pipe() {
    let root = Root::new();
    assert_eq!(stdout(&root.output(&["ls", "--json"])), "");
    let server = root.listen("Seen", &["-m", "--max-instances", "3"]);
    let text = stdout(&root.output(&["ls", "--json"]));
    let row: serde_json::Value = serde_json::from_str(&text).expect("one JSON object");
    assert!(row["name"].as_str().expect("a name").ends_with("Seen"), "{row}");
    assert_eq!(row["instances"], 1);
    assert_eq!(row["listening"], 1);
    assert_eq!(row["max_instances"], 3);
    assert_eq!(row["type"], "message");
    assert_eq!(row["pids"], serde_json::json!([server.0.id()]));
    let table = stdout(&root.output(&["ls"]));
    assert!(table.starts_with("NAME") && table.contains("Seen"), "{table}");
    assert_eq!(stdout(&root.output(&["info", "seen", "--json"])), text);
}

#[test]
fn wait_times_out() {
    let root = Root::new();
    let absent = root.output(&["wait", "busy", "-w", "0.2"]);
    assert_eq!(absent.status.code(), Some(1));
    let _server = root.listen("busy", &["--max-instances", "1", "-e", "cat"]);
    assert!(root.output(&["wait", "busy", "-w", "0.2"]).status.success());
    let mut client = root.ntpipe(&["connect", "busy"]);
    let mut client = Server(client.stdin(Stdio::piped()).spawn().expect("ntpipe starts"));
    // The echo proves that the client has the one instance.
    writeln!(client.0.stdin.as_mut().expect("piped"), "here").expect("written");
    let mut line = String::new();
    let stdout = client.0.stdout.take().expect("piped");
    BufReader::new(stdout).read_line(&mut line).expect("read");
    assert_eq!(line, "here\n");
    let output = root.output(&["wait", "busy", "-w", "0.2"]);
    assert_eq!(output.status.code(), Some(1));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("ERROR_SEM_TIMEOUT"), "{complaint}");
}

#[test]
fn missing_pipes_and_wrong_usage_have_their_codes() {
    let root = Root::new();
    let output = root.output(&["connect", "nobody"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("ERROR_FILE_NOT_FOUND"));
    assert_eq!(root.output(&["fly"]).status.code(), Some(2));
}

#[test]
fn doctor_finds_nothing_wrong() {
    let root = Root::new();
    let text = stdout(&root.output(&["doctor", "--json"]));
    let found: serde_json::Value = serde_json::from_str(&text).expect("one JSON object");
    assert_eq!(Path::new(found["root"].as_str().expect("a path")), root.0);
    assert_eq!(found["problems"], serde_json::json!([]));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let root = Root::new();
    let mut child = root.ntpipe(&["completions", "bash"]).spawn().expect("ntpipe starts");
    drop(child.stdout.take());
    assert!(child.wait().expect("waited").success());
}

#[test]
fn the_help_is_as_written_down() {
    let root = Root::new();
    let mut help = stdout(&root.output(&["--help"]));
    for command in [
        "demo",
        "ls",
        "info",
        "listen",
        "connect",
        "call",
        "wait",
        "peek",
        "run",
        "cc",
        "c++",
        "bench",
        "doctor",
        "completions",
        "man",
    ] {
        help.push_str(&format!("\n=== {command} ===\n"));
        help.push_str(&stdout(&root.output(&[command, "--help"])));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/help.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&file, &help).expect("written");
    }
    let expected = std::fs::read_to_string(&file).expect("tests/help.txt");
    assert!(help == expected, "help changed; UPDATE_SNAPSHOTS=1 writes it down:\n{help}");
}

#[test]
fn man_pages_and_completions_name_the_commands() {
    let root = Root::new();
    assert!(stdout(&root.output(&["man"])).contains("doctor"));
    assert!(stdout(&root.output(&["man", "connect"])).contains("exit"));
    assert!(stdout(&root.output(&["completions", "zsh"])).contains("listen"));
    assert_eq!(root.output(&["man", "nothing"]).status.code(), Some(1));
}
