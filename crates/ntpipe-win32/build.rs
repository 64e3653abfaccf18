//! Compiles the parts of the C library that are C.

fn main() {
    let mut files: Vec<_> = std::fs::read_dir("crt")
        .expect("the directory of the C parts")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
        .collect();
    files.sort();
    println!("cargo::rerun-if-changed=crt");
    cc::Build::new().files(files).std("c11").warnings(true).flag("-Wextra").compile("ntpipe_crt");
}
