//! Where the headers and the library are.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// The source tree that this program was built from: the last place to look.
const BUILT_FROM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Headers and libraries that belong together.
#[derive(Debug)]
pub(super) struct Sdk {
    /// The directory with windows.h.
    pub(super) include: PathBuf,
    /// What the linker is told.
    pub(super) libraries: Vec<OsString>,
}

impl Sdk {
    /// The one of the environment, else the one installed with this program, else the source tree's.
    pub(super) fn find(dynamic: bool) -> Result<Self, String> {
        let program = env::current_exe().and_then(fs::canonicalize).map_err(|e| e.to_string())?;
        let here = program.parent().unwrap_or(Path::new("/"));
        let mut tried = Vec::new();
        if let Some(root) = env::var_os("NTPIPE_SDK").map(PathBuf::from) {
            let found = installed(&root, dynamic, &mut tried)
                .or_else(|| built(&root, &root.join("target/release"), dynamic, &mut tried))
                .or_else(|| built(&root, &root.join("target/debug"), dynamic, &mut tried));
            return found.ok_or_else(|| missing(&tried, dynamic));
        }
        here.parent()
            .and_then(|prefix| installed(prefix, dynamic, &mut tried))
            .or_else(|| {
                let has_sources = |root: &&Path| root.join("crates/ntpipe-win32").is_dir();
                let root = here.ancestors().find(has_sources).unwrap_or(Path::new(BUILT_FROM));
                // A test's program is one directory further down.
                let dir = if here.ends_with("deps") { here.parent().unwrap_or(here) } else { here };
                built(root, dir, dynamic, &mut tried)
            })
            .ok_or_else(|| missing(&tried, dynamic))
    }
}

/// `prefix` as an installation has it.
fn installed(prefix: &Path, dynamic: bool, tried: &mut Vec<PathBuf>) -> Option<Sdk> {
    let include = prefix.join("include/ntpipe");
    let lib = prefix.join("lib");
    let library = lib.join(if dynamic { "libntpipe.so" } else { "libntpipe.a" });
    has(&[include.join("windows.h"), library.clone()], tried)?;
    let libraries = if dynamic {
        shared(&library, &lib, lib.join("libntpipe_main.a"))
    } else {
        vec![library.into()]
    };
    Some(Sdk { include, libraries })
}

/// Headers from the sources, libraries from where cargo has put this program.
fn built(root: &Path, dir: &Path, dynamic: bool, tried: &mut Vec<PathBuf>) -> Option<Sdk> {
    let include = root.join("crates/ntpipe-win32/include");
    let library = newest(dir).unwrap_or_else(|| dir.join("libntpipe_win32.a"));
    let mut wanted = vec![include.join("windows.h"), library.clone()];
    if dynamic {
        wanted.push(dir.join("libntpipe.so"));
    }
    has(&wanted, tried)?;
    let include = include.canonicalize().unwrap_or(include);
    let libraries = if dynamic {
        shared(&dir.join("libntpipe.so"), dir, dir.join("libntpipe_main.a"))
    } else {
        vec![library.into()]
    };
    Some(Sdk { include, libraries })
}

/// The shared library, found again at run time, and what begins a program, which is always static.
fn shared(library: &Path, dir: &Path, main: PathBuf) -> Vec<OsString> {
    let mut rpath = OsString::from("-Wl,-rpath,");
    rpath.push(dir);
    vec![main.into(), library.into(), rpath]
}

/// Built by its name the library is in `dir`, as a dependency of something else in `deps` below it, with
/// a hash in its name.
fn newest(dir: &Path) -> Option<PathBuf> {
    [dir.to_owned(), dir.join("deps")]
        .iter()
        .filter_map(|dir| fs::read_dir(dir).ok())
        .flat_map(Iterator::flatten)
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("libntpipe_win32") && name.ends_with(".a")
        })
        .max_by_key(|path| path.metadata().and_then(|it| it.modified()).ok())
}

fn has(files: &[PathBuf], tried: &mut Vec<PathBuf>) -> Option<()> {
    let mut all = true;
    for file in files.iter().filter(|file| !file.is_file()) {
        all = false;
        if !tried.contains(file) {
            tried.push(file.clone());
        }
    }
    all.then_some(())
}

fn missing(tried: &[PathBuf], dynamic: bool) -> String {
    let mut text = String::from("the headers and the library for C programs are not there:\n");
    for path in tried {
        text.push_str(&format!("  no {}\n", path.display()));
    }
    text.push_str("In the source tree run `cargo build --release -p ntpipe-win32`; ");
    if dynamic {
        text.push_str("the shared library comes only from an installation; ");
    }
    text.push_str("to install run `cargo xtask install --prefix DIR`; ");
    text.push_str("or set NTPIPE_SDK to such a DIR or source tree.");
    text
}
