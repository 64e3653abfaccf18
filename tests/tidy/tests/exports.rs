//! The functions of `windows.h`: what the headers declare, what `exports.txt` lists, and what the library
//! defines are the same.

use std::collections::BTreeMap;

use ntpipe_tidy::{Source, root, sources};

#[path = "../../../crates/ntpipe-win32/build/sources.rs"]
mod exported;

const LIBRARY: &str = "crates/ntpipe-win32/";

/// What the library exports for its own other parts.
fn is_internal(name: &str) -> bool {
    name.starts_with("ntpipe_")
}

fn below<'a>(all: &'a [Source], dir: &str) -> impl Iterator<Item = &'a Source> {
    let dir = format!("{LIBRARY}{dir}");
    all.iter().filter(move |source| source.path.starts_with(&dir))
}

/// The functions of Windows that the library defines, each with its file.
fn defined() -> BTreeMap<String, String> {
    let (rust, c) = (sources(".rs"), sources(".c"));
    let rust = below(&rust, "src/").flat_map(|source| {
        exported::exported_by_rust(&source.text).into_iter().map(|name| (name, &source.path))
    });
    let c = below(&c, "crt/").flat_map(|source| {
        exported::defined_by_c(&source.text).into_iter().map(|name| (name, &source.path))
    });
    let owned = |(name, path): (&str, &String)| (name.to_owned(), path.clone());
    rust.chain(c).filter(|(name, _)| !is_internal(name)).map(owned).collect()
}

/// The functions that the headers promise, each with its header.
fn promised() -> BTreeMap<String, String> {
    let list = std::fs::read_to_string(root().join(LIBRARY).join("exports.txt")).expect("the list");
    let line = |line: &str| {
        let (header, name) = line.split_once(": ").expect("a header and a name");
        (name.to_owned(), header.to_owned())
    };
    list.lines().map(line).collect()
}

/// Whether a header declares, or defines, a function of this name.
fn declares(header: &str, name: &str) -> bool {
    header.match_indices(name).any(|(at, _)| {
        let before = header[..at].chars().next_back().unwrap_or(' ');
        let behind = &header[at + name.len()..];
        !before.is_alphanumeric() && before != '_' && behind.starts_with('(')
    })
}

fn report(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

#[test]
fn every_promised_function_is_defined() {
    let defined = defined();
    assert!(defined.len() > 100, "the functions are exported otherwise now");
    let missing = promised().into_keys().filter(|name| !defined.contains_key(name));
    report("what exports.txt lists is defined", &missing.collect::<Vec<_>>());
}

#[test]
fn every_promised_function_is_declared_in_its_header() {
    let headers = sources(".h");
    let found: Vec<_> = promised()
        .into_iter()
        .filter(|(name, header)| {
            let path = format!("{LIBRARY}include/{header}");
            let source = headers.iter().find(|source| source.path == path);
            // Headers that Windows has together are split below ntpipe/.
            let parts = below(&headers, "include/ntpipe/");
            !source.into_iter().chain(parts).any(|source| declares(&source.text, name))
        })
        .map(|(name, header)| format!("{header}: {name}"))
        .collect();
    report("what exports.txt lists is in its header", &found);
}

#[test]
fn every_function_of_windows_that_is_defined_is_promised() {
    let promised = promised();
    let found: Vec<_> = defined()
        .into_iter()
        .filter(|(name, _)| !promised.contains_key(name))
        .map(|(name, file)| format!("{name} ({file})"))
        .collect();
    report("what the library exports is in exports.txt and a header", &found);
}

#[test]
fn the_list_of_functions_is_in_order_and_has_each_once() {
    let list = std::fs::read_to_string(root().join(LIBRARY).join("exports.txt")).expect("the list");
    let lines: Vec<_> = list.lines().collect();
    let found: Vec<_> =
        lines.windows(2).filter(|pair| pair[0] >= pair[1]).map(|pair| pair[1].to_owned()).collect();
    report("exports.txt is sorted", &found);
}

#[test]
fn exports_are_found_in_rust_and_in_c() {
    let rust = "/// Doc.\n#[unsafe(no_mangle)]\n#[allow(x)]\npub unsafe extern \"C\" fn One(\n\nfn two() {}";
    assert_eq!(exported::exported_by_rust(rust), ["One"]);
    let c = "API int One(void)\n{\n    Two(1);\n}\nint Three(void);\nVARIADIC(Four, last, (int), 0)\n\
             _Noreturn void Five(int code) {\nstatic int six(void)\nAPI int ntpipe_seven(void)\n";
    assert_eq!(exported::defined_by_c(c), ["One", "Four", "Five"]);
    let header = "#pragma redefine_extname a ntpipe_a\nint b(int) NTPIPE_CRT(b);\n\
                  #pragma redefine_extname c ntpipe_has_no_c\n";
    let symbols = [("a", "ntpipe_a"), ("b", "ntpipe_b")];
    let symbols = symbols.map(|(name, symbol)| (name.to_owned(), symbol.to_owned()));
    assert_eq!(exported::runtime_symbols(header), symbols);
}
