//! Sockets in a directory: how two processes meet, and how descriptors travel between them.
//!
//! A listener appears under its name in one step, fully set up, and lets exactly one connector
//! in: its queue holds one, and the next is told that it is full.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{AtFlags, Gid, Mode, chmodat, chownat, renameat, unlinkat};
use rustix::io::{Errno, Result};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, Shutdown, SocketAddrUnix, SocketFlags, SocketType, bind,
    connect, listen, recvmsg, sendmsg, shutdown, socket_with,
};

use crate::crash;
use crate::sync::{AtomicU32, Ordering::Relaxed};

/// How many descriptors of one datagram are looked at; more than one is a breach already.
const MAX_FDS: usize = 8;

/// What came of a connection attempt.
#[derive(Debug)]
pub enum Connect {
    /// The listener took it.
    Connected(OwnedFd),
    /// Another connector is in the queue.
    Busy,
    /// Nobody listens there any more.
    Refused,
}

/// A listener called `final_name` in `dir`, which nobody sees before its mode is set.
///
/// `also` runs on the socket file between `chmod` and the first chance to connect.
///
/// # Errors
/// What the system calls give; then nothing is left behind but, at worst, `temp_name`.
pub fn listen_at(
    dir: impl AsFd,
    temp_name: &str,
    final_name: &str,
    mode: u32,
    gid: Option<u32>,
    also: impl FnOnce(&str) -> Result<()>,
) -> Result<OwnedFd> {
    let dir = dir.as_fd();
    let socket = stream()?;
    let path = path_in(dir, temp_name);
    bind(&socket, &SocketAddrUnix::new(path.as_str())?)?;
    crash::point("listen.after-bind");
    let publish = || {
        if let Some(gid) = gid {
            chownat(dir, temp_name, None, Some(Gid::from_raw(gid)), AtFlags::SYMLINK_NOFOLLOW)?;
        }
        chmodat(dir, temp_name, Mode::from_raw_mode(mode), AtFlags::empty())?;
        also(&path)?;
        listen(&socket, 0)?;
        renameat(dir, temp_name, dir, final_name)
    };
    if let Err(error) = publish() {
        unlinkat(dir, temp_name, AtFlags::empty()).ok();
        return Err(error);
    }
    crash::point("listen.after-rename");
    Ok(socket)
}

/// Gives a listener in `dir` another mode and group, and `also` what that does.
///
/// # Errors
/// What the system calls give.
pub fn change_at(
    dir: impl AsFd,
    name: &str,
    mode: u32,
    gid: u32,
    also: impl FnOnce(&str) -> Result<()>,
) -> Result<()> {
    let dir = dir.as_fd();
    chownat(dir, name, None, Some(Gid::from_raw(gid)), AtFlags::SYMLINK_NOFOLLOW)?;
    chmodat(dir, name, Mode::from_raw_mode(mode), AtFlags::empty())?;
    also(&path_in(dir, name))
}

/// Connects to the listener called `name` in `dir`, without waiting. Until the connector is closed,
/// [`is_marked`] tells of `mark`.
///
/// # Errors
/// What the system calls give, `EACCES` among them.
pub fn connect_at(dir: impl AsFd, name: &str, mark: &str) -> Result<Connect> {
    let socket = stream()?;
    set_mark(&socket, mark);
    let address = SocketAddrUnix::new(path_in(dir.as_fd(), name).as_str())?;
    loop {
        return match connect(&socket, &address) {
            Ok(()) => Ok(Connect::Connected(socket)),
            Err(Errno::AGAIN) => Ok(Connect::Busy),
            Err(Errno::CONNREFUSED | Errno::NOENT | Errno::PROTOTYPE) => Ok(Connect::Refused),
            Err(Errno::INTR) => continue,
            Err(error) => Err(error),
        };
    }
}

/// Gives the connector an address of its own, which begins with the mark. Nothing depends on it but
/// [`is_marked`], so a system that refuses it is no error.
fn set_mark(socket: &OwnedFd, mark: &str) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Relaxed);
    let address = format!("{mark}.{}.{number}", std::process::id());
    if let Ok(address) = SocketAddrUnix::new_abstract_name(address.as_bytes()) {
        let _ = bind(socket, &address);
    }
}

/// Whether a connector with this mark is open, in this network namespace. Anybody may claim to have one.
///
/// # Errors
/// When the kernel's list of sockets cannot be read.
pub fn is_marked(mark: &str) -> std::io::Result<bool> {
    let address = format!(" @{mark}.");
    let sockets = std::io::BufReader::new(std::fs::File::open("/proc/net/unix")?);
    for line in std::io::BufRead::split(sockets, b'\n') {
        let line = line?;
        if line.windows(address.len()).any(|part| part == address.as_bytes()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The one connector of a listener, if it came; from then on the listener refuses all others.
///
/// The listener is shut before the queue is emptied, so that no second one slips in between.
///
/// # Errors
/// What the system calls give.
pub fn accept_only(listener: impl AsFd) -> Result<Option<OwnedFd>> {
    if !ready(&listener, PollFlags::IN)?.contains(PollFlags::IN) {
        return Ok(None);
    }
    shutdown(&listener, Shutdown::Read)?;
    crash::point("accept.after-shutdown");
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let connector = rustix::io::retry_on_intr(|| rustix::net::accept_with(&listener, flags))?;
    crash::point("accept.after-accept");
    Ok(Some(connector))
}

/// Sends `bytes` as one datagram, with `fd` attached.
///
/// # Errors
/// What `sendmsg` gives; a peer that is gone is `EPIPE`, never a signal.
pub fn send_with_fd(socket: impl AsFd, bytes: &[u8], fd: BorrowedFd<'_>) -> Result<usize> {
    let fds = [fd];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !ancillary.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err(Errno::NOBUFS);
    }
    let flags = SendFlags::NOSIGNAL;
    let data = [IoSlice::new(bytes)];
    rustix::io::retry_on_intr(|| sendmsg(&socket, &data, &mut ancillary, flags))
}

/// Receives one datagram and the descriptor attached to it; surplus descriptors are closed.
///
/// # Errors
/// What `recvmsg` gives; `EMSGSIZE` when the datagram is longer than `buffer`.
pub fn recv_with_fd(socket: impl AsFd, buffer: &mut [u8]) -> Result<(usize, Option<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let answer = rustix::io::retry_on_intr(|| {
        let mut data = [IoSliceMut::new(buffer)];
        recvmsg(&socket, &mut data, &mut ancillary, RecvFlags::CMSG_CLOEXEC)
    })?;
    let mut first = None;
    for attached in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(fds) = attached {
            for fd in fds {
                first.get_or_insert(fd);
            }
        }
    }
    if answer.flags.contains(rustix::net::ReturnFlags::TRUNC) {
        return Err(Errno::MSGSIZE);
    }
    Ok((answer.bytes, first))
}

/// Whether the peer has closed its side; answers at once.
///
/// # Errors
/// What `poll` gives.
pub fn is_hung_up(socket: impl AsFd) -> Result<bool> {
    let seen = ready(&socket, PollFlags::RDHUP)?;
    Ok(seen.intersects(PollFlags::HUP | PollFlags::RDHUP | PollFlags::ERR))
}

/// Makes the other side's descriptor readable: it was announced that somebody polls it.
///
/// Failures do not matter: a full queue is readable already, and a peer that is gone polls nothing.
pub fn nudge(socket: impl AsFd) {
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    let _ = rustix::net::send(&socket, &[0], flags);
}

/// Takes the nudges that have arrived, and tells whether there were any; at most as many as a queue
/// holds, so that a peer that never stops cannot keep us here.
pub fn drain(socket: impl AsFd) -> bool {
    let mut sink = [0; 16];
    for taken in 0..512 {
        match rustix::net::recv(&socket, &mut sink, RecvFlags::DONTWAIT) {
            Ok((_, len)) if len > 0 => {}
            _ => return taken != 0,
        }
    }
    true
}

/// What `poll` sees now.
fn ready(socket: &impl AsFd, wanted: PollFlags) -> Result<PollFlags> {
    let mut fds = [PollFd::new(socket, wanted)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    rustix::io::retry_on_intr(|| poll(&mut fds, Some(&at_once)))?;
    Ok(fds[0].revents())
}

fn stream() -> Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
}

/// A path to `name` in `dir` that is short enough for a socket address wherever `dir` lies.
fn path_in(dir: BorrowedFd<'_>, name: &str) -> String {
    format!("/proc/self/fd/{}/{name}", dir.as_raw_fd())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer;
    use rustix::fs::{OFlags, mkdir, open};
    use std::path::PathBuf;

    struct Scratch(PathBuf);

    impl Drop for Scratch {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).ok();
        }
    }

    fn scratch(name: &str) -> (OwnedFd, Scratch) {
        let path = std::env::temp_dir().join(format!("shm-{name}-{}", std::process::id()));
        mkdir(&path, Mode::RWXU).unwrap();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        (open(&path, flags, Mode::empty()).unwrap(), Scratch(path))
    }

    fn listener(dir: &OwnedFd) -> OwnedFd {
        listen_at(dir, "t", "l", 0o600, None, |_| Ok(())).unwrap()
    }

    #[test]
    fn a_listener_lets_exactly_one_in() {
        let (dir, _scratch) = scratch("one");
        let listener = listener(&dir);
        assert!(accept_only(&listener).unwrap().is_none());
        let Connect::Connected(near) = connect_at(&dir, "l", "mark").unwrap() else {
            panic!("refused")
        };
        assert!(matches!(connect_at(&dir, "l", "mark").unwrap(), Connect::Busy));
        let far = accept_only(&listener).unwrap().unwrap();
        assert!(matches!(connect_at(&dir, "l", "mark").unwrap(), Connect::Refused));
        assert!(matches!(connect_at(&dir, "no", "mark").unwrap(), Connect::Refused));
        assert!(!is_hung_up(&far).unwrap());
        drop(near);
        assert!(is_hung_up(&far).unwrap());
    }

    #[test]
    fn a_descriptor_travels_and_surplus_ones_are_closed() {
        let (dir, _scratch) = scratch("fd");
        let listener = listener(&dir);
        let Connect::Connected(near) = connect_at(&dir, "l", "mark").unwrap() else {
            panic!("refused")
        };
        let far = accept_only(&listener).unwrap().unwrap();
        assert_eq!(send_with_fd(&near, b"hello", dir.as_fd()).unwrap(), 5);
        let mut buffer = [0; 8];
        let (len, fd) = recv_with_fd(&far, &mut buffer).unwrap();
        assert_eq!((len, fd.is_some()), (5, true));
        send_with_fd(&near, b"too long for it", dir.as_fd()).unwrap();
        assert!(matches!(recv_with_fd(&far, &mut buffer), Err(Errno::MSGSIZE)));
        assert!(matches!(recv_with_fd(&far, &mut buffer), Err(Errno::AGAIN)));
    }

    #[test]
    fn the_kernel_names_the_peer() {
        let (dir, _scratch) = scratch("who");
        let listener = listener(&dir);
        let Connect::Connected(near) = connect_at(&dir, "l", "mark").unwrap() else {
            panic!("refused")
        };
        let far = accept_only(&listener).unwrap().unwrap();
        for end in [&near, &far] {
            let who = peer::credentials(end).unwrap();
            assert_eq!(who.pid, std::process::id());
            assert_eq!(who.uid, rustix::process::geteuid().as_raw());
            let ours = rustix::process::getgroups().unwrap();
            assert_eq!(peer::groups(end).unwrap().len(), ours.len());
        }
    }
}
