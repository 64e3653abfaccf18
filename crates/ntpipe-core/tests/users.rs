//! Who comes in when the client is another user; as root only, who can become one.
//!
//! One test alone: a process forked meanwhile would keep the copied program open for writing.
#![allow(missing_docs)]

use std::io::BufRead;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use ntpipe_core::namespace::{CreateParams, Namespace};
use ntpipe_core::{ErrorKind, Security};

#[path = "support/scratch.rs"]
mod scratch;
use scratch::{Scratch, name, params};

/// Not a test of its own: a client of another user, which exits with what came of it.
#[test]
fn child_client() {
    let Some(root) = std::env::var_os("NTNS_CLIENT_ROOT") else { return };
    let ns = Namespace::at(PathBuf::from(root)).unwrap();
    let read = std::env::var_os("NTNS_CLIENT_READS").is_some();
    let word = match ns.open(&name(), read, false) {
        Ok(opened) => {
            println!("\nconnected");
            std::io::read_to_string(std::io::stdin()).unwrap();
            drop(opened);
            return;
        }
        Err(error) => error.kind(),
    };
    println!("\n{word:?}");
}

fn spawn_client(s: &Scratch, exe: &Path, reads: bool) -> Child {
    Command::new(exe)
        .args(["child_client", "--exact", "--nocapture", "--test-threads=1"])
        .env("NTNS_CLIENT_ROOT", &s.path)
        .envs(reads.then_some(("NTNS_CLIENT_READS", "1")))
        .uid(4711)
        .gid(4712)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Files cannot say that the first entry counts.
const UNTOLD_BY_FILES: &str = "D:(D;;GA;;;S-1-22-2-4712)(A;;GA;;;S-1-22-1-4711)";

#[test]
fn another_user_comes_in_exactly_when_security_says_so() {
    if !rustix::process::geteuid().is_root() {
        // Only root can become somebody else.
        return;
    }
    let s = Scratch::new();
    std::fs::set_permissions(&s.path, PermissionsExt::from_mode(0o755)).unwrap();
    let exe = s.path.with_extension("exe");
    std::fs::copy(std::env::current_exe().unwrap(), &exe).unwrap();
    chown(&exe, Some(4711), Some(4712)).unwrap();
    let mut wrong = Vec::new();
    for (sddl, wanted) in [
        ("D:(A;;GA;;;OW)", "AccessDenied"),
        ("D:(A;;GA;;;WD)", "connected"),
        ("D:(A;;GW;;;WD)", "AccessDenied"),
        ("D:(A;;GR;;;S-1-22-2-4712)", "connected"),
        ("D:(A;;GA;;;S-1-22-1-4711)", "connected"),
        ("D:(A;;GA;;;S-1-22-1-4710)(A;;GA;;;S-1-22-2-4712)", "connected"),
        ("D:(D;;GA;;;S-1-22-1-4711)(A;;GA;;;WD)", "AccessDenied"),
        ("D:(A;;GA;;;S-1-22-1-4710)", "AccessDenied"),
        // The files let this user in; that he wants neither to read nor to write makes no difference.
        (UNTOLD_BY_FILES, "AccessDenied"),
    ] {
        let security = Security::sddl(sddl).unwrap();
        let server =
            match s.ns.create(&name(), &CreateParams { policy: security.into(), ..params() }) {
                Ok(server) => server,
                // The file system of the temporary directory has no access lists.
                Err(error) if error.kind() == ErrorKind::NotSupported => continue,
                Err(error) => panic!("{error}"),
            };
        let mut child = spawn_client(&s, &exe, sddl != UNTOLD_BY_FILES);
        let mut out = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let said = out.find_map(|line| {
            let line = line.unwrap();
            (line == "connected" || line == "AccessDenied").then_some(line)
        });
        if said.as_deref() != Some(wanted) {
            wrong.push((sddl, said));
        } else if wanted == "connected" {
            let far = server.listening.try_accept().unwrap().unwrap();
            assert!(server.pipe.rights_of(&far).unwrap().read);
        }
        drop(child.stdin.take());
        // Reads the rest, so that the child can end.
        assert!(out.all(|line| line.is_ok()));
        child.wait().unwrap();
    }
    std::fs::remove_file(&exe).unwrap();
    assert!(wrong.is_empty(), "{wrong:?}");
}
