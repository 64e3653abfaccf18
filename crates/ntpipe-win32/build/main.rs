//! Compiles the parts of the library that are C, and makes the table of what `GetProcAddress` finds.

mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Functions of the C runtime that are the C library's own, with the same types there.
const PLAIN: &[&str] = &[
    "abort", "atexit", "atof", "atoi", "bsearch", "calloc", "exit", "fclose", "feof", "ferror",
    "fflush", "fgetc", "fgets", "fputc", "fputs", "fread", "free", "fwrite", "getchar", "getenv",
    "malloc", "memchr", "memcmp", "memcpy", "memmove", "memset", "putchar", "puts", "qsort",
    "rand", "realloc", "srand", "strcat", "strchr", "strcmp", "strcpy", "strcspn", "strlen",
    "strncat", "strncmp", "strncpy", "strpbrk", "strrchr", "strspn", "strstr", "strtod", "strtok",
];

/// Functions that are not where the others of their header are.
const SECURITY: &[&str] = &[
    "GetUserName",
    "ImpersonateNamedPipeClient",
    "LogonUser",
    "LookupAccount",
    "LookupPrivilege",
    "OpenProcessToken",
    "OpenThreadToken",
    "SetThreadToken",
];

fn main() {
    compile();
    let table = table();
    let file = Path::new(&env::var_os("OUT_DIR").expect("cargo sets it")).join("exports.rs");
    fs::write(file, table).expect("the table");
}

fn compile() {
    let files = files(Path::new("crt"), "c");
    println!("cargo::rerun-if-changed=crt");
    cc::Build::new()
        .files(files)
        .std("c11")
        .define("_GNU_SOURCE", None)
        // As the programs that link it: a wchar_t of 16 bits.
        .flag("-fshort-wchar")
        .flag("-Wextra")
        .warnings(true)
        .compile("ntpipe_crt");
}

/// All files below a directory whose names end so, in order.
fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).expect("a directory of the sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a source")
}

/// The table in Rust: all functions by name, sorted, each with the library that has it on Windows.
fn table() -> String {
    for input in ["src", "include", "exports.txt"] {
        println!("cargo::rerun-if-changed={input}");
    }
    let mut exported = BTreeSet::new();
    for file in files(Path::new("src"), "rs") {
        exported.extend(sources::exported_by_rust(&read(&file)).into_iter().map(str::to_owned));
    }
    for file in files(Path::new("crt"), "c") {
        exported.extend(sources::defined_by_c(&read(&file)).into_iter().map(str::to_owned));
    }
    // Name, library and symbol.
    let mut functions = BTreeMap::new();
    let public = read(Path::new("exports.txt"));
    for (header, name) in public.lines().filter_map(|line| line.split_once(": ")) {
        if exported.contains(name) {
            functions.insert(name.to_owned(), (library(header, name), name.to_owned()));
        }
    }
    for header in files(Path::new("include"), "h") {
        for (name, symbol) in sources::runtime_symbols(&read(&header)) {
            functions.insert(name, ("Runtime", symbol));
        }
    }
    for name in PLAIN {
        functions.insert((*name).to_owned(), ("Runtime", (*name).to_owned()));
    }
    let mut text = String::from("unsafe extern \"C\" {\n");
    for (at, (_, symbol)) in functions.values().enumerate() {
        writeln!(text, "    #[link_name = \"{symbol}\"]\n    fn f{at}();").expect("memory");
    }
    text += "}\n/// All of them, sorted by name.\nstatic FUNCTIONS: &[Function] = &[\n";
    for (at, (name, (library, _))) in functions.iter().enumerate() {
        writeln!(
            text,
            "    Function {{ name: \"{name}\", library: Library::{library}, address: f{at} }},"
        )
        .expect("memory");
    }
    text + "];\n"
}

/// The library that has the function on Windows.
fn library(header: &str, name: &str) -> &'static str {
    match header {
        "aclapi.h" | "sddl.h" | "securitybaseapi.h" => "Security",
        "winternl.h" => "Native",
        "winuser.h" => "User",
        "shellapi.h" => "Shell",
        "io.h" | "process.h" => "Runtime",
        _ if SECURITY.iter().any(|begin| name.starts_with(begin)) => "Security",
        _ => "Kernel",
    }
}
