//! Where the pipes live: the library's answer, for the commands that look at the directory itself.

use std::path::PathBuf;

/// The root directory and why it is the one.
#[derive(Debug)]
pub(crate) struct Root {
    /// The directory; it may not exist yet.
    pub(crate) path: PathBuf,
    /// The rule.
    pub(crate) why: &'static str,
}

/// The root that this process uses, or why it is refused.
pub(crate) fn root() -> ntpipe::Result<Root> {
    let (path, why) = ntpipe::root()?;
    Ok(Root { path, why })
}
