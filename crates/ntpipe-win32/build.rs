//! Compiles the parts of the library that are C.

fn main() {
    let mut files: Vec<_> = std::fs::read_dir("crt")
        .expect("the directory of the C parts")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
        .collect();
    files.sort();
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
