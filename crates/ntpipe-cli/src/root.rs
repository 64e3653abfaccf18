//! Where the pipes live: the directory, and the rule that chose it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The root directory and why it is the one.
#[derive(Debug)]
pub(crate) struct Root {
    /// The directory; it may not exist yet.
    pub(crate) path: PathBuf,
    /// The rule.
    pub(crate) why: &'static str,
}

/// The root that this process uses.
pub(crate) fn root() -> Root {
    let uid = rustix::process::geteuid().as_raw();
    let of = |path: PathBuf, why| Root { path, why };
    if let Some(path) = std::env::var_os("NTPIPE_ROOT").filter(|path| !path.is_empty()) {
        return of(path.into(), "$NTPIPE_ROOT is set");
    }
    if Path::new("/run/ntpipe").is_dir() {
        return of("/run/ntpipe".into(), "/run/ntpipe exists: shared by all users");
    }
    if let Some(path) = std::env::var_os("XDG_RUNTIME_DIR").filter(|path| !path.is_empty()) {
        return of(Path::new(&path).join("ntpipe"), "$XDG_RUNTIME_DIR is set");
    }
    if Path::new("/dev/shm").is_dir() {
        return of(
            format!("/dev/shm/ntpipe-{uid}").into(),
            "no runtime directory; /dev/shm exists",
        );
    }
    of(format!("/tmp/ntpipe-{uid}").into(), "neither a runtime directory nor /dev/shm")
}

/// Why this directory would be refused; nothing if it would not.
pub(crate) fn complaint(path: &Path) -> Option<String> {
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => return Some(error.to_string()),
    };
    let (owner, me) = (meta.uid(), rustix::process::geteuid().as_raw());
    if !meta.is_dir() {
        return Some("it is not a directory".to_owned());
    }
    if owner != me && owner != 0 {
        return Some(format!("it belongs to user {owner}, neither to user {me} nor to root"));
    }
    if meta.mode() & 0o002 != 0 && meta.mode() & 0o1000 == 0 {
        return Some("everyone may write it and it is not sticky".to_owned());
    }
    None
}
