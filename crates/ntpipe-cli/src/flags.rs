//! The command line, each flag once. Completions, man page and `--help` come from here.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::bench::case::{Operation, Transport};

/// Windows pipes on Linux.
///
/// A NAME is a plain name, \\.\pipe\name, //./pipe/name or npipe:////./pipe/name.
/// Exit codes: 0 success, 1 failure, 2 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "ntpipe", version, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show two processes talk over a pipe, a parent read its child, and how fast it is
    Demo,
    /// List the pipes; touches no instance
    #[command(visible_aliases = ["list", "pipelist"])]
    Ls(Ls),
    /// Tell about one pipe
    #[command(visible_alias = "stat")]
    Info(Info),
    /// Serve a pipe: its clients talk to standard input and output, or to a program
    Listen(Listen),
    /// Open a pipe and talk to it by standard input and output
    ///
    /// When standard input has ended and the peer has read all of it, the answer is awaited until
    /// the pipe ends or stays quiet for the time of -q. With an empty standard input the pipe is
    /// read to its end.
    #[command(visible_alias = "nc")]
    Connect(Connect),
    /// Open a message pipe, send one request, print the reply, close
    Call(Call),
    /// Wait until a pipe has an instance free
    Wait(Wait),
    /// Open a pipe and show what waits in it, without taking it
    Peek(Peek),
    /// Start a program with its output on an anonymous pipe and show what comes out
    ///
    /// The program's exit code is passed on; 128 and the signal's number when a signal ended it.
    Run(Run),
    /// Compile a C program for Windows: the system's compiler with ntpipe's windows.h and library
    ///
    /// Calls $CC, else cc, gcc or clang, with ARGS and what such a program needs: the path of the
    /// headers, wchar_t of 16 bits, formats by Microsoft's rules, `main` from wmain or WinMain, and
    /// the library where something is linked. _WIN32, _WIN64 and WIN32 are defined; headers of other
    /// libraries that take these for Windows need -U_WIN32 -U_WIN64 -UWIN32. The headers and the
    /// library are those under $NTPIPE_SDK, else those installed with this program, else those of
    /// the source tree.
    ///
    /// Narrow text is UTF-8, and so is wide text on streams. In C++, std::wstring, std::wcout and
    /// std::wstringstream have characters of 16 bits; wide files, locale facets other than numbers,
    /// std::wregex and paths from wide strings do not work.
    #[command(override_usage = "ntpipe cc ARGS...\n       ntpipe cc [--cflags] [--libs]")]
    Cc(Cc),
    /// Compile a C++ program for Windows: as cc, with $CXX, else c++, g++ or clang++
    #[command(
        name = "c++",
        override_usage = "ntpipe c++ ARGS...\n       ntpipe c++ [--cflags] [--libs]"
    )]
    Cxx(Cc),
    /// Measure against kernel pipe, Unix sockets, and what the machine can do at best
    Bench(Bench),
    /// Check this machine: where the pipes live and why, permissions, limits, litter
    Doctor(Json),
    /// Print a completion script
    Completions(Completions),
    /// Print the man page
    Man(Man),
    /// The other process of a measurement
    #[command(hide = true)]
    BenchPeer(BenchPeer),
    /// The demo's server
    #[command(hide = true)]
    DemoServer(Name),
    /// The demo's client
    #[command(hide = true)]
    DemoClient(Name),
    /// The demo's child
    #[command(hide = true)]
    DemoChild,
}

/// A pipe.
#[derive(Debug, Args)]
pub(crate) struct Name {
    /// The pipe
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

/// The form of facts.
#[derive(Debug, Args)]
pub(crate) struct Json {
    /// Print JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whether messages keep their boundaries.
#[derive(Debug, Args)]
pub(crate) struct Message {
    /// Message type: each read of the input becomes one message
    #[arg(short, long)]
    pub(crate) message: bool,
}

/// How long to wait.
#[derive(Debug, Args)]
pub(crate) struct Patience {
    /// Wait at most so long for a free instance
    #[arg(short, long = "wait", value_name = "SEC", value_parser = seconds)]
    pub(crate) wait: Option<Duration>,
}

/// When a conversation is over.
#[derive(Debug, Args)]
pub(crate) struct Quiet {
    /// After the end of the input, end when nothing has come for so long
    #[arg(short, long, value_name = "SEC", default_value = "0.5", value_parser = seconds)]
    pub(crate) quiet: Duration,
}

/// `ls`.
#[derive(Debug, Args)]
pub(crate) struct Ls {
    #[command(flatten)]
    pub(crate) json: Json,
    /// Print again whenever something changes
    #[arg(short, long)]
    pub(crate) watch: bool,
}

/// `info`.
#[derive(Debug, Args)]
pub(crate) struct Info {
    #[command(flatten)]
    pub(crate) pipe: Name,
    #[command(flatten)]
    pub(crate) json: Json,
}

/// `listen`.
#[derive(Debug, Args)]
pub(crate) struct Listen {
    #[command(flatten)]
    pub(crate) pipe: Name,
    #[command(flatten)]
    pub(crate) message: Message,
    #[command(flatten)]
    pub(crate) quiet: Quiet,
    /// Keep listening after a client has gone
    #[arg(short, long)]
    pub(crate) keep: bool,
    /// Give each client a program of its own, run by the shell
    #[arg(short, long, value_name = "CMD")]
    pub(crate) exec: Option<String>,
    /// At most so many clients at once; 255 is no limit
    #[arg(long, value_name = "N", default_value = "255",
          value_parser = clap::value_parser!(u8).range(1..=255))]
    pub(crate) max_instances: u8,
    /// Who may open it: current-user, everyone, an octal mode, or an SDDL string
    #[arg(long, value_name = "WHO", default_value = "current-user")]
    pub(crate) acl: String,
}

/// `connect`.
#[derive(Debug, Args)]
pub(crate) struct Connect {
    #[command(flatten)]
    pub(crate) pipe: Name,
    #[command(flatten)]
    pub(crate) message: Message,
    #[command(flatten)]
    pub(crate) patience: Patience,
    #[command(flatten)]
    pub(crate) quiet: Quiet,
    /// Try again until the pipe exists and has an instance free
    #[arg(short, long)]
    pub(crate) poll: bool,
    /// Send a message of 0 bytes when standard input ends
    #[arg(short, long)]
    pub(crate) send_eof: bool,
    /// Exit when the pipe ends: always so; taken for npiperelay's sake (also -ep)
    #[arg(long)]
    pub(crate) exit_on_pipe_eof: bool,
    /// Exit when standard input has ended and been read, without awaiting an answer (also -ei)
    #[arg(long)]
    pub(crate) exit_on_stdin_eof: bool,
}

/// `call`.
#[derive(Debug, Args)]
pub(crate) struct Call {
    #[command(flatten)]
    pub(crate) pipe: Name,
    /// The request; standard input if absent
    #[arg(value_name = "DATA")]
    pub(crate) data: Option<OsString>,
    #[command(flatten)]
    pub(crate) patience: Patience,
}

/// `wait`.
#[derive(Debug, Args)]
pub(crate) struct Wait {
    #[command(flatten)]
    pub(crate) pipe: Name,
    #[command(flatten)]
    pub(crate) patience: Patience,
}

/// `peek`.
#[derive(Debug, Args)]
pub(crate) struct Peek {
    #[command(flatten)]
    pub(crate) pipe: Name,
    #[command(flatten)]
    pub(crate) json: Json,
    #[command(flatten)]
    pub(crate) patience: Patience,
}

/// `run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The program and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "CMD"
    )]
    pub(crate) command: Vec<OsString>,
}

/// `cc` and `c++`.
#[derive(Debug, Args)]
pub(crate) struct Cc {
    /// The compiler's arguments. Three are ntpipe's own: --dynamic links the shared library;
    /// --cflags and --libs print the flags for a build system instead of compiling
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub(crate) args: Vec<OsString>,
}

/// `bench`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(flatten)]
    pub(crate) json: Json,
    /// Only the most telling cases: a few seconds
    #[arg(long)]
    pub(crate) quick: bool,
}

/// `completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

/// `man`.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Of this command; of all if absent
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Option<String>,
}

/// The other process of a measurement.
#[derive(Debug, Args)]
pub(crate) struct BenchPeer {
    pub(crate) transport: Transport,
    pub(crate) operation: Operation,
    pub(crate) size: usize,
    pub(crate) cpu: usize,
    pub(crate) name: String,
}

/// A number of seconds, with fractions.
fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|error| error.to_string())
}

/// npiperelay's spellings, which clap cannot have: `-ep` and `-ei` of `connect`, and no command at
/// all before a pipe's path.
pub(crate) fn rewrite(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    let path = |arg: &OsString| {
        arg.to_str().is_some_and(|arg| {
            arg.starts_with(r"\\") || arg.starts_with("//") || arg.starts_with("npipe:")
        })
    };
    if args.get(1).is_some_and(path) {
        args.insert(1, "connect".into());
    }
    if args.get(1).is_some_and(|verb| verb == "connect" || verb == "nc") {
        for arg in args.iter_mut().skip(2).take_while(|arg| *arg != OsStr::new("--")) {
            if arg == "-ep" {
                *arg = "--exit-on-pipe-eof".into();
            } else if arg == "-ei" {
                *arg = "--exit-on-stdin-eof".into();
            }
        }
    }
    args
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn npiperelay_spellings_work() {
        let args = ["ntpipe", "//./pipe/x", "-ep", "-ei", "-s"].map(OsString::from);
        let Command::Connect(connect) = Cli::parse_from(rewrite(args)).command else {
            panic!("not connect");
        };
        assert!(connect.exit_on_pipe_eof && connect.exit_on_stdin_eof && connect.send_eof);
        assert_eq!(connect.pipe.name, "//./pipe/x");
    }

    #[test]
    fn only_connect_is_rewritten() {
        let args = ["ntpipe", "listen", "x", "-ep"].map(OsString::from);
        let Command::Listen(listen) = Cli::parse_from(rewrite(args)).command else {
            panic!("not listen");
        };
        assert_eq!(listen.exec.as_deref(), Some("p"));
    }
}
