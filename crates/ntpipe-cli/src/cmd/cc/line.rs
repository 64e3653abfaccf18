//! What a compiler's command line asks for, as far as it has to be known here.

use std::ffi::OsString;

/// Options whose argument is the next word, so that it is not taken for a file.
const WITH_WORD: &[&str] = &[
    "-o",
    "-x",
    "-I",
    "-D",
    "-U",
    "-L",
    "-l",
    "-B",
    "-T",
    "-u",
    "-z",
    "-e",
    "-A",
    "-F",
    "-MF",
    "-MT",
    "-MQ",
    "-include",
    "-imacros",
    "-isystem",
    "-iquote",
    "-idirafter",
    "-iprefix",
    "-iwithprefix",
    "-iwithprefixbefore",
    "-isysroot",
    "-Xlinker",
    "-Xpreprocessor",
    "-Xassembler",
    "-Xclang",
    "-mllvm",
    "-target",
    "-arch",
    "-aux-info",
    "-wrapper",
    "-dumpbase",
    "-dumpdir",
    "--param",
];

/// Options with which the compiler links nothing, or nothing that libraries belong to.
const WITHOUT_LINKING: &[&str] = &["-c", "-S", "-E", "-M", "-MM", "-fsyntax-only", "-r"];

/// A command line, taken apart.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// What the compiler gets.
    pub(super) rest: Vec<&'a OsString>,
    /// Print the flags for compiling.
    pub(super) cflags: bool,
    /// Print the flags for linking.
    pub(super) libs: bool,
    /// Link the shared library.
    pub(super) dynamic: bool,
    /// The compiler will link.
    pub(super) links: bool,
    /// Without any shared library.
    pub(super) all_static: bool,
    /// -x is among it.
    pub(super) names_language: bool,
}

impl<'a> Line<'a> {
    /// Reads it, and takes out what only ntpipe knows.
    pub(super) fn read(args: &'a [OsString]) -> Self {
        let mut line = Self {
            rest: Vec::new(),
            cflags: false,
            libs: false,
            dynamic: false,
            links: false,
            all_static: false,
            names_language: false,
        };
        let (mut inputs, mut stops) = (false, false);
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let word = arg.to_string_lossy();
            match &*word {
                "--cflags" => line.cflags = true,
                "--libs" => line.libs = true,
                "--dynamic" => line.dynamic = true,
                word => {
                    line.rest.push(arg);
                    line.all_static |= word == "-static" || word == "-static-pie";
                    line.names_language |= word.starts_with("-x");
                    stops |= WITHOUT_LINKING.contains(&word);
                    inputs |= !word.starts_with('-') || word == "-";
                    if WITH_WORD.contains(&word) {
                        line.rest.extend(args.next());
                    }
                }
            }
        }
        line.links = inputs && !stops;
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &str) -> (bool, String) {
        let args: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
        let line = Line::read(&args);
        let rest: Vec<_> = line.rest.iter().map(|word| word.to_string_lossy()).collect();
        (line.links, rest.join(" "))
    }

    #[test]
    fn libraries_belong_only_to_what_is_linked() {
        for words in ["a.c", "a.c -o a", "-x c -", "-O2 a.o -lz", "@file"] {
            assert_eq!(line(words), (true, words.to_owned()));
        }
        for words in ["-c a.c", "-E -", "--version", "-o a", "-I x", "-fsyntax-only a.c", "-v"] {
            assert_eq!(line(words), (false, words.to_owned()));
        }
    }

    #[test]
    fn own_options_do_not_reach_the_compiler() {
        assert_eq!(line("a.c --dynamic -g"), (true, "a.c -g".to_owned()));
        assert_eq!(line("--cflags --libs"), (false, String::new()));
        assert_eq!(line("-Xlinker --libs a.c"), (true, "-Xlinker --libs a.c".to_owned()));
    }
}
