//! The commands, one file each.

mod bench;
mod call;
mod cc;
mod completions;
mod connect;
mod demo;
mod doctor;
mod info;
mod listen;
mod ls;
mod man;
mod peek;
mod run;
mod wait;

use crate::flags::Command;
use crate::out::Outcome;

/// Runs a command to its end.
pub(crate) fn run(command: Command) -> Outcome {
    match command {
        Command::Demo => demo::run(),
        Command::Ls(args) => ls::run(&args),
        Command::Info(args) => info::run(&args),
        Command::Listen(args) => listen::run(args),
        Command::Connect(args) => connect::run(&args),
        Command::Call(args) => call::run(args),
        Command::Wait(args) => wait::run(&args),
        Command::Peek(args) => peek::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Cc(args) => cc::run(cc::Language::C, &args),
        Command::Cxx(args) => cc::run(cc::Language::Cxx, &args),
        Command::Bench(args) => bench::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
        Command::BenchPeer(args) => {
            crate::bench::peer::be(&args)?;
            Ok(0)
        }
        Command::DemoServer(args) => demo::server(&args.name),
        Command::DemoClient(args) => demo::client(&args.name),
        Command::DemoChild => demo::child(),
    }
}
