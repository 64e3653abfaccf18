//! `ntpipe demo`: the story of a server and a client, and of a parent and its child.

use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ntpipe::{ClientOptions, PipeMode, ServerOptions};

use crate::bench::{Plan, run as measure, table};
use crate::open::open_when_there;
use crate::out::{Outcome, out};

/// The pipe of the story.
const NAME: &str = r"\\.\pipe\MyPipe";
/// How long anyone waits for anyone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells the whole story.
pub(super) fn run() -> Outcome {
    let name = if ntpipe::info(NAME).is_ok() {
        format!("{NAME}-{}", std::process::id())
    } else {
        NAME.to_owned()
    };
    writeln!(out(), "Two processes talk over {name}, a pipe of messages:\n")?;
    let server = start("demo-server", &name)?;
    let client = start("demo-client", &name)?;
    finish(client, "client")?;
    finish(server, "server")?;

    writeln!(out(), "\nA parent reads what its child prints, through an anonymous pipe:\n")?;
    parent()?;

    writeln!(out(), "\nHow fast that is here, beside the kernel's own:\n")?;
    let report = measure(Plan::QUICK, super::bench::progress(io::stderr().is_terminal()))?;
    table::print(&report, &mut out())?;
    Ok(0)
}

fn start(role: &str, name: &str) -> io::Result<Child> {
    Command::new(std::env::current_exe()?).args([role, name]).stdin(Stdio::null()).spawn()
}

fn finish(mut child: Child, role: &str) -> Result<(), Box<dyn std::error::Error>> {
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(format!("the {role} failed: {status}").into()) }
}

/// One line of a speaker.
fn say(who: &str, what: &str) -> io::Result<()> {
    writeln!(out(), "  {who} {:>7} | {what}", std::process::id())
}

/// The server's part.
pub(super) fn server(name: &str) -> Outcome {
    let mut options = ServerOptions::new();
    options.pipe_mode(PipeMode::Message).first_pipe_instance(true);
    let pipe = options.create(name)?;
    say("server", "Waiting for client connection...")?;
    pipe.connect_timeout(PATIENCE)?;
    say("server", "Sending data to client...")?;
    pipe.send(b"Hello, Client!")?;
    let mut message = Vec::new();
    pipe.recv_msg(&mut message)?;
    let message = String::from_utf8_lossy(&message);
    say("server", &format!("Received data from client: \"{message}\""))?;
    Ok(0)
}

/// The client's part.
pub(super) fn client(name: &str) -> Outcome {
    let mut options = ClientOptions::new();
    options.pipe_mode(PipeMode::Message);
    // The server may be a moment late.
    let pipe = open_when_there(&options, name, Some(PATIENCE))?;
    let mut message = Vec::new();
    pipe.recv_msg(&mut message)?;
    let message = String::from_utf8_lossy(&message);
    say("client", &format!("Received data from server: \"{message}\""))?;
    say("client", "Sending response to server...")?;
    pipe.send(b"Hello, Server!")?;
    Ok(0)
}

/// The parent's part.
fn parent() -> Result<(), Box<dyn std::error::Error>> {
    let (reader, writer) = ntpipe::anonymous()?;
    // The write end goes with the command, so that the child's is the last one.
    let child = Command::new(std::env::current_exe()?)
        .arg("demo-child")
        .stdin(Stdio::null())
        .stdout(Stdio::from(writer))
        .spawn()?;
    for line in BufReader::new(reader).lines() {
        say("parent", &format!("Read from pipe: {}", line?))?;
    }
    finish(child, "child")
}

/// The child's part: it prints and knows nothing of pipes.
pub(super) fn child() -> Outcome {
    writeln!(out(), "Hello, I am process {}.", std::process::id())?;
    writeln!(out(), "I only print; my standard output is the pipe.")?;
    Ok(0)
}
