//! Who is on the other side of a socket, as the kernel attests.
//!
//! Not through rustix: its process id cannot be zero, which it is for a peer, or for the leader of
//! its session, outside of this process's PID namespace; and it does not know the peer's groups.
#![allow(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd};

use rustix::io::{Errno, Result};

/// A process as it was when it connected, or when it began to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerCredentials {
    /// The process; 0 when it has no number here.
    pub pid: u32,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
}

/// Who is on the other side.
///
/// # Errors
/// What `getsockopt` gives.
pub fn credentials(socket: impl AsFd) -> Result<PeerCredentials> {
    let mut words = [0; 3];
    match words_of(&socket, libc::SO_PEERCRED, &mut words)? {
        3 => Ok(PeerCredentials { pid: words[0], uid: words[1], gid: words[2] }),
        _ => Err(Errno::INVAL),
    }
}

/// The session that a process belongs to, 0 when its leader has no number here; `None` when the process
/// is gone.
#[must_use]
pub fn session(pid: u32) -> Option<u32> {
    let pid = libc::pid_t::try_from(pid).ok().filter(|pid| *pid > 0)?;
    // SAFETY: the call takes a number and touches no memory of ours.
    let session = unsafe { libc::getsid(pid) };
    u32::try_from(session).ok()
}

/// The supplementary groups of the other side.
///
/// # Errors
/// What `getsockopt` gives.
pub fn groups(socket: impl AsFd) -> Result<Vec<u32>> {
    let mut words = vec![0; 32];
    loop {
        match words_of(&socket, libc::SO_PEERGROUPS, &mut words) {
            Ok(len) => {
                words.truncate(len);
                return Ok(words);
            }
            // Linux allows 65536 groups.
            Err(Errno::RANGE) if words.len() < 1 << 17 => words.resize(words.len() * 2, 0),
            Err(error) => return Err(error),
        }
    }
}

/// Reads an option that consists of 32-bit words; gives how many there are.
fn words_of(socket: &impl AsFd, option: libc::c_int, words: &mut [u32]) -> Result<usize> {
    let fd = socket.as_fd().as_raw_fd();
    let mut len = u32::try_from(size_of_val(words)).map_err(|_| Errno::INVAL)?;
    let space = words.as_mut_ptr().cast();
    // SAFETY: `fd` is borrowed and thus open; `space` points to `len` writable bytes, of which
    // the kernel fills at most as many, and any bytes are valid words.
    let answer = unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, option, space, &mut len) };
    if answer == -1 {
        let code = std::io::Error::last_os_error().raw_os_error();
        return Err(Errno::from_raw_os_error(code.unwrap_or(libc::EIO)));
    }
    Ok(usize::try_from(len).map_err(|_| Errno::INVAL)? / size_of::<u32>())
}

#[cfg(test)]
mod tests {
    use super::session;

    /// A process outside of every session that has a number here: what a container's first process
    /// often is.
    #[test]
    fn the_session_of_nobody_is_unknown() {
        assert_eq!(session(0), None);
        assert_eq!(session(u32::MAX), None);
    }
}
