//! `ntpipe cc` and `ntpipe c++`: programs for Windows, compiled and run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A directory for one test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("ntpipe-cc-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).expect("a directory");
        Self(dir)
    }

    /// Writes a source and compiles it to `program`.
    fn compile(&self, command: &str, file: &str, source: &str) -> Output {
        fs::write(self.0.join(file), source).expect("a source");
        ntpipe(&self.0, &[command, file, "-o", "program"])
    }

    /// Compiles it, runs it, and gives what it prints.
    fn run(&self, command: &str, file: &str, source: &str, args: &[&str]) -> String {
        let compiled = self.compile(command, file, source);
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        let mut program = Command::new(self.0.join("program"));
        let output = program.current_dir(&self.0).args(args).output().expect("it runs");
        String::from_utf8(output.stdout).expect("text")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Without a C++ compiler, which nothing but this needs, nothing of C++ is tried.
fn has_cpp() -> bool {
    let found = ["c++", "g++", "clang++"].iter().any(|name| {
        Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    });
    if !found {
        eprintln!("there is no C++ compiler");
    }
    found
}

fn ntpipe(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ntpipe"))
        .current_dir(dir)
        .args(args)
        .env_remove("NTPIPE_SDK")
        .output()
        .expect("ntpipe runs")
}

/// Compares what a program of the library's tests prints with what it prints on Windows.
fn compare(name: &str) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ntpipe-win32/tests");
    let file = format!("{name}.c");
    let source = fs::read_to_string(tests.join(&file)).expect("a source");
    let expected = fs::read_to_string(tests.join(format!("{name}.txt"))).expect("an output");
    let printed = Place::new(name).run("cc", &file, &source, &[]);
    for (mine, theirs) in printed.lines().zip(expected.lines()) {
        assert_eq!(mine, theirs);
    }
    assert_eq!(printed, expected);
}

#[test]
fn the_runtime_answers_as_windows_does() {
    compare("crt");
}

#[test]
fn messages_are_formatted_as_windows_does() {
    compare("message");
}

#[test]
fn handles_reach_other_processes_as_on_windows() {
    compare("handles");
}

#[test]
fn processes_start_suspended_and_inherit_what_they_may() {
    compare("process");
}

#[test]
fn descriptors_and_handles_stand_for_each_other() {
    compare("descriptor");
}

#[test]
fn programs_start_others_with_words_and_descriptors() {
    compare("spawn");
}

#[test]
fn paths_and_files_are_what_they_are_on_windows() {
    compare("paths");
}

#[test]
fn a_program_finds_its_own_functions_by_name() {
    let source = r#"
        #include <windows.h>
        #include <stdio.h>
        __declspec(dllexport) int answer(void) { return 42; }
        int main(void) {
            HMODULE self = GetModuleHandleA(NULL), found = NULL;
            FARPROC own = GetProcAddress(self, "answer");
            printf("%d ", own ? ((int (*)(void))own)() : -1);
            printf("%d ", GetProcAddress(self, "puts") == NULL && GetLastError() == 127);
            printf("%d\n", GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, (LPCSTR)answer, &found)
                   && found == self);
        }
    "#;
    let place = Place::new("own");
    fs::write(place.0.join("own.c"), source).expect("a source");
    let compiled = ntpipe(&place.0, &["cc", "-rdynamic", "own.c", "-o", "program"]);
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let output = Command::new(place.0.join("program")).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "42 1 1\n");
}

#[test]
fn programs_begin_at_main_wmain_or_winmain() {
    let place = Place::new("entry");
    let begins = [
        ("cc", "int main(int c, char **v) { (void)c; puts(v[1]); return 0; }"),
        ("cc", "int wmain(int c, wchar_t **v) { (void)c; wprintf(L\"%s\\n\", v[1]); return 0; }"),
        ("c++", "int wmain(int, wchar_t *v[]) { wprintf(L\"%s\\n\", v[1]); return 0; }"),
        ("c++", "int wmain(int, const wchar_t *v[]) { wprintf(L\"%s\\n\", v[1]); return 0; }"),
        ("c++", "int wmain(int, wchar_t **v, wchar_t **) { _putws(v[1]); return 0; }"),
        ("c++", "extern \"C\" int wmain(int, wchar_t **v) { _putws(v[1]); return 0; }"),
        (
            "cc",
            "int WinMain(void *a, void *b, char *line, int d) { puts(line); return !d + !!a + !!b; }",
        ),
        (
            "cc",
            "int wWinMain(void *a, void *b, wchar_t *l, int d) { _putws(l); return !d + !!a + !!b; }",
        ),
    ];
    for (command, begin) in begins {
        if command == "c++" && !has_cpp() {
            continue;
        }
        let file = if command == "cc" { "begin.c" } else { "begin.cpp" };
        let source = format!("#include <stdio.h>\n#include <wchar.h>\n{begin}\n");
        assert_eq!(place.run(command, file, &source, &["ü€😀"]), "ü€😀\n", "{begin}");
    }
    let nothing = place.compile("cc", "nothing.c", "int something(void) { return 1; }\n");
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("WinMain"));
}

#[test]
fn wide_strings_and_streams_of_cpp_have_16_bits() {
    if !has_cpp() {
        return;
    }
    let source = r##"
        #include <iostream>
        #include <sstream>
        #include <string>
        int main() {
            std::wstring text = L"\x4f60 and a text that needs memory of its own";
            text.append(3, L'!');
            std::wcout << text << L' ' << text.find(L"needs") << L' ' << 2.5 << std::endl;
            std::wstringstream both(L"12 word");
            int number; std::wstring word;
            both >> number >> word;
            std::wcout << word << number << L' ' << std::stoi(L"42") << std::to_wstring(1ULL << 40)
                       << std::endl;
            std::cout << sizeof(wchar_t) << std::endl;
            std::wstring line;
            std::wistringstream lines(L"one\ntwo");
            while (std::getline(lines, line)) std::wcout << line << L';';
            std::wcout << std::endl;
        }
    "##;
    let printed = Place::new("streams").run("c++", "streams.cpp", source, &[]);
    let expected = "你 and a text that needs memory of its own!!! 18 2.5\n\
                    word12 421099511627776\n2\none;two;\n";
    assert_eq!(printed, expected);
}

#[test]
fn what_cannot_work_with_16_bits_is_refused() {
    if !has_cpp() {
        return;
    }
    let place = Place::new("refused");
    let file = "#include <fstream>\nint main() { std::wofstream file(\"x\"); }\n";
    assert!(!place.compile("c++", "file.cpp", file).status.success());
    let call =
        "#include <wchar.h>\nint main(void) { wchar_t c; return (int)mbrtowc(&c, \"a\", 1, 0); }\n";
    assert!(!place.compile("cc", "call.c", call).status.success());
}

#[test]
fn the_printed_flags_are_enough_for_another_build() {
    let place = Place::new("flags");
    let source =
        "#include <stdio.h>\nint main(void) { printf(\"%I64d %S\\n\", 1LL << 40, L\"wide\"); }\n";
    fs::write(place.0.join("flags.c"), source).expect("a source");
    let flags = |which| {
        let printed = ntpipe(&place.0, &["cc", which]);
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        String::from_utf8(printed.stdout).expect("text").trim().to_owned()
    };
    let script =
        format!("cc {} flags.c {} -o program && ./program", flags("--cflags"), flags("--libs"));
    let output =
        Command::new("sh").current_dir(&place.0).args(["-c", &script]).output().expect("sh");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1099511627776 wide\n", "{output:?}");
}

#[test]
fn a_missing_library_is_explained() {
    let output = Command::new(env!("CARGO_BIN_EXE_ntpipe"))
        .args(["cc", "x.c"])
        .env("NTPIPE_SDK", "/nowhere")
        .output()
        .expect("ntpipe runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("/nowhere/include/ntpipe/windows.h") && said.contains("cargo"), "{said}");
}
