//! The suite on Wine: as on Windows, except for the rows in `wine.txt`. Only with `NTPIPE_WINE=1`, because
//! Wine and mingw must be installed for it, and the first run makes a Wine prefix.

use std::path::Path;

use ntpipe_c_suite::answers::Answers;
use ntpipe_c_suite::{build, run, text};

#[test]
fn wine_prints_what_windows_does_but_for_the_rows_that_say_otherwise() {
    if std::env::var_os("NTPIPE_WINE").is_none() {
        eprintln!("NTPIPE_WINE is not set: Wine is not asked");
        return;
    }
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let windows = Answers::parse(&text("windows.txt")).expect("windows.txt");
    let wine = Answers::parse(&text("wine.txt")).expect("wine.txt");
    let printed = run::wine(&build::windows(dir), dir);
    let differences = printed.differences(&windows.overlaid(&wine));
    assert!(differences.is_empty(), "Wine (+) is not as expected (-):\n{differences}");
}
