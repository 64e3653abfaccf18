//! `docs/semantics.md`: what of Windows is true here, row by row, with its source and its case.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::cases::Case;
use crate::rows::Row;

const HEAD: &str = "\
# What Windows does, and ntpipe with it

Generated from `conformance/`; `NTPIPE_BLESS=1 cargo test -p ntpipe-c-suite --test semantics` brings it up to
date. One row for each behaviour of Windows' pipes: what is done, what comes of it (the returned value and
`GetLastError`), where that was found, and the case of the C suite that shows it. The suite is one source:
built by `ntpipe cc` it runs natively, built by mingw on Windows and Wine. Natively it must print what
[windows.txt](../conformance/windows.txt) says, in every row; on Wine 8.0 too, except for the rows in
[wine.txt](../conformance/wine.txt), whose reasons stand in the last column.

Sources: K:n and N:n are line n of Wine's kernel32 (8.0.1) and ntdll (9.0) pipe tests, which run on Windows;
RK ReactOS' kernel tests of NPFS (run on Windows 2003); NET the tests of .NET's System.IO.Pipes (run on
Windows); GW, MIO, TOK, PYW the suites of go-winio, mio, tokio and pywin32; D a page of Microsoft's
documentation; RM the model that ReactOS' NPFS is; P a differential program run on Wine.

Marks: V also seen on Wine, T from a test's source, D from documents only, M from the model only,
U unverified.
";

/// The whole document.
#[must_use]
pub fn document(rows: &[Row], cases: &[Case], reasons: &BTreeMap<u32, String>) -> String {
    let mut text = HEAD.to_owned();
    let mut section = "";
    for row in rows {
        if row.section != section {
            section = &row.section;
            let _ = write!(
                text,
                "\n## {section}\n\n\
                 | # | situation | result | source | mark | case | native | Wine 8.0 |\n\
                 |--:|---|---|---|---|---|---|---|\n"
            );
        }
        line(&mut text, row, cases, reasons.get(&row.number));
    }
    text
}

fn line(text: &mut String, row: &Row, cases: &[Case], reason: Option<&String>) {
    let own: Vec<String> = cases
        .iter()
        .filter(|case| case.row == row.number)
        .map(|case| format!("[{}](../conformance/{})", case.name.replace('_', "\\_"), case.file))
        .collect();
    let (native, wine) = match (own.is_empty(), reason) {
        (true, _) => ("no case", "no case".to_owned()),
        (false, None) => ("as Windows", "as Windows".to_owned()),
        (false, Some(reason)) => ("as Windows", cell(reason)),
    };
    let _ = writeln!(
        text,
        "| {} | {} | {} | {} | {} | {} | {native} | {wine} |",
        row.number,
        cell(&row.situation),
        cell(&row.result),
        cell(&row.evidence),
        row.mark,
        own.join("<br>"),
    );
}

/// A text as it may stand in a table: the bars escaped, a dash for nothing.
fn cell(text: &str) -> String {
    if text == "-" { "—".to_owned() } else { text.replace('|', "\\|") }
}
