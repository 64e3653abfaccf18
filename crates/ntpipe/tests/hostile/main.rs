//! A peer that breaks every rule: the other side answers errors, on that connection alone.

mod attack;
mod client;
mod server;

use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use ntpipe_shm::segment::Spec;
use rustix::fs::SealFlags;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

const GREETING: &[u8] = b"ntpipe\0\x01";
const QUOTA: u32 = 4096;
/// What a server of these tests asks for: twice the least quota and a page, rounded up.
const SPEC: Spec = Spec { capacities: [32_768; 2], quotas: [QUOTA; 2], kind: 1 };
const RIGHT_LEN: u64 = 4096 + 2 * 32_768;
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::SEAL);
/// No wait of these tests takes this long unless something hangs.
const BOUND: Duration = Duration::from_secs(60);

fn send(socket: &OwnedFd, bytes: &[u8], fds: &[BorrowedFd<'_>]) {
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(16))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        assert!(ancillary.push(SendAncillaryMessage::ScmRights(fds)));
    }
    let data = [std::io::IoSlice::new(bytes)];
    rustix::net::sendmsg(socket, &data, &mut ancillary, SendFlags::NOSIGNAL).unwrap();
}
