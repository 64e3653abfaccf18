//! `ntpipe listen`.

use std::io::{self, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use ntpipe::{PipeMode, ServerOptions};

use crate::acl::security;
use crate::end::End;
use crate::flags::Listen;
use crate::out::Outcome;
use crate::pump::{Manners, Pump};

/// Instances that wait beside the one that is being served.
const SPARES: usize = 4;

/// Serves the pipe.
pub(super) fn run(args: Listen) -> Outcome {
    let mut options = ServerOptions::new();
    options.first_pipe_instance(true);
    options.max_instances(usize::from(args.max_instances));
    options.security(security(&args.acl)?);
    if args.message.message {
        options.pipe_mode(PipeMode::Message);
    }
    match &args.exec {
        None => converse(&args, &options),
        Some(command) => serve(&args, &options, command),
    }
}

/// One client after the other on standard input and output.
fn converse(args: &Listen, options: &ServerOptions) -> Outcome {
    let manners = Manners {
        message: args.message.message,
        send_eof: false,
        exit_on_stdin_eof: false,
        quiet: args.quiet.quiet,
    };
    let server = options.create(&args.pipe.name)?;
    let mut pump = Pump::new();
    loop {
        server.connect()?;
        pump.converse(End::Server(server.try_clone()?), manners)?;
        if !args.keep {
            return Ok(0);
        }
    }
}

/// A program for each client.
fn serve(args: &Listen, options: &ServerOptions, command: &str) -> Outcome {
    let message = args.message.message;
    if !args.keep {
        let server = options.create(&args.pipe.name)?;
        server.connect()?;
        relay(End::Server(server), command, message)?;
        return Ok(0);
    }
    let listener = options.listener(&args.pipe.name, SPARES.min(args.max_instances.into()))?;
    for server in listener.incoming() {
        let (server, command) = (End::Server(server?), command.to_owned());
        std::thread::spawn(move || {
            if let Err(error) = relay(server, &command, message) {
                eprintln!("ntpipe: {error}");
            }
        });
    }
    Ok(0)
}

/// Client and program, until the program has ended and the client has read what it printed.
fn relay(end: End, command: &str, message: bool) -> io::Result<()> {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let end = Arc::new(end);
    let reader = Arc::clone(&end);
    let stdin = child.stdin.take();
    let feeder = std::thread::spawn(move || feed(&reader, stdin));
    let told = tell(&end, &mut child, message);
    child.wait()?;
    let told = told.and_then(|()| end.flush());
    end.hang_up();
    drop(feeder.join());
    match told {
        // The client went first: its good right.
        Err(error) if crate::pump::is_over(&error) => Ok(()),
        told => told,
    }
}

/// What the client says, to the program; closing its input when the client has gone.
fn feed(end: &End, stdin: Option<std::process::ChildStdin>) {
    let Some(mut stdin) = stdin else { return };
    let mut buffer = vec![0; 64 << 10];
    while let Ok(n) = end.read(&mut buffer) {
        if n == 0 || stdin.write_all(&buffer[..n]).is_err() {
            return;
        }
    }
}

/// What the program says, to the client.
fn tell(end: &End, child: &mut Child, message: bool) -> io::Result<()> {
    let Some(stdout) = &mut child.stdout else { return Ok(()) };
    let mut buffer = vec![0; 64 << 10];
    loop {
        match stdout.read(&mut buffer)? {
            0 => return Ok(()),
            n if message => end.send(&buffer[..n])?,
            n => end.write_all(&buffer[..n])?,
        }
    }
}
