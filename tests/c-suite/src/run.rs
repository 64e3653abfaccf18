//! Running the suite's program to its end, over cases that end it.

use std::path::Path;
use std::process::{self, Command};
use std::{env, fs};

use crate::answers::{ANNOUNCED, Answers};

/// What the program prints, all cases. A case that ends it is told as `ended`, and the next one begins a new
/// process. (A case that hangs is ended by the program itself.)
///
/// # Panics
///
/// If the program cannot be run, or prints what is no answer.
#[must_use]
pub fn all(command: &dyn Fn() -> Command) -> Answers {
    let mut answers = Answers::default();
    let mut printed = String::new();
    loop {
        let from = answers.cases().to_string();
        let mut command = command();
        let output = command.args(["--from", &from]).output();
        let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        printed.push_str(&String::from_utf8_lossy(&output.stdout));
        if !printed.is_empty() && !printed.ends_with('\n') {
            printed.push('\n');
        }
        answers = Answers::parse(&printed).expect("lines of rows");
        if output.status.success() {
            return answers;
        }
        let told = String::from_utf8_lossy(&output.stderr);
        let begun = answers.cases().to_string() != from;
        assert!(begun, "{command:?} ends before a case, {}\n{told}", output.status);
        eprintln!("{} in {}\n{told}", output.status, last_case(&printed));
        let row =
            printed.lines().last().and_then(|line| line.split('\t').next()).unwrap_or_default();
        printed.push_str(&format!("{row}\tended\n"));
    }
}

fn last_case(printed: &str) -> &str {
    let announced =
        |line: &&str| line.split_once('\t').is_some_and(|it| it.1.starts_with(ANNOUNCED));
    printed.lines().rfind(announced).unwrap_or("no case")
}

/// Runs the Linux program, with pipes of its own.
///
/// # Panics
///
/// If the directory of the pipes cannot be made, or as [`all`].
#[must_use]
pub fn native(program: &Path) -> Answers {
    let pipes = env::temp_dir().join(format!("ntpipe-c-suite-{}", process::id()));
    fs::create_dir_all(&pipes).expect("a directory for the pipes");
    let answers = all(&|| {
        let mut command = Command::new(program);
        command.env("NTPIPE_ROOT", &pipes);
        command
    });
    fs::remove_dir_all(&pipes).expect("the directory of the pipes removed");
    answers
}

/// Runs the Windows program on Wine, with a prefix that is kept for the next time.
///
/// # Panics
///
/// If Wine is missing, or as [`all`].
#[must_use]
pub fn wine(program: &Path, dir: &Path) -> Answers {
    let prefix = dir.join("wine");
    let wine = |program: &str| {
        let mut command = Command::new(program);
        command.env("WINEPREFIX", &prefix).env("WINEDEBUG", "-all");
        // Neither a debugger for a program that ends, nor what the prefix would ask to have installed.
        command.env("WINEDLLOVERRIDES", "winedbg.exe,mscoree,mshtml=d");
        command
    };
    if !prefix.join("system.reg").exists() {
        let made = wine("wineboot").arg("-i").output();
        made.unwrap_or_else(|error| panic!("wineboot: {error}"));
    }
    all(&|| {
        let mut command = wine("wine");
        command.arg(program);
        command
    })
}
