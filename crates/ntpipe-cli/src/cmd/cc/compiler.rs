//! Which compiler the system has.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What the driver takes a program for when it links.
#[derive(Clone, Copy, Debug)]
pub(in crate::cmd) enum Language {
    /// C.
    C,
    /// C++.
    Cxx,
}

/// A compiler and what it is always called with.
#[derive(Debug)]
pub(super) struct Compiler {
    /// The program, perhaps one that calls the compiler, like ccache.
    pub(super) program: PathBuf,
    /// Words behind it in `$CC` or `$CXX`.
    pub(super) args: Vec<OsString>,
    /// Whether it is clang.
    pub(super) is_clang: bool,
}

impl Compiler {
    /// The one of the environment, else the first of the usual names on the path.
    pub(super) fn find(language: Language) -> Result<Self, String> {
        let (variable, names) = match language {
            Language::C => ("CC", ["cc", "gcc", "clang"]),
            Language::Cxx => ("CXX", ["c++", "g++", "clang++"]),
        };
        if let Some(words) = env::var(variable).ok().filter(|words| !words.trim().is_empty()) {
            let mut words = words.split_whitespace();
            let program = PathBuf::from(words.next().unwrap_or_default());
            let args: Vec<OsString> = words.map(OsString::from).collect();
            let is_clang = is_clang(&program) || args.iter().any(|word| is_clang(Path::new(word)));
            return Ok(Self { program, args, is_clang });
        }
        for name in names {
            if let Some(program) = on_path(Path::new(name)) {
                return Ok(Self { is_clang: is_clang(&program), program, args: Vec::new() });
            }
        }
        Err(format!(
            "no compiler: neither {} is on the path, and ${variable} is not set",
            names.join(" nor ")
        ))
    }
}

fn on_path(name: &Path) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// By its name, or by that of the file to which the name leads: `cc` is often a link.
fn is_clang(program: &Path) -> bool {
    let named =
        |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().contains("clang"));
    named(program)
        || on_path(program)
            .and_then(|file| file.canonicalize().ok())
            .is_some_and(|file| named(&file))
}
