//! The examples of `examples/win32`, built by `ntpipe cc` and run together, print what is expected.

use std::path::Path;
use std::process::Command;

use ntpipe_c_suite::{build, root};

#[test]
fn the_examples_print_what_is_expected() {
    if !build::has_cpp() {
        return;
    }
    let examples = root().join("examples/win32");
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples");
    let pipes = std::env::temp_dir().join(format!("ntpipe-examples-{}", std::process::id()));
    std::fs::create_dir_all(&pipes).expect("a directory for the pipes");
    let script = |name: &str| {
        let mut command = Command::new("bash");
        command.arg(examples.join(name)).arg(&dir).env("NTPIPE_ROOT", &pipes);
        command
    };
    for command in [script("build.sh").arg(build::ntpipe()), &mut script("run.sh")] {
        let output = command.output().expect("bash runs");
        let told = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&told));
    }
    std::fs::remove_dir_all(&pipes).expect("the directory of the pipes removed");
}
