//! `ntpipe doctor`.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit};
use serde::Serialize;

use crate::bench::machine;
use crate::flags::Json;
use crate::out::{Outcome, out};
use crate::root;

/// What was found.
#[derive(Debug, Serialize)]
struct Findings {
    root: PathBuf,
    why: &'static str,
    exists: bool,
    /// Octal, if it exists.
    mode: Option<String>,
    owner_uid: Option<u32>,
    pipes: usize,
    /// Directories of pipes that nobody serves.
    litter: Vec<PathBuf>,
    cpu: String,
    cpus: usize,
    kernel: String,
    open_files: Option<u64>,
    /// What will fail.
    problems: Vec<String>,
    /// What will work, but not as well as it could.
    hints: Vec<String>,
}

/// Prints the findings; fails if pipes will not work.
pub(super) fn run(args: &Json) -> Outcome {
    let findings = examine();
    let mut out = out();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&findings)?)?;
    } else {
        print(&findings, &mut out)?;
    }
    Ok(u8::from(!findings.problems.is_empty()))
}

fn examine() -> Findings {
    let (mut problems, mut hints) = (Vec::new(), Vec::new());
    let root = root::root().unwrap_or_else(|error| {
        problems.push(error.to_string());
        root::Root { path: PathBuf::new(), why: "refused" }
    });
    let meta = std::fs::metadata(&root.path).ok();
    let served = ntpipe::list().unwrap_or_else(|error| {
        problems.push(format!("the pipes cannot be listed: {error}"));
        Vec::new()
    });
    let served: Vec<PathBuf> = served.into_iter().map(|entry| entry.path).collect();
    let litter = litter(&root.path, &served);
    if !litter.is_empty() {
        hints.push(format!("{} left by dead servers; reused or swept later", litter.len()));
    }
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    if cpus == 1 {
        hints
            .push("one CPU: both ends take turns, no spinning; a round trip costs a switch".into());
    }
    let open_files = getrlimit(Resource::Nofile).current;
    if open_files.is_some_and(|limit| limit < 1024) {
        hints.push("fewer than 1024 open files: about 200 connections a process".into());
    }
    Findings {
        why: root.why,
        exists: meta.is_some(),
        mode: meta.as_ref().map(|meta| format!("{:04o}", meta.mode() & 0o7777)),
        owner_uid: meta.as_ref().map(MetadataExt::uid),
        root: root.path,
        pipes: served.len(),
        litter,
        cpu: machine::model(),
        cpus,
        kernel: machine::kernel(),
        open_files,
        problems,
        hints,
    }
}

fn litter(root: &Path, served: &[PathBuf]) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    directories.map(|entry| entry.path()).filter(|path| !served.contains(path)).collect()
}

fn print(found: &Findings, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    writeln!(out, "root        {}", found.root.display())?;
    writeln!(out, "because     {}", found.why)?;
    match (&found.mode, found.owner_uid) {
        (Some(mode), Some(owner)) => writeln!(out, "access      mode {mode}, owner {owner}")?,
        _ => writeln!(out, "access      not there yet: made by the first server")?,
    }
    writeln!(out, "pipes       {}", found.pipes)?;
    writeln!(out, "litter      {}", found.litter.len())?;
    for path in &found.litter {
        writeln!(out, "            {}", path.display())?;
    }
    writeln!(out, "CPUs        {} ({})", found.cpus, found.cpu)?;
    writeln!(out, "kernel      Linux {}", found.kernel)?;
    let limit = found.open_files.map_or_else(|| "unlimited".to_owned(), |n| n.to_string());
    writeln!(out, "open files  {limit}")?;
    for hint in &found.hints {
        writeln!(out, "hint        {hint}")?;
    }
    for problem in &found.problems {
        writeln!(out, "PROBLEM     {problem}")?;
    }
    Ok(())
}
