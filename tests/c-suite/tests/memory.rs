//! The suite and the examples below valgrind: no error of memory, and no leak. Only with `NTPIPE_VALGRIND=1`,
//! because valgrind must be installed for it.

use std::path::Path;
use std::process::Command;

use ntpipe_c_suite::{build, root};

#[test]
fn valgrind_finds_nothing() {
    if std::env::var_os("NTPIPE_VALGRIND").is_none() {
        eprintln!("NTPIPE_VALGRIND is not set: valgrind is not asked");
        return;
    }
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("valgrind");
    let mut command = Command::new("bash");
    command.arg(root().join("tests/c-suite/sanitizers/check.sh")).arg("valgrind");
    let output = command.arg(dir).arg(build::ntpipe()).output().expect("bash runs");
    let told = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&told));
}
