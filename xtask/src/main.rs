//! `cargo xtask install --prefix DIR`: the command, the C library static and shared, its headers, the
//! pkg-config file, man pages and completions.

mod library;

use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "cargo xtask install --prefix DIR";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let result = match &args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["install", "--prefix", prefix] => install(Path::new(prefix)),
        _ => {
            eprintln!("usage: {USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn install(prefix: &Path) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let built = build(&root)?;
    fs::create_dir_all(prefix)?;
    let prefix = prefix.canonicalize()?;

    let bin = directory(&prefix, "bin")?;
    let program = bin.join("ntpipe");
    replace(&built.join("ntpipe"), &program)?;

    let include = prefix.join("include/ntpipe");
    if include.exists() {
        // A header that is gone must not stay.
        fs::remove_dir_all(&include)?;
    }
    copy_tree(&root.join("crates/ntpipe-win32/include"), &include)?;

    let lib = directory(&prefix, "lib")?;
    let archive = lib.join("libntpipe.a");
    replace(&built.join("libntpipe_win32.a"), &archive)?;
    library::split_entry(&archive, &lib.join("libntpipe_main.a"))?;
    library::link_shared(&archive, &include, &lib.join("libntpipe.so.0"))?;
    let link = lib.join("libntpipe.so");
    let _ = fs::remove_file(&link);
    symlink("libntpipe.so.0", &link)?;

    fs::write(directory(&lib, "pkgconfig")?.join("ntpipe.pc"), pkg_config(&program, &prefix)?)?;
    manuals(&program, &directory(&prefix, "share/man/man1")?)?;
    let completions = [
        ("bash", "share/bash-completion/completions", "ntpipe"),
        ("zsh", "share/zsh/site-functions", "_ntpipe"),
        ("fish", "share/fish/vendor_completions.d", "ntpipe.fish"),
    ];
    for (shell, dir, file) in completions {
        let script = output(Command::new(&program).args(["completions", shell]))?;
        fs::write(directory(&prefix, dir)?.join(file), script)?;
    }
    println!("installed in {}", prefix.display());
    Ok(())
}

/// Builds the release, and tells where it is.
fn build(root: &Path) -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let args = ["build", "--release", "-p", "ntpipe-cli", "-p", "ntpipe-win32"];
    run(Command::new(cargo).current_dir(root).args(args))?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("release"))
}

/// The flags as the installed command prints them.
fn pkg_config(program: &Path, prefix: &Path) -> Result<String> {
    let cc = |flag| output(Command::new(program).args(["cc", flag]).env_remove("NTPIPE_SDK"));
    Ok(package(&prefix.to_string_lossy(), &cc("--cflags")?, &cc("--libs")?))
}

/// The file for pkg-config, with the prefix as a variable. The command quotes a word with a space in it,
/// pkg-config wants a backslash before each.
fn package(prefix: &str, cflags: &str, libs: &str) -> String {
    let cflags = cflags.trim().replace(prefix, "${prefix}").replace('\'', "");
    let private = libs.split_once("libntpipe.a").map_or("", |(_, others)| others);
    let private = private.trim_start_matches('\'').trim();
    let prefix = prefix.replace(' ', "\\ ");
    format!(
        "prefix={prefix}\n\
         Name: ntpipe\n\
         Description: Windows pipes on Linux: windows.h for C and C++ programs\n\
         Version: {}\n\
         Cflags: {cflags}\n\
         Libs: -L${{prefix}}/lib -Wl,-rpath,${{prefix}}/lib -lntpipe_main -lntpipe\n\
         Libs.private: {private}\n",
        env!("CARGO_PKG_VERSION"),
    )
}

/// The page of the program and those of its commands, which it lists itself.
fn manuals(program: &Path, dir: &Path) -> Result<()> {
    let page = output(Command::new(program).arg("man"))?;
    let commands: Vec<&str> = page
        .split("ntpipe\\-")
        .skip(1)
        .filter_map(|rest| rest.split_once("(1)").map(|(name, _)| name))
        .filter(|name| !name.is_empty() && *name != "help" && !name.contains(char::is_whitespace))
        .collect();
    for name in commands {
        let page = output(Command::new(program).args(["man", name]))?;
        fs::write(dir.join(format!("ntpipe-{name}.1")), page)?;
    }
    fs::write(dir.join("ntpipe.1"), page)?;
    Ok(())
}

fn directory(base: &Path, name: &str) -> io::Result<PathBuf> {
    let dir = base.join(name);
    fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// Copies to a new file, so that programs that run or map the old one keep it.
fn replace(from: &Path, to: &Path) -> Result<()> {
    let _ = fs::remove_file(to);
    fs::copy(from, to).map_err(|error| format!("{}: {error}", from.display()))?;
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Runs a command that must succeed.
fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}

/// What a command prints, which must succeed.
fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_in_the_prefix_are_escaped_and_private_libraries_have_no_path() {
        let text = package(
            "/my prefix",
            "-isystem '/my prefix/include/ntpipe' -fshort-wchar\n",
            "'/my prefix/lib/libntpipe.a' -lgcc_s -lm\n",
        );
        for line in [
            "prefix=/my\\ prefix",
            "Cflags: -isystem ${prefix}/include/ntpipe -fshort-wchar",
            "Libs.private: -lgcc_s -lm",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} is not in {text}");
        }
        let text = package("/usr", "-I/usr/include", "/usr/lib/libntpipe.a -lm");
        assert!(text.contains("prefix=/usr\n") && text.contains("Libs.private: -lm\n"));
    }
}
