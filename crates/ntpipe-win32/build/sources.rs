//! What the sources of the library define and declare. The build script makes the table of
//! `GetProcAddress` of it, and a check of the sources compares it with the headers.

/// The functions that a Rust file exports.
pub(crate) fn exported_by_rust(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut exported = false;
    for line in text.lines().map(str::trim) {
        if line == "#[unsafe(no_mangle)]" {
            exported = true;
        } else if exported && let Some((_, rest)) = line.split_once("extern \"C\" fn ") {
            names.push(word(rest));
            exported = false;
        }
    }
    names
}

/// The functions of Windows that a C file defines; those of the C runtime have a prefix and are made by
/// macros.
pub(crate) fn defined_by_c(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for line in text.lines() {
        let name = match line.split_once('(') {
            Some(("VARIADIC", rest)) => word(rest),
            Some((before, _)) if line.starts_with(['A', '_']) && !line.ends_with(';') => {
                before.rsplit([' ', '*']).next().unwrap_or_default()
            }
            _ => continue,
        };
        if !name.is_empty() && !name.starts_with("ntpipe_") && !name.starts_with("_Static") {
            names.push(name);
        }
    }
    names
}

/// The functions of the C runtime that a header gives symbols of their own: the name and the symbol.
pub(crate) fn runtime_symbols(text: &str) -> Vec<(String, String)> {
    let mut names = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("#pragma redefine_extname ") {
            let mut words = rest.split_whitespace().map(str::to_owned);
            names.extend(words.next().zip(words.next()));
        } else if !line.starts_with('#')
            && let Some((_, rest)) = line.split_once("NTPIPE_CRT(")
        {
            names.push((word(rest).to_owned(), format!("ntpipe_{}", word(rest))));
        }
    }
    // A function that cannot work with 16 bits has a symbol that nothing defines.
    names.retain(|(_, symbol)| !symbol.starts_with("ntpipe_has_no_"));
    names
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}
