//! The suite on Linux: Windows' answers in every row.

use std::path::Path;

use ntpipe_c_suite::answers::Answers;
use ntpipe_c_suite::{build, run, text};

#[test]
fn native_programs_print_what_windows_does() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let windows = Answers::parse(&text("windows.txt")).expect("windows.txt");
    let printed = run::native(&build::native(dir));
    let differences = printed.differences(&windows);
    assert!(differences.is_empty(), "what is printed (+) is not as on Windows (-):\n{differences}");
}
