//! Three programs that know nothing of Linux: a server and a client that greet each other, and a parent that
//! reads what its child prints. With `NTPIPE_SEED`, those that a document there shows, cut out and unchanged.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use ntpipe_c_suite::{build, root};

/// Parent, server and client.
fn programs() -> [String; 3] {
    let Some(seed) = env::var_os("NTPIPE_SEED") else {
        let dir = root().join("tests/c-suite/programs");
        return ["parent", "server", "client"]
            .map(|name| fs::read_to_string(dir.join(name).with_extension("cpp")).unwrap());
    };
    let entries = fs::read_dir(root().join(seed)).expect("the directory of the document");
    let mut texts = entries.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    let text = texts.find(|text| text.contains("```cpp")).expect("a document with programs");
    let mut blocks = text.split("```cpp\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    [(); 3].map(|()| blocks.next().expect("three programs").to_owned())
}

fn compile(dir: &Path, name: &str, text: &str) -> PathBuf {
    let source = dir.join(name).with_extension("cpp");
    fs::write(&source, text).unwrap();
    let program = dir.join(name);
    let mut command = Command::new(build::ntpipe());
    // Those of this package are C as well.
    let cpp = env::var_os("NTPIPE_SEED").is_some() || build::has_cpp();
    command.args(if cpp { ["c++", "-x", "c++"] } else { ["cc", "-x", "c"] });
    command.arg(&source).arg("-o").arg(&program);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    program
}

fn fresh(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

#[test]
fn a_server_and_a_client_exchange_their_greetings() {
    let dir = fresh("greetings");
    let [_, server, client] = programs();
    let [server, client] =
        [("server", server), ("client", client)].map(|(name, text)| compile(&dir, name, &text));
    let root = dir.join("pipes");
    fs::create_dir(&root).unwrap();
    fs::set_permissions(&root, fs::Permissions::from_mode(0o700)).unwrap();
    let start = |program: &Path| {
        let mut command = Command::new(program);
        command.env("NTPIPE_ROOT", &root).stdout(Stdio::piped());
        command
    };
    let serving = start(&server).spawn().unwrap();
    // The client does not wait for its server: it is started anew until there is one.
    let output = loop {
        let output = start(&client).output().unwrap();
        if output.status.success() {
            break output;
        }
    };
    let told = String::from_utf8_lossy(&output.stdout);
    let first = "Received data from server: \"Hello, Client";
    assert!(told.starts_with(first), "{told}");
    assert!(told.ends_with("Sending response to server...\n"), "{told}");
    let output = serving.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let told: Vec<&str> = told.lines().collect();
    assert_eq!(told[..2], ["Waiting for client connection...", "Sending data to client..."]);
    // What follows in the buffer of a program that does not end its text is nobody's business.
    assert!(told[2].starts_with("Received data from client: \"Hello, Server!"), "{told:?}");
    assert!(output.status.success());
}

/// The child is any program: in the working directory with or without its ending, or on the path; a script
/// that does not say whose is one too.
#[test]
fn a_parent_reads_what_its_child_prints() {
    let dir = fresh("parent");
    let [parent, ..] = programs();
    let parent = compile(&dir, "parent", &parent);
    let script = "echo from a child; echo and its errors >&2\n";
    for (at, name) in ["child.exe", "child", "bin/child.exe"].into_iter().enumerate() {
        let here = dir.join(at.to_string());
        let child = here.join(name);
        fs::create_dir_all(child.parent().unwrap()).unwrap();
        fs::write(&child, if at == 1 { format!("#!/bin/sh\n{script}") } else { script.into() })
            .unwrap();
        fs::set_permissions(&child, fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", here.join("bin").display(), env::var("PATH").unwrap());
        let output = Command::new(&parent).current_dir(&here).env("PATH", path).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{told}");
        assert!(told.contains("Read from pipe: from a child\n"), "{name}: {told}");
        assert!(told.contains("and its errors\n"), "{name}: {told}");
    }
}
