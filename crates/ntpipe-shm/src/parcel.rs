//! Parcels: datagrams with several descriptors, between the two ends of a pair of sockets.
//!
//! Neither side waits for the other. What was sent stays there to be received after the sender has closed
//! its end or died, and keeps the descriptors in it open until then.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, Result};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg,
    sendmsg, socketpair, sockopt,
};

/// How many descriptors a parcel can have.
pub const FDS_MAX: usize = 8;
/// How many bytes a parcel can have.
pub const BYTES_MAX: usize = 4096;

/// What the system charges for the parcels that wait, their administration included.
const ROOM_BYTES: usize = 1 << 20;

/// What arrived.
#[derive(Debug)]
pub struct Parcel {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The descriptors, in order; closed to children.
    pub fds: Vec<OwnedFd>,
}

/// Two sockets that send each other parcels.
///
/// # Errors
/// What `socketpair` gives.
pub fn pair() -> Result<[OwnedFd; 2]> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (one, other) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    for socket in [&one, &other] {
        // As much as the system allows; with what a socket has anyway, there is room for 278 parcels.
        let _ = sockopt::set_socket_send_buffer_size(socket, ROOM_BYTES);
    }
    Ok([one, other])
}

/// Sends a parcel without waiting.
///
/// # Errors
/// What `sendmsg` gives: `EAGAIN` while too many wait to be received, `EPIPE` when nobody is there to
/// receive it, `EMSGSIZE` for one that is too large.
pub fn send(socket: impl AsFd, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> Result<()> {
    if bytes.len() > BYTES_MAX || fds.len() > FDS_MAX {
        return Err(Errno::MSGSIZE);
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(Errno::NOBUFS);
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    let data = [IoSlice::new(bytes)];
    rustix::io::retry_on_intr(|| sendmsg(&socket, &data, &mut ancillary, flags)).map(drop)
}

/// The next parcel, if one has arrived. One that is cut short, here or by its sender, is thrown away: it
/// arrives without bytes.
///
/// # Errors
/// What `recvmsg` gives. After `ECONNRESET` there may be more parcels: the other end was closed with some
/// from here unread.
pub fn receive(socket: impl AsFd) -> Result<Option<Parcel>> {
    let mut bytes = vec![0; BYTES_MAX];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
    let answer = rustix::io::retry_on_intr(|| {
        recvmsg(&socket, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, flags)
    });
    let answer = match answer {
        Err(Errno::AGAIN) => return Ok(None),
        answer => answer?,
    };
    let mut fds = Vec::new();
    for attached in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = attached {
            fds.extend(rights);
        }
    }
    let whole = !answer.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC);
    // The end of all parcels looks like one without anything.
    if whole && answer.bytes == 0 && fds.is_empty() {
        return Ok(None);
    }
    bytes.truncate(if whole { answer.bytes } else { 0 });
    Ok(Some(Parcel { bytes, fds }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parcel_arrives_with_its_descriptors_after_the_sender_has_closed() {
        let [near, far] = pair().unwrap();
        let [one, other] = pair().unwrap();
        send(&near, b"both", &[one.as_fd(), other.as_fd()]).unwrap();
        send(&near, b"none", &[]).unwrap();
        // It stays unread, which the other side is told once.
        send(&far, b"unread", &[]).unwrap();
        drop((near, one, other));
        assert!(matches!(receive(&far), Err(Errno::CONNRESET)));
        let Parcel { bytes, fds } = receive(&far).unwrap().unwrap();
        assert_eq!((bytes.as_slice(), fds.len()), (&b"both"[..], 2));
        send(&fds[0], b"across", &[]).unwrap();
        assert_eq!(receive(&fds[1]).unwrap().unwrap().bytes, b"across");
        assert_eq!(receive(&far).unwrap().unwrap().bytes, b"none");
        assert!(receive(&far).unwrap().is_none());
        assert!(send(&far, b"nobody", &[]).is_err());
    }

    #[test]
    fn what_is_too_large_is_not_sent_and_what_is_cut_short_does_not_count() {
        let [near, far] = pair().unwrap();
        assert_eq!(send(&near, &[0; BYTES_MAX + 1], &[]), Err(Errno::MSGSIZE));
        assert_eq!(send(&near, b"", &[near.as_fd(); FDS_MAX + 1]), Err(Errno::MSGSIZE));
        assert!(receive(&far).unwrap().is_none());
        // By a sender that keeps to nothing.
        rustix::net::send(&near, &[7; BYTES_MAX + 1], SendFlags::empty()).unwrap();
        assert!(receive(&far).unwrap().unwrap().bytes.is_empty());
        send(&near, b"next", &[]).unwrap();
        assert_eq!(receive(&far).unwrap().unwrap().bytes, b"next");
    }

    #[test]
    fn a_sender_is_told_when_too_many_parcels_wait() {
        let [near, far] = pair().unwrap();
        let sent = (0..100_000).take_while(|_| send(&near, b"one more", &[]).is_ok()).count();
        assert_eq!(send(&near, b"one more", &[]), Err(Errno::AGAIN));
        let came = std::iter::from_fn(|| receive(&far).unwrap()).count();
        assert!(came == sent && sent > 10, "{came} of {sent}");
        send(&near, b"again", &[]).unwrap();
    }
}
