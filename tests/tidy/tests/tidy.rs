//! Rules of the sources and documents, checked as tests. Each failure names file, line and rule.

use std::collections::{BTreeMap, BTreeSet};

use ntpipe_tidy::{Source, fnv1a, root, sources};

const FILE_LINES_MAX: usize = 600;
const LINE_CHARS_MAX: usize = 110;
/// The table of error codes has one row a line.
const LONG_LINES: &[&str] = &["crates/ntpipe-core/src/status.rs"];

/// The files that may contain `unsafe`.
const UNSAFE: &[&str] = &[
    "crates/ntpipe-shm/src/bare.rs",
    "crates/ntpipe-shm/src/block.rs",
    "crates/ntpipe-shm/src/bytes.rs",
    "crates/ntpipe-shm/src/generation.rs",
    "crates/ntpipe-shm/src/generation/copy.rs",
    "crates/ntpipe-shm/src/handover.rs",
    "crates/ntpipe-shm/src/lock.rs",
    "crates/ntpipe-shm/src/lockfile.rs",
    "crates/ntpipe-shm/src/peer.rs",
    "crates/ntpipe-shm/src/prefetch.rs",
    "crates/ntpipe-shm/src/quiet.rs",
    "crates/ntpipe-shm/src/segment.rs",
];

/// Where C's pointers are looked at: the files of the C library, but for those of its objects.
const UNSAFE_DIR: &str = "crates/ntpipe-win32/src/";
const SAFE_DIR: &str = "crates/ntpipe-win32/src/object";

/// Windows' words, for which shared memory has no use.
const WINDOWS: &[&str] = &["pipe", "message", "client", "server", "instance", "handle"];

fn report(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

fn at(source: &Source, line: usize, what: &str) -> String {
    format!("  {}:{line}: {what}", source.path)
}

#[test]
fn files_and_lines_are_short() {
    let mut found = Vec::new();
    for source in sources(".rs") {
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX {
            found.push(at(&source, lines, "too many lines"));
        }
        for (number, line) in source.lines() {
            let long = line.chars().count() > LINE_CHARS_MAX;
            if long && !LONG_LINES.contains(&source.path.as_str()) {
                found.push(at(&source, number, "too long"));
            }
        }
    }
    report("files of at most 600 lines, lines of at most 110 characters", &found);
}

#[test]
fn shared_memory_knows_no_word_of_windows() {
    let mut found = Vec::new();
    for source in sources(".rs") {
        if !source.path.starts_with("crates/ntpipe-shm/src/") {
            continue;
        }
        for (number, line) in source.lines() {
            let line = line.to_lowercase().replace("rustix::pipe", "");
            let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            for word in words.filter(|word| WINDOWS.contains(word)) {
                found.push(at(&source, number, word));
            }
        }
    }
    report("ntpipe-shm says nothing of pipes", &found);
}

/// The rules neither start threads nor read clocks; the layer above waits.
#[test]
fn the_rules_start_no_thread_and_read_no_clock() {
    const WORDS: &[&str] =
        &["thread::", "Instant", "SystemTime", "clock_gettime", "fork", "sleep("];
    let mut found = Vec::new();
    for source in sources(".rs") {
        if !source.path.starts_with("crates/ntpipe-core/src/") {
            continue;
        }
        for (number, line) in source.lines() {
            let code = line.split("//").next().unwrap_or_default();
            for word in WORDS.iter().filter(|word| code.contains(**word)) {
                found.push(at(&source, number, word));
            }
        }
    }
    report("ntpipe-core waits for nothing", &found);
}

#[test]
fn unsafe_stays_where_it_is_allowed() {
    let allow = concat!("allow(", "unsafe_code)");
    let found: Vec<_> = sources(".rs")
        .iter()
        .filter(|source| source.text.contains(allow) && !may_be_unsafe(&source.path))
        .map(|source| at(source, 1, "not in the list of files with unsafe code"))
        .collect();
    report("unsafe code", &found);
}

fn may_be_unsafe(path: &str) -> bool {
    path.starts_with(UNSAFE_DIR) && !path.starts_with(SAFE_DIR) || UNSAFE.contains(&path)
}

/// The names in `SYNC(name)` of a line, each with what stands behind it.
fn sync_marks(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.split(concat!("SYNC", "(")).skip(1).filter_map(|rest| rest.split_once(')'))
}

/// The names in `SYNC(name)` of a line.
fn sync_names(line: &str) -> impl Iterator<Item = &str> {
    sync_marks(line).map(|it| it.0)
}

/// The places that carry one name.
#[derive(Default)]
struct Edge {
    places: Vec<String>,
    /// Which of them may release, and which acquire.
    releases: Vec<usize>,
    acquires: Vec<usize>,
    /// One place is both sides, in two threads.
    with_itself: bool,
}

impl Edge {
    fn add(&mut self, place: String, told: &str) -> Result<(), String> {
        let at = self.places.len();
        let ordering = told.trim_start_matches(": ").split(|c: char| !c.is_alphanumeric()).next();
        let (release, acquire) = match ordering {
            Some("Release") => (true, false),
            Some("Acquire") => (false, true),
            Some("AcqRel" | "SeqCst") => (true, true),
            _ => return Err(format!("{place}\n    does not begin with its ordering")),
        };
        self.releases.extend(release.then_some(at));
        self.acquires.extend(acquire.then_some(at));
        self.with_itself |= told.contains("Pairs with itself");
        self.places.push(place);
        Ok(())
    }

    fn has_both_sides(&self) -> bool {
        let pairs = |one: &usize| self.acquires.iter().any(|other| one != other);
        self.with_itself || self.releases.iter().any(pairs)
    }
}

#[test]
fn every_ordering_edge_has_two_sides_and_a_paragraph() {
    let mut edges: BTreeMap<String, Edge> = BTreeMap::new();
    let mut found = Vec::new();
    for source in sources(".rs") {
        if !source.path.starts_with("crates/") || !source.path.contains("/src/") {
            continue;
        }
        for (number, line) in source.lines() {
            for (name, told) in sync_marks(line) {
                let edge = edges.entry(name.to_owned()).or_default();
                found.extend(edge.add(at(&source, number, line.trim()), told).err());
            }
        }
    }
    let protocol = std::fs::read_to_string(root().join("docs/protocol.md")).expect("the protocol");
    let told: BTreeSet<&str> =
        protocol.lines().filter(|line| line.starts_with("### ")).flat_map(sync_names).collect();
    for (name, edge) in &edges {
        if !told.contains(name.as_str()) {
            found.push(format!("  {name} has no heading in docs/protocol.md"));
        }
        if !edge.has_both_sides() {
            found.push(format!("  {name} has one side only:\n{}", edge.places.join("\n")));
        }
    }
    for name in told.iter().filter(|name| !edges.contains_key(**name)) {
        found.push(format!("  {name} is explained in docs/protocol.md, but not used"));
    }
    report("ordering edges", &found);
}

#[test]
fn an_ordering_edge_needs_a_releasing_and_an_acquiring_side() {
    let edge = |told: &[&str]| {
        let mut edge = Edge::default();
        told.iter().try_for_each(|told| edge.add(String::new(), told)).map(|()| edge)
    };
    for (told, both) in [
        (&[": Release. Pairs with the load", ": Acquire, here and below."][..], true),
        (&[": AcqRel. One", ": SeqCst. Other"], true),
        (&[": AcqRel. Pairs with itself"], true),
        (&[": AcqRel. Pairs with the other"], false),
        (&[": Acquire. One", ": Acquire. Pairs with a store"], false),
        (&[": Release. Pairs with a load"], false),
    ] {
        assert_eq!(edge(told).map(|edge| edge.has_both_sides()), Ok(both), "{told:?}");
    }
    assert!(edge(&[": the other side of it"]).is_err());
}

/// The texts between `before` and a quotation mark.
fn quoted<'a>(line: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    line.split(before).skip(1).filter_map(|rest| rest.split_once('"')).map(|it| it.0)
}

#[test]
fn every_point_of_death_has_a_name_of_its_own_and_a_test() {
    let mut points: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut tested: BTreeSet<String> = BTreeSet::new();
    for source in sources(".rs") {
        let in_tests = source.path.split('/').any(|part| part == "tests");
        for (number, line) in source.lines() {
            if in_tests {
                // As `NTPIPE_CRASH_AT` wants them: with how often, or without.
                let names = line.split('"').skip(1).step_by(2);
                tested.extend(names.map(|name| name.split('@').next().unwrap_or(name).to_owned()));
                continue;
            }
            for name in quoted(line, concat!("crash::", "point(\"")) {
                points.entry(name.to_owned()).or_default().push(at(&source, number, name));
            }
        }
    }
    assert!(points.len() > 5, "the points are called otherwise now");
    let mut found = Vec::new();
    for (name, places) in &points {
        if places.len() > 1 {
            found.push(format!("  {name} is the name of several:\n{}", places.join("\n")));
        }
        if !tested.contains(name) {
            found.push(format!("{} is in no test", places.join("\n")));
        }
    }
    report("points at which a process may die", &found);
}

/// Orderings that are not relaxed and have no SYNC comment within the function around them.
#[test]
fn every_strong_ordering_is_explained_nearby() {
    const NEAR: usize = 50;
    let mut found = Vec::new();
    for source in sources(".rs") {
        if !source.path.starts_with("crates/") || !source.path.contains("/src/") {
            continue;
        }
        let lines: Vec<&str> = source.text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let strong = ["Acquire)", "Release)", "AcqRel)", "SeqCst)", "AcqRel,", "Acquire,"]
                .iter()
                .any(|ordering| code.contains(ordering));
            let explained = || {
                let from = index.saturating_sub(NEAR);
                lines[from..=index].iter().any(|line| sync_names(line).next().is_some())
            };
            let test = lines[..index].iter().any(|line| line.starts_with("mod tests"));
            if strong && !code.trim_start().starts_with("use ") && !test && !explained() {
                found.push(at(&source, index + 1, line.trim()));
            }
        }
    }
    report("orderings without a SYNC comment", &found);
}

/// What a thread holds at a `fork` is held for ever in the copy.
#[test]
fn nothing_static_is_a_lock_that_a_copy_of_the_process_would_share() {
    const WAITS: &[&str] = &["Mutex", "RwLock", "Condvar", "OnceLock", "LazyLock", "sync::Once"];
    let mut found = Vec::new();
    for source in sources(".rs") {
        if !source.path.starts_with("crates/") || source.path.contains("/tests") {
            continue;
        }
        let of_std = |line: &&str| line.contains("use std::sync::") && line.contains("Once,");
        found.extend(source.text.lines().find(of_std).map(|line| at(&source, 1, line)));
        for (number, line) in source.lines() {
            let kind =
                line.split_once("static ").and_then(|it| it.1.split_once(": ")).map(|it| it.1);
            let kind = kind.unwrap_or_default();
            let begins_anew = kind.starts_with("PerProcess<") || line.contains("static ref");
            if !begins_anew && WAITS.iter().any(|word| kind.contains(word)) {
                found.push(at(&source, number, line.trim()));
            }
        }
    }
    report("statics at which a copy by fork can hang; see ntpipe-shm's generation.rs", &found);
}

#[test]
fn no_work_is_left_in_comments() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let mut found = Vec::new();
    for source in sources(".rs").into_iter().chain(sources(".md")) {
        for (number, line) in source.lines() {
            let mut words = line.split(|c: char| !c.is_alphanumeric());
            if words.any(|word| marks.contains(&word)) {
                found.push(at(&source, number, line.trim()));
            }
        }
    }
    report("notes on work left to do belong into issues", &found);
}

#[test]
fn the_layout_is_the_one_that_its_document_describes() {
    let layout = std::fs::read(root().join("crates/ntpipe-shm/src/layout.rs")).expect("layout.rs");
    let document = std::fs::read_to_string(root().join("docs/segment.md")).expect("segment.md");
    let hash = format!("{:016x}", fnv1a(&layout));
    assert!(
        document.contains(&hash),
        "layout.rs changed: bring docs/segment.md up to date, and write its hash {hash} there"
    );
}

#[test]
fn links_between_documents_resolve() {
    let mut found = Vec::new();
    for source in sources(".md") {
        let path = root().join(&source.path);
        let dir = path.parent().expect("a file is in a directory");
        for (number, line) in source.lines() {
            for link in line.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
                let target = link.0.split('#').next().unwrap_or_default();
                if !target.contains("://") && !target.is_empty() && !dir.join(target).exists() {
                    found.push(at(&source, number, target));
                }
            }
        }
    }
    report("links to files that are not there", &found);
}
