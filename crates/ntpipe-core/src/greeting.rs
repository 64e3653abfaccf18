//! The greeting: what a client sends once the kernel has let it in, and what a server makes of it.
//!
//! One datagram of eight bytes, with the segment attached. The client goes on without an answer; the
//! server reads it when it looks, and believes none of it.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ntpipe_shm::generation::PerProcess;
use ntpipe_shm::socket::{recv_with_fd, send_with_fd};
use ntpipe_shm::sync::Ordering;
use ntpipe_shm::{crash, peer};
use rustix::fs::fstat;
use rustix::io::Errno;

use crate::connection::{Connection, Quotas};
use crate::error::{Error, ErrorKind, Result};
use crate::mode::{PipeEnd, PipeType};
use crate::namespace::Opened;
use crate::security::Rights;

/// The bytes; the last one is the version of the handshake.
const GREETING: [u8; 8] = *b"ntpipe\0\x01";

/// The client's half: checks that the server runs as this user. To be asked before anything is sent.
///
/// # Errors
///
/// `ERROR_ACCESS_DENIED` if it runs as somebody else.
pub fn check_server(opened: &Opened, uid: u32) -> Result<()> {
    let server =
        peer::credentials(&opened.socket).map_err(|errno| Error::os("getsockopt", errno))?;
    if server.uid == uid {
        return Ok(());
    }
    let why = format!("the server runs as user {}, not {uid}", server.uid);
    Err(Error::new(ErrorKind::AccessDenied).because(why))
}

/// The client's half: makes the segment of the connection and sends it. `None` if the instance ended
/// before: as if it had not been there.
///
/// # Errors
///
/// What the system says, to the wish for memory as well.
pub fn send(opened: Opened) -> Result<Option<Arc<Connection>>> {
    // The trace comes first here, so that it goes last: behind the socket.
    let Opened { trace, socket, meta, in_quota, out_quota, context, .. } = opened;
    let quotas = Quotas { inbound: in_quota, outbound: out_quota };
    let (segment, fd) = Connection::segment(meta.pipe_type, quotas)?;
    // The server sees it: the descriptor reaches it after this.
    segment.side(1).context.store(context, Ordering::Relaxed);
    let memory = Arc::new(fd);
    // The server may let it in as soon as it is sent.
    if is_own(&socket) {
        keep(&memory);
    }
    crash::point("open.before-send");
    match send_with_fd(&socket, &GREETING, memory.as_ref().as_fd()) {
        Ok(_) => {}
        Err(Errno::PIPE | Errno::CONNRESET) => return Ok(None),
        Err(errno) => return Err(Error::os("sendmsg", errno)),
    }
    let connection = Connection::new(segment, memory, socket, PipeEnd::Client, meta.pipe_type);
    Ok(Some(Arc::new(connection.with_trace(trace))))
}

/// The server's half: the connection, once the client has greeted; `None` before. The client is held
/// to these rights from then on.
///
/// # Errors
///
/// [`ErrorKind::Corrupt`] for anything but a greeting with a segment of this type and these quotas, or
/// what the system says.
pub fn receive(
    socket: &OwnedFd,
    pipe_type: PipeType,
    quotas: Quotas,
    rights: Rights,
) -> Result<Option<Arc<Connection>>> {
    // One byte more would do: what is longer is no greeting.
    let mut greeting = [0; 16];
    match recv_with_fd(socket, &mut greeting) {
        Ok((len, Some(fd))) if greeting[..len] == GREETING => {
            let segment = Connection::adopt(&fd, pipe_type, quotas)?;
            let socket = socket.try_clone().map_err(|e| Error::from_io("dup", &e))?;
            let memory = if is_own(&socket) { kept(fd) } else { Arc::new(fd) };
            let connection = Connection::new(segment, memory, socket, PipeEnd::Server, pipe_type);
            Ok(Some(Arc::new(connection.with_peer_rights(rights).with_peer_session())))
        }
        Ok(_) => Err(ErrorKind::Corrupt.into()),
        Err(Errno::AGAIN) => Ok(None),
        Err(errno) => Err(Error::os("recvmsg", errno)),
    }
}

/// Whether the peer is this process.
fn is_own(socket: &OwnedFd) -> bool {
    peer::credentials(socket).is_ok_and(|ids| ids.pid == std::process::id())
}

/// Clients' descriptors of memory that no server has asked for yet.
#[derive(Debug, Default)]
struct Memories {
    /// By device and number of the memory.
    waiting: HashMap<(u64, u64), Weak<OwnedFd>>,
    /// At so many it is time to look for those whose client is gone.
    full_at: usize,
}

impl Memories {
    fn insert(&mut self, key: (u64, u64), memory: Weak<OwnedFd>) {
        if self.waiting.len() >= self.full_at {
            // A server that never lets its client in asks for none.
            self.waiting.retain(|_, memory| memory.strong_count() > 0);
            self.full_at = self.waiting.len() * 2 + 16;
        }
        self.waiting.insert(key, memory);
    }
}

/// The memory of connections whose both ends are in this process: a program with thousands of them shall
/// not need a descriptor more for each.
fn both_here() -> MutexGuard<'static, Memories> {
    static KEPT: PerProcess<Mutex<Memories>> = PerProcess::new();
    KEPT.get().lock().unwrap_or_else(PoisonError::into_inner)
}

fn key(memory: &OwnedFd) -> Option<(u64, u64)> {
    fstat(memory).ok().map(|stat| (stat.st_dev, stat.st_ino))
}

/// For the server's end, which has not been let in yet.
fn keep(memory: &Arc<OwnedFd>) {
    if let Some(key) = key(memory) {
        both_here().insert(key, Arc::downgrade(memory));
    }
}

/// The client's descriptor of the same memory, if it still has it.
fn kept(memory: OwnedFd) -> Arc<OwnedFd> {
    let client = key(&memory).and_then(|key| both_here().waiting.remove(&key));
    client.as_ref().and_then(Weak::upgrade).unwrap_or_else(|| Arc::new(memory))
}

#[cfg(test)]
mod tests {
    use ntpipe_shm::generation::{Ended, in_copy, is_alone};

    use super::*;

    #[test]
    fn a_copy_keeps_memories_of_its_own() {
        if !is_alone("greeting::tests::a_copy_keeps_memories_of_its_own") {
            return;
        }
        let fd = || OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
        let memory = Arc::new(fd());
        keep(&memory);
        // For the copy it is the lock of a thread that is not there.
        let held = both_here();
        let keeps = in_copy(|| {
            let other = kept(fd());
            keep(&other);
            !Arc::ptr_eq(&other, &memory) && Arc::ptr_eq(&kept(fd()), &other)
        });
        drop(held);
        assert_eq!(keeps, Ok(Ended::Well));
        assert!(Arc::ptr_eq(&kept(fd()), &memory));
    }

    #[test]
    fn clients_that_nobody_lets_in_leave_nothing_for_long() {
        let fd = || Arc::new(OwnedFd::from(std::fs::File::open("/dev/null").unwrap()));
        let (stays, mut memories) = (fd(), Memories::default());
        memories.insert((0, 0), Arc::downgrade(&stays));
        for number in 1..1000 {
            memories.insert((0, number), Arc::downgrade(&fd()));
        }
        assert!(memories.waiting.len() <= 20, "{}", memories.waiting.len());
        assert!(memories.waiting.contains_key(&(0, 0)));
    }
}
