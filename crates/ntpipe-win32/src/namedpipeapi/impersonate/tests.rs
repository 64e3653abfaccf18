//! A server of root whose client is another user: what of impersonation the kernel sees. Only root can
//! try it. Each role is a process of its own, since the pipes need a directory for both.
#![allow(unsafe_code)]

use std::ffi::{CString, c_void};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::ptr::{null, null_mut};

use super::*;
use crate::boundary::last_error;
use crate::fileapi::{CreateFileA, ReadFile};
use crate::handleapi::CloseHandle;
use crate::namedpipeapi::{CreateNamedPipeA, GetNamedPipeHandleStateA};
use crate::security::allocate;
use crate::securitybaseapi::RevertToSelf;
use crate::types::{INVALID_HANDLE_VALUE, SECURITY_ATTRIBUTES};

const UID: u32 = 4711;
const GID: u32 = 4712;
const DIR: &str = "NTPIPE_IMPERSONATION_DIR";
const NAME: &str = r"\\.\pipe\impersonation";
const GENERIC_READ: u32 = 0x8000_0000;
const GENERIC_WRITE: u32 = 0x4000_0000;
const OPEN_EXISTING: u32 = 3;
const CREATE_ALWAYS: u32 = 2;

/// Opens a file: its handle closed again, or the error.
fn opens(path: &Path, access: u32, disposition: u32) -> u32 {
    let path = CString::new(path.to_str().expect("UTF-8")).expect("no zero");
    // SAFETY: a string, and nulls.
    let file = unsafe { CreateFileA(path.as_ptr(), access, 0, null(), disposition, 0, null_mut()) };
    if file == INVALID_HANDLE_VALUE { last_error() } else { 1 - CloseHandle(file).cast_unsigned() }
}

fn spawn(exe: &Path, role: &str, dir: &Path) -> Command {
    let mut command = Command::new(exe);
    command.args([&format!("namedpipeapi::impersonate::tests::{role}"), "--exact", "--nocapture"]);
    command.env(DIR, dir).env("NTPIPE_ROOT", dir.join("pipes"));
    command
}

#[test]
fn client_role() {
    if std::env::var_os(DIR).is_none() {
        return;
    }
    let client = ntpipe::ClientOptions::new().open(NAME).expect("opened");
    client.send(b"let me in").expect("sent");
    std::io::stdin().read_to_end(&mut Vec::new()).expect("the end of the test");
}

#[test]
fn server_role() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let dir = Path::new(&dir);
    let everyone = ntpipe::Security::everyone().descriptor(0, 0).to_bytes().expect("short");
    let security = SECURITY_ATTRIBUTES {
        nLength: 24,
        lpSecurityDescriptor: allocate(&everyone).expect("memory"),
        bInheritHandle: 0,
    };
    let name = CString::new(NAME).expect("no zero");
    // SAFETY: a string and attributes.
    let server =
        unsafe { CreateNamedPipeA(name.as_ptr(), 3, 6, 1, 512, 512, 0, &raw const security) };
    assert_ne!(server, INVALID_HANDLE_VALUE);
    let mut client = spawn(&dir.join("exe"), "client_role", dir)
        .uid(UID)
        .gid(GID)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("a client");
    object(server).connect().expect("connected");
    let (mut space, mut read) = ([0u8; 64], 0);
    let into = space.as_mut_ptr().cast::<c_void>();
    // SAFETY: room for that many bytes, and a place for the count.
    assert_eq!(unsafe { ReadFile(server, into, 64, &raw mut read, null_mut()) }, 1);
    let (root, theirs, made) = (dir.join("root"), dir.join("theirs"), dir.join("open/made"));
    assert_eq!(opens(&root, GENERIC_READ, OPEN_EXISTING), 0);
    assert_eq!(ImpersonateNamedPipeClient(server), 1);
    let token = token::of_thread().expect("a token");
    assert_eq!(token.user.as_ref().map(|user| (user.uid, user.gid)), Some((UID, GID)));
    assert_eq!(token.level, Some(Level::Impersonation));
    assert_eq!(opens(&root, GENERIC_READ, OPEN_EXISTING), 5);
    assert_eq!(opens(&theirs, GENERIC_READ, OPEN_EXISTING), 0);
    assert_eq!(opens(&made, GENERIC_WRITE, CREATE_ALWAYS), 0);
    // Other threads are the process's, those that are started now as well.
    let path = root.clone();
    let (told, tells) = std::sync::mpsc::channel();
    token::spawn("test", move || {
        let _ = told.send(opens(&path, GENERIC_READ, OPEN_EXISTING));
    })
    .expect("a thread");
    assert_eq!(tells.recv(), Ok(0));
    assert_eq!(opens(&root, GENERIC_READ, OPEN_EXISTING), 5);
    assert_eq!(RevertToSelf(), 1);
    assert_eq!(opens(&root, GENERIC_READ, OPEN_EXISTING), 0);
    let made = std::fs::metadata(&made).expect("made");
    assert_eq!((made.uid(), made.gid()), (UID, GID));
    let user = space.as_mut_ptr().cast();
    let [a, b, c, d] = [null_mut(); 4];
    // SAFETY: room for that many bytes.
    assert_eq!(unsafe { GetNamedPipeHandleStateA(server, a, b, c, d, user, 64) }, 1);
    assert_eq!(&space[..5], b"4711\0");
    drop(client.stdin.take());
    assert!(client.wait().expect("ended").success());
}

fn object(server: HANDLE) -> ntpipe::NamedPipeServer {
    let object = handle::get(server).expect("a handle").object;
    object.pipe().and_then(|pipe| pipe.server()?.try_clone().map_err(Into::into)).expect("a server")
}

#[test]
fn files_are_opened_as_the_client_until_the_thread_reverts() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let dir = std::env::temp_dir().join(format!("ntpipe-impersonation-{}", std::process::id()));
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("changed");
    };
    std::fs::create_dir_all(dir.join("pipes")).expect("made");
    std::fs::create_dir_all(dir.join("open")).expect("made");
    mode(&dir, 0o755);
    mode(&dir.join("pipes"), 0o1777);
    mode(&dir.join("open"), 0o777);
    for (file, owner) in [("root", 0), ("theirs", UID)] {
        std::fs::write(dir.join(file), file).expect("written");
        mode(&dir.join(file), 0o600);
        std::os::unix::fs::chown(dir.join(file), Some(owner), None).expect("given away");
    }
    let copy = std::fs::copy(std::env::current_exe().expect("this test"), dir.join("exe"));
    copy.expect("copied");
    mode(&dir.join("exe"), 0o755);
    let exe = std::env::current_exe().expect("this test");
    let output = spawn(&exe, "server_role", &dir).output().expect("a server");
    std::fs::remove_dir_all(&dir).expect("removed");
    let told = String::from_utf8_lossy(&output.stderr);
    let ran = String::from_utf8_lossy(&output.stdout).contains("1 passed");
    assert!(output.status.success() && ran, "{}\n{told}", output.status);
}
