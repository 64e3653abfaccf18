//! Building the suite: by `ntpipe cc` for Linux, by mingw for Wine.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const MINGW: &str = "x86_64-w64-mingw32-gcc";
const FLAGS: &[&str] = &["-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror"];

fn done(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{told}", output.status);
}

/// The suite as a Windows program.
///
/// # Panics
///
/// If mingw is missing, or does not build it.
#[must_use]
pub fn windows(dir: &Path) -> PathBuf {
    let program = dir.join("sections.exe");
    let mut command = Command::new(MINGW);
    command.args(FLAGS).arg("-o").arg(&program).args(crate::sources());
    done(command.args(["-lntdll", "-ladvapi32"]));
    program
}

/// The suite as a Linux program, by the command that `NTPIPE` names, or that is built for this.
///
/// # Panics
///
/// If it cannot be built.
#[must_use]
pub fn native(dir: &Path) -> PathBuf {
    let program = dir.join("sections");
    let mut command = Command::new(ntpipe());
    done(command.arg("cc").args(FLAGS).arg("-o").arg(&program).args(crate::sources()));
    program
}

/// Whether there is a C++ compiler, which nothing needs but what is written in C++.
#[must_use]
pub fn has_cpp() -> bool {
    let found = ["c++", "g++", "clang++"].iter().any(|name| {
        Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    });
    if !found {
        eprintln!("there is no C++ compiler");
    }
    found
}

/// The command `ntpipe`, next to which `ntpipe cc` finds what it needs.
///
/// # Panics
///
/// If it cannot be built.
#[must_use]
pub fn ntpipe() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build).clone()
}

fn build() -> PathBuf {
    if let Some(path) = env::var_os("NTPIPE") {
        return path.into();
    }
    let test = env::current_exe().expect("the path of this test");
    let dir = test.ancestors().nth(2).expect("tests lie in target/profile/deps").to_path_buf();
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(crate::root());
    command.args(["build", "-p", "ntpipe-cli", "-p", "ntpipe-win32"]);
    if dir.ends_with("release") {
        command.arg("--release");
    }
    done(&mut command);
    dir.join("ntpipe")
}
