//! Going through the entries of a directory: of all pipes, or of a plain one.

use std::collections::VecDeque;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Mutex;
use std::time::SystemTime;

use crate::failure::Result;
use crate::fileapi::attributes_of;
use crate::sysinfoapi;

/// `FILE_ATTRIBUTE_NORMAL`.
const NORMAL: u32 = 0x80;

/// An entry, as Windows tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Its name, without a path.
    pub name: String,
    /// When it was made, read, written and changed, in units of 100 ns since 1601; 0 for unknown.
    pub times: [u64; 4],
    /// Its size in bytes; of a pipe, its instances.
    pub size: u64,
    /// What it takes on the disk; of a pipe, the limit of instances.
    pub allocation: u64,
    /// `FILE_ATTRIBUTE_*`.
    pub attributes: u32,
    /// A number that tells it from the others.
    pub id: u64,
}

impl Listed {
    /// A file of this name.
    #[must_use]
    pub fn of_file(name: String, meta: &Metadata) -> Self {
        let units = |time: std::io::Result<SystemTime>| time.map_or(0, sysinfoapi::units_of);
        let changed = meta.modified();
        Self {
            name,
            times: [
                units(meta.created().or(meta.modified())),
                units(meta.accessed()),
                units(meta.modified()),
                units(changed),
            ],
            size: if meta.is_dir() { 0 } else { meta.len() },
            allocation: if meta.is_dir() { 0 } else { meta.blocks() * 512 },
            attributes: attributes_of(meta),
            id: meta.ino(),
        }
    }

    //= observed: programs that list pipes read the instances from the size
    fn of_pipe(pipe: ntpipe::PipeEntry) -> Self {
        let limit = if pipe.max_instances == 255 { u32::MAX } else { pipe.max_instances };
        let id = id_of(&pipe.name);
        Self {
            name: pipe.name,
            size: pipe.instances.into(),
            allocation: limit.into(),
            attributes: NORMAL,
            id,
            ..Self::default()
        }
    }
}

/// A number for a pipe, by its name.
#[must_use]
pub fn id_of(name: &str) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let folded = name.to_lowercase();
    folded.bytes().fold(BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

/// The entries that are still to be told.
#[derive(Debug, Default)]
pub struct Scan {
    left: VecDeque<Listed>,
    /// Whether anything was asked of it already.
    pub begun: bool,
}

impl Scan {
    /// All pipes whose names match.
    ///
    /// # Errors
    /// `ERROR_ACCESS_DENIED` if they may not be listed.
    pub fn of_pipes(pattern: &str) -> Result<Self> {
        let pipes = ntpipe::list()?.into_iter().map(Listed::of_pipe);
        Ok(Self::of(pipes.filter(|pipe| matches(pattern, &pipe.name))))
    }

    /// The entries of a directory whose names match.
    ///
    /// # Errors
    /// The system calls'.
    pub fn of_directory(path: &Path, pattern: &str) -> Result<Self> {
        let mut listed = Vec::new();
        for (name, of) in [(".", path.to_owned()), ("..", path.join(".."))] {
            if matches(pattern, name) {
                listed.push(Listed::of_file(name.to_owned(), &std::fs::metadata(of)?));
            }
        }
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // What has vanished meanwhile is no entry; a link that leads nowhere is one.
            let meta = std::fs::metadata(entry.path()).or_else(|_| entry.metadata());
            if let Ok(meta) = meta
                && matches(pattern, &name)
            {
                listed.push(Listed::of_file(name, &meta));
            }
        }
        Ok(Self::of(listed.into_iter()))
    }

    /// One entry alone.
    #[must_use]
    pub fn of_one(listed: Listed) -> Self {
        Self { left: VecDeque::from([listed]), begun: false }
    }

    fn of(entries: impl Iterator<Item = Listed>) -> Self {
        let mut left: Vec<_> = entries.collect();
        left.sort_by(|one, two| one.name.cmp(&two.name));
        Self { left: left.into(), begun: false }
    }

    /// The next entry, which stays the next one.
    #[must_use]
    pub fn peek(&self) -> Option<&Listed> {
        self.left.front()
    }

    /// The next entry.
    pub fn take_next(&mut self) -> Option<Listed> {
        self.left.pop_front()
    }
}

/// A search behind a handle of `FindFirstFile`.
#[derive(Debug)]
pub struct FindObject(pub Mutex<Scan>);

/// Whether a name matches a pattern with `*` and `?`. `*.*` is everything, as it always was.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let fold = |text: &str| text.chars().flat_map(char::to_uppercase).collect::<Vec<_>>();
    let pattern = if pattern.is_empty() || pattern == "*.*" { "*" } else { pattern };
    let (pattern, name) = (fold(pattern), fold(name));
    // Where to go on when a longer stretch for the last star is tried.
    let (mut at, mut of, mut retry) = (0, 0, None);
    while of < name.len() {
        match pattern.get(at) {
            Some('*' | '<') => {
                at += 1;
                retry = Some((at, of));
            }
            Some('?' | '>') => (at, of) = (at + 1, of + 1),
            Some('"') if name[of] == '.' => (at, of) = (at + 1, of + 1),
            Some(c) if *c == name[of] => (at, of) = (at + 1, of + 1),
            _ => {
                let Some((after_star, from)) = retry else { return false };
                retry = Some((after_star, from + 1));
                (at, of) = (after_star, from + 1);
            }
        }
    }
    pattern[at..].iter().all(|c| matches!(c, '*' | '<'))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_and_question_marks_match() {
        for (pattern, name, answer) in [
            ("*", "anything", true),
            ("*.*", "nodot", true),
            ("", "anything", true),
            ("a*c", "ABBC", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*c", "abcd", false),
            ("?b", "ab", true),
            ("?b", "b", false),
            ("*.txt", "x.TXT", true),
            ("<\"txt", "x.txt", true),
            ("exact", "exactly", false),
            ("a**", "a", true),
        ] {
            assert_eq!(matches(pattern, name), answer, "{pattern} {name}");
        }
    }
}
