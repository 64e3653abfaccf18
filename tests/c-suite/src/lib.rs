//! The C conformance suite: `conformance/*.c` is one program, with a case or more for each row of
//! `conformance/rows.txt`. Here it is built, run and compared; what it must print on Windows, and so here, is
//! in `conformance/windows.txt`; where Wine prints something else, that is in `conformance/wine.txt`.

pub mod answers;
pub mod build;
pub mod cases;
pub mod rows;
pub mod run;
pub mod semantics;

use std::fs;
use std::path::{Path, PathBuf};

/// The workspace's root.
#[must_use]
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).expect("the package is two levels below the root").to_path_buf()
}

/// The text of a file of `conformance/`.
///
/// # Panics
///
/// If it cannot be read.
#[must_use]
pub fn text(name: &str) -> String {
    let path = root().join("conformance").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The C sources of `conformance/`, in the order of their names.
///
/// # Panics
///
/// If the directory cannot be read.
#[must_use]
pub fn sources() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("conformance")).expect("the directory of the cases");
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry of it").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "c"))
        .collect();
    found.sort();
    found
}
