//! The shared library, made from the static one.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{Result, output, run};

/// The version of all symbols, and with the soname what binary compatibility hangs on.
const SYMBOL_VERSION: &str = "NTPIPE_0.1";
const SONAME: &str = "libntpipe.so.0";

/// Where programs begin: the archive has these for programs that lack them, and headers name them.
const ENTRIES: [&str; 3] = ["main", "wmain", "wWinMain"];

/// Links what the headers declare. Only that is taken from the archive: the members that hold `main`
/// are for programs alone.
pub(crate) fn link_shared(archive: &Path, include: &Path, library: &Path) -> Result<()> {
    let mut declared = BTreeSet::new();
    names_in(include, &mut declared)?;
    let symbols = output(Command::new("readelf").args(["-sW"]).arg(archive))?;
    let exported: BTreeSet<&str> = symbols
        .lines()
        .filter_map(defined)
        .filter(|name| declared.contains(*name) || name.starts_with("__wrap_"))
        .filter(|name| !ENTRIES.contains(name))
        .collect();

    let mut map = format!("{SYMBOL_VERSION} {{\n  global:\n");
    let mut wanted = String::new();
    for name in &exported {
        map.push_str(&format!("    {name};\n"));
        wanted.push_str(&format!("-Wl,-u,{name}\n"));
    }
    map.push_str("  local: *;\n};\n");
    let map_file = library.with_extension("map");
    let wanted_file = library.with_extension("symbols");
    fs::write(&map_file, map)?;
    fs::write(&wanted_file, wanted)?;

    let at = |option: &str, file: &Path| {
        let mut word = OsString::from(option);
        word.push(file);
        word
    };
    let _ = fs::remove_file(library);
    let linked = run(Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()))
        .args(["-shared", "-Wl,-z,defs", "-Wl,--gc-sections", "-o"])
        .arg(library)
        .arg(format!("-Wl,-soname,{SONAME}"))
        .arg(at("-Wl,--version-script=", &map_file))
        .arg(at("@", &wanted_file))
        .arg(archive)
        .args(["-lgcc_s", "-lpthread", "-ldl", "-lm", "-lrt", "-lc"]));
    fs::remove_file(&map_file)?;
    fs::remove_file(&wanted_file)?;
    linked
}

/// The name in a line of readelf about a symbol that other files see: number, value, size, type, binding,
/// visibility, section, name. (nm has plugins that fail on the bitcode in Rust's objects.)
fn defined(line: &str) -> Option<&str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        [_, _, _, _, "GLOBAL" | "WEAK", "DEFAULT", section, name] if section != "UND" => Some(name),
        _ => None,
    }
}

/// Puts the members that begin a program into an archive of their own, to stand beside the shared
/// library.
pub(crate) fn split_entry(archive: &Path, entry: &Path) -> Result<()> {
    let members = output(Command::new("ar").arg("t").arg(archive))?;
    let members: Vec<&str> = members.lines().filter(|name| name.contains("-entry_")).collect();
    let dir = entry.with_extension("members");
    fs::create_dir_all(&dir)?;
    run(Command::new("ar").current_dir(&dir).arg("x").arg(archive).args(&members))?;
    let _ = fs::remove_file(entry);
    run(Command::new("ar").current_dir(&dir).arg("rcs").arg(entry).args(&members))?;
    fs::remove_dir_all(&dir)?;
    Ok(())
}

/// The names of all headers: whatever of these the archive defines is public. Windows' own functions of
/// the C runtime have symbols with a prefix.
fn names_in(dir: &Path, names: &mut BTreeSet<String>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            names_in(&path, names)?;
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let mut before = "";
        for name in
            text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|it| !it.is_empty())
        {
            let prefix = if before == "NTPIPE_CRT" { "ntpipe_" } else { "" };
            names.insert(format!("{prefix}{name}"));
            before = name;
        }
    }
    Ok(())
}
