//! A command line of Windows, taken apart into the words of a program here.

use std::path::{Path, PathBuf};

/// The words: by the rules of `CommandLineToArgvW`, which most programs' own are too. The first word
/// has no escapes, only quotes.
#[must_use]
pub fn words(line: &str) -> Vec<String> {
    let line = line.trim_start_matches([' ', '\t']);
    let (first, rest) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
        None => line.split_at(line.find([' ', '\t']).unwrap_or(line.len())),
    };
    let mut words = vec![first.to_owned()];
    let mut chars = rest.chars().peekable();
    loop {
        while chars.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        if chars.peek().is_none() {
            return words;
        }
        words.push(word(&mut chars));
    }
}

/// One further word. `2n` backslashes before a quote are `n` and the quote has its meaning; one more
/// makes the quote a letter. Elsewhere they are letters.
fn word(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut word = String::new();
    let mut quoted = false;
    loop {
        let mut slashes = 0;
        while chars.next_if_eq(&'\\').is_some() {
            slashes += 1;
        }
        let at_quote = chars.peek() == Some(&'"');
        let kept = if at_quote { slashes / 2 } else { slashes };
        word.extend(std::iter::repeat_n('\\', kept));
        match chars.peek() {
            None => return word,
            Some('"') => {
                chars.next();
                // Escaped, or doubled between quotes.
                if slashes % 2 == 1 || quoted && chars.next_if_eq(&'"').is_some() {
                    word.push('"');
                } else {
                    quoted = !quoted;
                }
            }
            Some(' ' | '\t') if !quoted => return word,
            Some(_) => word.extend(chars.next()),
        }
    }
}

/// The command line that gives these words again.
#[must_use]
pub fn join<Word: AsRef<str>>(words: impl IntoIterator<Item = Word>) -> String {
    words.into_iter().map(|word| quote(word.as_ref())).collect::<Vec<_>>().join(" ")
}

fn quote(word: &str) -> String {
    if !word.is_empty() && !word.contains([' ', '\t', '"']) {
        return word.to_owned();
    }
    let mut quoted = String::from('"');
    let mut slashes = 0;
    for c in word.chars() {
        if c == '"' {
            quoted.extend(std::iter::repeat_n('\\', slashes + 1));
        }
        slashes = if c == '\\' { slashes + 1 } else { 0 };
        quoted.push(c);
    }
    quoted.extend(std::iter::repeat_n('\\', slashes));
    quoted.push('"');
    quoted
}

/// The file that a program's name means: as it is, without `.exe`, or with it; from the working
/// directory, and unless it has a directory, from the search path.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let here = find_in_place(program);
    let crate::path::Target::File(path) = crate::path::Target::of(program) else { return None };
    if here.is_some() || path.contains('/') {
        return here;
    }
    let search = std::env::var_os("PATH")?;
    let spellings = spellings(&path);
    let mut dirs = std::env::split_paths(&search);
    dirs.find_map(|dir| spellings.iter().map(|name| dir.join(name)).find(|file| is_program(file)))
}

/// The same without the search path.
#[must_use]
pub fn find_in_place(program: &str) -> Option<PathBuf> {
    let crate::path::Target::File(path) = crate::path::Target::of(program) else { return None };
    // Absolute: the program may start in another directory, and a bare name would be searched for.
    let mut files = spellings(&path).into_iter().filter_map(|file| std::path::absolute(file).ok());
    files.find(|file| is_program(file))
}

fn spellings(path: &str) -> Vec<String> {
    let stem = path.len().checked_sub(4).and_then(|at| path.split_at_checked(at));
    match stem {
        Some((stem, end)) if end.eq_ignore_ascii_case(".exe") => {
            vec![path.to_owned(), stem.to_owned()]
        }
        _ => vec![path.to_owned(), format!("{path}.exe")],
    }
}

fn is_program(file: &Path) -> bool {
    file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{join, words};

    #[test]
    fn words_are_taken_apart_as_windows_does() {
        for (line, expected) in [
            (r"child.exe", &["child.exe"][..]),
            (r#""C:\a b\c.exe" d e"#, &[r"C:\a b\c.exe", "d", "e"]),
            (r#"p "a b" c"#, &["p", "a b", "c"]),
            (r#"p a\\\"b"#, &["p", r#"a\"b"#]),
            (r#"p "a\\" b\c"#, &["p", r"a\", r"b\c"]),
            (r#"p "a""b" """#, &["p", r#"a"b"#, ""]),
            ("p\t  x ", &["p", "x"]),
            ("", &[""]),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
    }

    #[test]
    fn joined_words_are_the_same_again() {
        let all = ["p", "", "a b", r#"say "no""#, r"end\", r"end \", r#"\\"x"#, "tab\there"];
        assert_eq!(words(&join(all)), all);
    }
}
