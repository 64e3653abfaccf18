//! The C functions beside the Rust ones: 64-byte messages between two pinned processes, in turn, medians of
//! several runs. `cargo bench -p ntpipe-c-suite`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use ntpipe::{ClientOptions, Pipe, PipeMode, ServerOptions};
use ntpipe_c_suite::{build, root};

const SIZE: usize = 64;
const ROUNDS: usize = 7;
/// Most handles that a process is asked to have.
const HANDLES: usize = 10_000;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, role, mode, count] = &args[..]
        && role == "call"
    {
        return answer(mode, count.parse().expect("a count"));
    }
    let program = compile();
    for (mode, count, goal) in
        [("trip", 300_000, "at most 1.5"), ("way", 3_000_000, "at most 2: half of the rate")]
    {
        let (mut c, mut rust) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            c.push(run(&program, mode, count));
            rust.push(serve(mode, count));
        }
        let (c, rust) = (median(c), median(rust));
        println!(
            "{mode}: C {c:.0} ns, Rust {rust:.0} ns a message, ratio {:.2} ({goal})",
            c / rust
        );
    }
    let port = median((0..ROUNDS).map(|_| run(&program, "port", 1_000_000)).collect());
    println!("port: {:.0} messages a second (at least 300,000)", 1e9 / port);
    let pair = run(&program, "handles", HANDLES / 2);
    println!("handles: {HANDLES} in one process, {:.1} us for each two", pair / 1000.0);
}

fn compile() -> PathBuf {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("speed");
    let mut command = Command::new(build::ntpipe());
    command.args(["cc", "-O2", "-o"]).arg(&program);
    command.arg(root().join("tests/c-suite/benches/speed.c"));
    assert!(command.status().expect("ntpipe cc runs").success());
    program
}

fn run(program: &Path, mode: &str, count: usize) -> f64 {
    let mut command = Command::new(program);
    command.args(["serve", mode, &count.to_string(), &std::process::id().to_string()]);
    let output = command.stderr(Stdio::inherit()).output().expect("the program runs");
    let told = String::from_utf8_lossy(&output.stdout);
    told.trim().parse().unwrap_or_else(|_| panic!("{mode}: {told:?}, {}", output.status))
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

const NAME: &str = "speed-rust";

fn pin(cpu: usize) {
    let mut set = rustix::thread::CpuSet::new();
    set.set(cpu);
    rustix::thread::sched_setaffinity(None, &set).expect("pinned");
}

fn serve(mode: &str, count: usize) -> f64 {
    let server = ServerOptions::new().pipe_mode(PipeMode::Message).create(NAME).expect("created");
    let this = std::env::current_exe().expect("this program");
    let mut caller =
        Command::new(this).args(["call", mode, &count.to_string()]).spawn().expect("started");
    pin(0);
    server.connect().expect("connected");
    let mut message = [0; SIZE];
    get(&server, &mut message);
    let start = Instant::now();
    for _ in 0..count {
        if mode == "trip" {
            put(&server, &message);
        }
        get(&server, &mut message);
    }
    let nanos = start.elapsed().as_nanos() as f64 / count as f64;
    assert!(caller.wait().expect("it ends").success());
    nanos
}

fn answer(mode: &str, count: usize) {
    pin(1);
    let client = ClientOptions::new().pipe_mode(PipeMode::Message).open(NAME).expect("opened");
    let mut message = [7; SIZE];
    put(&client, &message);
    for _ in 0..count {
        if mode == "trip" {
            get(&client, &mut message);
        }
        put(&client, &message);
    }
    client.flush().expect("read");
}

fn get(pipe: &Pipe, message: &mut [u8; SIZE]) {
    assert_eq!(pipe.recv(message).expect("read").len, SIZE);
}

fn put(pipe: &Pipe, message: &[u8; SIZE]) {
    assert_eq!(pipe.send(message).expect("written"), SIZE);
}
