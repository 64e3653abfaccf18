//! The table of codes as a snapshot: a change to it has to be meant.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p ntpipe-core --test status` writes it anew.

use std::fmt::Write as _;

use ntpipe_core::status::TABLE;

#[test]
fn the_table_of_codes_is_the_one_in_the_snapshot() {
    let mut text = String::new();
    for row in TABLE {
        let (kind, io) = (format!("{:?}", row.kind), format!("{:?}", row.io));
        writeln!(
            text,
            "{kind:<18} {:>5} {:<26} {:#010X} {io:<16} {}",
            row.win32.0, row.name, row.nt.0, row.meaning
        )
        .expect("a string");
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/status.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, &text).expect("written");
    }
    assert_eq!(text, std::fs::read_to_string(path).expect("the snapshot"));
}
