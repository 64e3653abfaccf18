//! `ntpipe ls`.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use ntpipe::{PipeEntry, PipeMode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;
use serde::Serialize;

use crate::flags::Ls;
use crate::out::{Outcome, out};

/// A pipe as it is printed.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    name: String,
    instances: u64,
    listening: u64,
    /// Nothing if there is no limit.
    max_instances: Option<u64>,
    r#type: &'static str,
    access: String,
    owner_uid: u32,
    pids: Vec<u32>,
    path: PathBuf,
}

impl Row {
    /// From what the library tells.
    pub(super) fn new(entry: &PipeEntry) -> Self {
        Self {
            name: entry.name.to_string(),
            instances: entry.instances as u64,
            listening: entry.listening as u64,
            max_instances: Some(entry.max_instances as u64).filter(|&limit| limit < 255),
            r#type: match entry.mode {
                PipeMode::Byte => "byte",
                PipeMode::Message => "message",
            },
            access: format!("{:?}", entry.access).to_lowercase(),
            owner_uid: entry.owner_uid,
            pids: entry.pids.clone(),
            path: entry.path.clone(),
        }
    }

    /// One fact a line.
    pub(super) fn print(&self, out: &mut dyn io::Write) -> io::Result<()> {
        writeln!(out, "name       {}", self.name)?;
        writeln!(out, "type       {}", self.r#type)?;
        writeln!(out, "access     {}", self.access)?;
        writeln!(out, "instances  {} ({} listening)", self.instances, self.listening)?;
        writeln!(out, "limit      {}", self.limit())?;
        writeln!(out, "owner      {}", self.owner_uid)?;
        writeln!(out, "pids       {}", self.pids())?;
        writeln!(out, "path       {}", self.path.display())
    }

    fn limit(&self) -> String {
        self.max_instances.map_or_else(|| "none".to_owned(), |limit| limit.to_string())
    }

    fn pids(&self) -> String {
        self.pids.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
    }
}

/// Prints the pipes, once or for ever.
pub(super) fn run(args: &Ls) -> Outcome {
    let mut rows = rows()?;
    let mut text = render(&rows, args.json.json)?;
    out().write_all(text.as_bytes())?;
    if !args.watch {
        return Ok(0);
    }
    let watch = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
    loop {
        wait_for_change(&watch, &rows)?;
        rows = self::rows()?;
        let new = render(&rows, args.json.json)?;
        if new != text {
            text = new;
            let clear = if io::stdout().is_terminal() { "\x1b[H\x1b[2J" } else { "" };
            write!(out(), "{clear}{text}")?;
            out().flush()?;
        }
    }
}

fn rows() -> ntpipe::Result<Vec<Row>> {
    let mut rows: Vec<Row> = ntpipe::list()?.iter().map(Row::new).collect();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(rows)
}

fn render(rows: &[Row], json: bool) -> io::Result<String> {
    let mut text = String::new();
    if json {
        for row in rows {
            text.push_str(&serde_json::to_string(row)?);
            text.push('\n');
        }
        return Ok(text);
    }
    let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0).max(4);
    let mut line = |name: &str, [instances, limit, kind, owner, pids]: [&str; 5]| {
        let line =
            format!("{name:width$}  {instances:>9}  {limit:>5}  {kind:7}  {owner:>6}  {pids}");
        text.push_str(line.trim_end());
        text.push('\n');
    };
    line("NAME", ["INSTANCES", "LIMIT", "TYPE", "OWNER", "PIDS"]);
    for row in rows {
        let (instances, owner) = (row.instances.to_string(), row.owner_uid.to_string());
        line(&row.name, [&instances, &row.limit(), row.r#type, &owner, &row.pids()]);
    }
    Ok(text)
}

/// Until a pipe or an instance comes or goes; a second at most, for what leaves no trace.
fn wait_for_change(watch: &rustix::fd::OwnedFd, rows: &[Row]) -> io::Result<()> {
    use inotify::WatchFlags as W;
    let changes = W::CREATE | W::DELETE | W::MOVED_TO | W::MOVED_FROM;
    let root = crate::root::root()?.path;
    for path in rows.iter().map(|row| &row.path).chain([&root]) {
        // One that has gone meanwhile is seen at the next look.
        let _ = inotify::add_watch(watch, path, changes);
    }
    let second = Timespec { tv_sec: 1, tv_nsec: 0 };
    poll(&mut [PollFd::new(watch, PollFlags::IN)], Some(&second))?;
    while rustix::io::read(watch, &mut [0u8; 4096]).is_ok_and(|n| n > 0) {}
    Ok(())
}
