//! The namespace: how a name becomes a connection between two processes.
//!
//! A pipe is a directory in a root that all who want to meet share:
//!
//! ```text
//! <root>/<encoded name>/
//!   pipe                        what the pipe is; each server process holds a shared lock on it
//!   security                    who may open it, if that was told at length, or changed
//!   lock                        byte 0: set-up lock; byte 1+i: instance i, locked for its life
//!   l<order>.<in>.<out>         an instance that listens, a socket; oldest first by name
//! <root>/.events-<uid>/         the named events of a user; no pipe's directory begins with a dot
//! ```
//!
//! Whether something lives is told by locks alone, and the kernel releases those of a killed
//! process. What such a process leaves behind is swept by the next one that creates an instance.
//!
//! Nothing here waits, with one exception: the set-up lock, held for a handful of system calls by
//! processes of the pipe's owner only.

mod carry;
mod lookup;
mod meta;
mod place;
mod policy;
mod private;
mod publish;
mod root;
mod setup;
mod trace;
mod watch;

pub use carry::Carried;
pub use lookup::{Entry, Opened, Protection};
pub use meta::Meta;
pub use place::{Listening, Place};
pub use policy::Policy;
pub use publish::{CreateParams, Listener, Pipe};
pub use root::Namespace;
pub(crate) use trace::Trace;
pub use watch::Watch;

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Dir, Mode, OFlags, openat};
use rustix::io;

/// The file that tells what the pipe is.
const META: &str = "pipe";
/// The file of the locks.
const LOCK: &str = "lock";
/// What temporary files begin with; outside of the set-up lock they are leftovers.
const TEMP: char = 't';

/// The file name of a listening instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ListeningName {
    order: u64,
    in_quota: u32,
    out_quota: u32,
}

impl ListeningName {
    fn parse(file: &str) -> Option<Self> {
        let mut parts = file.strip_prefix('l')?.split('.');
        let mut digits = || parts.next().filter(|p| p.bytes().all(|b| b.is_ascii_digit()));
        let name = Self {
            order: digits().filter(|p| p.len() == 20)?.parse().ok()?,
            in_quota: digits()?.parse().ok()?,
            out_quota: digits()?.parse().ok()?,
        };
        (parts.next().is_none() && name.file() == file).then_some(name)
    }

    fn file(&self) -> String {
        format!("l{:020}.{}.{}", self.order, self.in_quota, self.out_quota)
    }
}

/// The listening instances in `dir`, oldest first.
fn listening_in(dir: impl AsFd) -> io::Result<Vec<ListeningName>> {
    let mut found: Vec<_> =
        files_in(dir)?.iter().filter_map(|file| ListeningName::parse(file)).collect();
    found.sort_unstable();
    Ok(found)
}

/// The names in `dir` that are UTF-8, as all of ours are.
fn files_in(dir: impl AsFd) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in Dir::read_from(dir)? {
        let entry = entry?;
        match entry.file_name().to_str() {
            Ok("." | "..") | Err(_) => {}
            Ok(name) => found.push(name.to_owned()),
        }
    }
    Ok(found)
}

fn open_dir_at(dir: impl AsFd, name: &str) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(dir, name, flags, Mode::empty())
}

fn open_file_at(dir: impl AsFd, name: &str) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    openat(dir, name, flags, Mode::empty())
}

/// The groups of this process, the effective one first.
fn own_groups() -> Vec<u32> {
    let mut groups = vec![rustix::process::getegid().as_raw()];
    groups.extend(rustix::process::getgroups().unwrap_or_default().iter().map(|gid| gid.as_raw()));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_listening_instances_read_back() {
        let name = ListeningName { order: 7, in_quota: 4096, out_quota: u32::MAX };
        assert_eq!(name.file(), "l00000000000000000007.4096.4294967295");
        assert_eq!(ListeningName::parse(&name.file()), Some(name));
        for file in ["l7.1.1", "l00000000000000000007.1", "l00000000000000000007.1.1.1", "lock"] {
            assert_eq!(ListeningName::parse(file), None, "{file}");
        }
    }
}
