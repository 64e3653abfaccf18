//! The headers compile without a word in every language that programs are written in, each of them alone
//! and first as well; and their structures lie as a compiler for Windows lays them out.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use ntpipe_c_suite::{build, root};

const WARNINGS: [&str; 4] = ["-fsyntax-only", "-Wall", "-Wextra", "-pedantic"];

fn compile(language: &str, standard: &str, flags: &[&str], text: &str) -> Output {
    let mode = if language == "c" { "cc" } else { "c++" };
    let mut command = Command::new(build::ntpipe());
    command
        .args([mode, "-x", language, &format!("-std={standard}")])
        .args(WARNINGS)
        .args(flags)
        .arg("-");
    let mut child =
        command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ntpipe runs");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("written");
    child.wait_with_output().expect("it ends")
}

fn silent(language: &str, standard: &str, flags: &[&str], text: &str) {
    if language == "c++" && !build::has_cpp() {
        return;
    }
    let output = compile(language, standard, flags, text);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && told.is_empty(),
        "{language} {standard} {flags:?}\n{text}{told}"
    );
}

#[test]
fn the_umbrella_is_silent_in_every_standard() {
    let text = "#include <windows.h>\n";
    for standard in ["c89", "c99", "c11", "c17", "c2x", "gnu17"] {
        for flags in [&[][..], &["-DUNICODE", "-D_UNICODE"], &["-DWIN32_LEAN_AND_MEAN"]] {
            silent("c", standard, flags, text);
        }
    }
    for standard in ["c++98", "c++11", "c++14", "c++17", "c++20", "c++2b"] {
        for flags in [&[][..], &["-DUNICODE", "-D_UNICODE"]] {
            silent("c++", standard, flags, text);
        }
    }
}

/// What the C library has not, or has otherwise: called, so that what is inline is looked at too.
#[test]
fn headers_of_the_runtime_are_silent_in_every_standard() {
    let names =
        ["direct", "process", "io", "fcntl", "sys/stat", "sys/timeb", "stdlib", "stdio", "time"];
    let headers: String = names.iter().map(|name| format!("#include <{name}.h>\n")).collect();
    let calls = "int main(void) {\n\
                 struct _stat one; struct _timeb moment; char whole[9]; char *words[2];\n\
                 words[0] = whole; words[1] = NULL;\n\
                 _ftime(&moment);\n\
                 _makepath(whole, \"c\", NULL, \"n\", NULL);\n\
                 return _stat(_getcwd(whole, 9), &one) + (int)one.st_mtime + moment.dstflag\n\
                 + _access(whole, 0) + (int)_spawnv(_P_WAIT, whole, words)\n\
                 + (int)_rotl(1u, 2) + (int)_byteswap_ulong(3u);\n\
                 }\n";
    let text = format!("{headers}{calls}");
    for standard in ["c89", "c99", "c11", "c17", "c2x", "gnu17"] {
        silent("c", standard, &[], &text);
    }
    for standard in ["c++98", "c++11", "c++14", "c++17", "c++20", "c++2b"] {
        silent("c++", standard, &[], &text);
    }
}

#[test]
fn each_header_is_silent_alone() {
    let entries = fs::read_dir(root().join("crates/ntpipe-win32/include")).expect("the headers");
    for entry in entries {
        let name = entry.expect("a header").file_name();
        let Some(name) = name.to_str().filter(|name| name.ends_with(".h")) else { continue };
        let text = format!("#include <{name}>\n#include <windows.h>\n");
        silent("c", "c11", &[], &text);
        silent("c++", "c++17", &[], &text);
    }
}

#[test]
fn headers_of_the_system_may_stand_before_and_behind() {
    let system =
        ["stdio", "stdlib", "string", "unistd", "fcntl", "sys/types", "sys/stat", "sys/socket"];
    let more =
        ["pthread", "signal", "time", "errno", "wchar", "math", "limits", "poll", "sys/mman"];
    let all: String =
        system.iter().chain(&more).map(|name| format!("#include <{name}.h>\n")).collect();
    let library = "#include <iostream>\n#include <string>\n#include <vector>\n#include <thread>\n\
                   #include <mutex>\n#include <atomic>\n#include <filesystem>\n";
    let windows = "#include <windows.h>\n";
    for text in [format!("{all}{windows}"), format!("{windows}{all}")] {
        silent("c", "gnu11", &[], &text);
    }
    for text in [format!("{all}{library}{windows}"), format!("{windows}{all}{library}")] {
        silent("c++", "gnu++20", &[], &text);
    }
}

/// What `layout.c` prints, compiled here and by a compiler for Windows.
#[test]
fn structures_lie_as_on_windows() {
    if std::env::var_os("NTPIPE_WINE").is_none() {
        return;
    }
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let source = root().join("crates/ntpipe-win32/tests/layout.c");
    let native = dir.join("layout");
    let done = |command: &mut Command| {
        let output = command.output().expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{command:?}\n{told}");
        String::from_utf8_lossy(&output.stdout).replace('\r', "")
    };
    done(Command::new(build::ntpipe()).arg("cc").arg(&source).arg("-o").arg(&native));
    let windows = dir.join("layout.exe");
    done(Command::new("x86_64-w64-mingw32-gcc").arg(&source).arg("-o").arg(&windows));
    let mut wine = Command::new("wine");
    wine.arg(&windows).env("WINEPREFIX", dir.join("wine")).env("WINEDEBUG", "-all");
    let (here, there) = (done(&mut Command::new(&native)), done(&mut wine));
    let differ = here.lines().zip(there.lines()).find(|(one, other)| one != other);
    assert!(differ.is_none() && here.lines().count() > 1000, "{differ:?}");
    assert_eq!(here.lines().count(), there.lines().count());
}
