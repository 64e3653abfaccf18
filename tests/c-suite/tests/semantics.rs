//! `docs/semantics.md` is the document that the suite gives. `NTPIPE_BLESS=1` writes it.

use std::fs;

use ntpipe_c_suite::answers::reasons;
use ntpipe_c_suite::{cases, root, rows, semantics, text};

#[test]
fn the_document_of_the_rules_is_up_to_date() {
    let rows = rows::parse(&text("rows.txt")).expect("rows.txt");
    let document = semantics::document(&rows, &cases::all(), &reasons(&text("wine.txt")));
    let path = root().join("docs/semantics.md");
    if std::env::var_os("NTPIPE_BLESS").is_some() {
        fs::write(&path, &document).expect("docs/semantics.md written");
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == document,
        "docs/semantics.md is not what conformance/ gives: NTPIPE_BLESS=1 writes it"
    );
}
