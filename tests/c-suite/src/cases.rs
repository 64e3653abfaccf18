//! The cases, as the C sources define them.

use std::fs;

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// The row it belongs to.
    pub row: u32,
    /// Empty, or M, D or U.
    pub mark: &'static str,
    /// Its name.
    pub name: String,
    /// The file, without its directory.
    pub file: String,
}

/// The macros that define a case, with the mark that each gives.
const MACROS: &[(&str, &str)] =
    &[("CASE(", ""), ("CASE_MODEL(", "M"), ("CASE_DOCS(", "D"), ("CASE_UNVERIFIED(", "U")];

/// All cases, in the order of the files and their lines.
///
/// # Panics
///
/// If a source cannot be read, or defines a case in a way that is not understood.
#[must_use]
pub fn all() -> Vec<Case> {
    let mut found = Vec::new();
    for path in crate::sources() {
        let text = fs::read_to_string(&path).expect("a source");
        let file = path.file_name().expect("a file's path").to_string_lossy().into_owned();
        for (start, mark) in MACROS {
            for rest in text.lines().filter_map(|line| line.strip_prefix(start)) {
                let (row, name) = definition(rest)
                    .unwrap_or_else(|| panic!("{file}: not a definition of a case: {start}{rest}"));
                found.push(Case { row, mark, name: name.to_owned(), file: file.clone() });
            }
        }
    }
    found.sort_by_key(|case| case.row);
    found
}

/// The row and the name in `29, "name")`.
fn definition(rest: &str) -> Option<(u32, &str)> {
    let (row, rest) = rest.split_once(", \"")?;
    let (name, _) = rest.split_once("\")")?;
    Some((row.parse().ok()?, name))
}
