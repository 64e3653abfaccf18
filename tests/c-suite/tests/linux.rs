//! Programs in C that meet what Windows does not have: signals and `fork`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ntpipe_c_suite::{build, root};

/// One of `programs`, built, and a directory of its own for its pipes.
fn program(name: &str) -> Command {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let pipes: PathBuf = std::env::temp_dir().join(format!("ntpipe-{name}-{}", std::process::id()));
    for dir in [&dir, &pipes] {
        std::fs::create_dir_all(dir).expect("a directory");
    }
    let source = root().join("tests/c-suite/programs").join(name).with_extension("c");
    let program = dir.join(name);
    let mut compiler = Command::new(build::ntpipe());
    compiler.args(["cc", "-Wall", "-Werror"]).arg(source).arg("-o").arg(&program);
    let output = compiler.output().expect("a compiler");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut command = Command::new(program);
    command.env("NTPIPE_ROOT", pipes);
    command
}

#[test]
fn a_write_that_nobody_reads_is_an_error_and_no_signal() {
    let (broken, stderr) = std::io::pipe().expect("a pipe");
    drop(broken);
    let output = program("broken").stdin(Stdio::null()).stderr(stderr).output().expect("it ran");
    let told = String::from_utf8_lossy(&output.stdout);
    let expected = [
        "standard error: 232",
        "a child that has ended: 232",
        "more than fits: 232",
        "with a handler: 232",
        "raised: 0",
        "held back: 232",
        "pending: 0",
        "raised by hand: 232",
        "pending: 1",
        "raised: 1",
        "carried over: 232",
        "the child: 141",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), expected, "{}", output.status);
    assert_eq!(output.status.code(), Some(7));
}

#[test]
fn what_a_fork_copies_is_of_no_use_and_harms_nobody() {
    let output = program("forked").stdin(Stdio::null()).output().expect("it ran");
    let told = String::from_utf8_lossy(&output.stdout);
    let expected = [
        // In the child.
        "server writes: 6",
        "server reads: 6",
        "client writes: 6",
        "client reads: 6",
        "client transacts: 6",
        "peek: 6",
        "state: 6",
        "flush: 6",
        "disconnect: 6",
        "connect: 6",
        "reader reads: 6",
        "writer writes: 6",
        "own write: 0",
        "own read: 0",
        // In the parent.
        "client reads: 0",
        "one",
        "server reads: 0",
        "two",
        "reader reads: 0",
        "three",
        "server writes: 0",
        "client reads: 0",
        "the other instance: 0",
        "late write: 0",
        "late read: 0",
        "after the close: 109",
        "after the close: 109",
        "the end",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), expected, "{}", output.status);
    assert!(output.status.success(), "{}", output.status);
}
