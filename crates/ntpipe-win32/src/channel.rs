//! Handles that a process puts into the table of a child, and the child into that of its parent
//! (`DuplicateHandle`).
//!
//! `CreateProcess` gives each child one end of a pair of sockets, and both sides a ledger:
//!
//! ```text
//! NTPIPE_CHANNEL   <socket>,<ledger>,<block>,<given>    descriptors; see `Channel::given` for the last
//!
//! ledger   a byte for each slot of which the other side gives out the numbers, not zero while it is in use:
//!          first those of the child's table, then the child's block of its parent's
//! parcel   <number>:<kind>:<access>:<flags>:<text>     see `inherit/form.rs`; with descriptors
//! ```
//!
//! Who duplicates a handle chooses a free number in the other table, sends a parcel, and is done. The other
//! side takes what has come when it looks for a number of that range in vain. Until then what was sent is
//! open, as it is on Windows, also when the sender has ended. Who closes such a handle frees its number in
//! the ledger.
//!
//! A program that knows nothing of this holds what it is sent until it ends. Other processes cannot be
//! reached: somebody would have to carry the descriptors.

use std::collections::BTreeMap;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ntpipe::ErrorKind;
use ntpipe_shm::generation::{PerProcess, Settled};
use ntpipe_shm::parcel::{self, Parcel};
use ntpipe_shm::{handover, lockfile, peer, socket};
use rustix::io::Errno;

use crate::failure::{Failure, Result};
use crate::handle::{self, Entry, OF_CHILDREN, OF_PARENT};
use crate::inherit::form::{Form, Head};
use crate::types::HANDLE;

/// What tells a child of its channel.
pub(crate) const KEY: &str = "NTPIPE_CHANNEL";

/// How many handles of each child the parent's table has room for.
const BLOCK: u32 = 256;
const BLOCKS: u32 = (OF_CHILDREN.end - OF_CHILDREN.start) / BLOCK;
/// How many generations lie between two children that have the same block.
const GENERATIONS_APART: u32 = 8;
/// More than a socket holds, so that a peer that never stops cannot keep us here.
const PARCELS_MAX: usize = 4096;

const _: () = assert!(OF_CHILDREN.start.is_multiple_of(BLOCK));

/// The way to a child, or to the parent.
#[derive(Debug)]
struct Channel {
    /// The process on the other side; 0 before it is known, and when it is known to have ended. Relaxed:
    /// whoever has a handle of the process got it after the number was here.
    pid: AtomicU32,
    socket: OwnedFd,
    ledger: Ledger,
    /// The slots of this process's table that the other side fills.
    here: Range<u32>,
    /// The slots of the other table that this side fills.
    there: Range<u32>,
    /// How many numbers this side has given out: slot by slot, then the next generation.
    given: Mutex<u32>,
    /// Held until what was received is in the table: others look for it there, once it is not in the
    /// socket any more.
    receiving: Mutex<()>,
}

#[derive(Debug, Default)]
struct Children {
    by_block: BTreeMap<u32, Arc<Channel>>,
    /// How many blocks have been looked at for a new child.
    tried: u32,
}

/// The ways are this process's, not those of copies by `fork`: two that take what comes, or give out numbers,
/// would do so behind each other's back.
static PARENT: PerProcess<Settled<Arc<Channel>>> = PerProcess::new();
static CHILDREN: PerProcess<Mutex<Children>> = PerProcess::new();

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which slots of the two tables are in use.
#[derive(Debug)]
struct Ledger(OwnedFd);

impl Ledger {
    const BYTES: u64 = (OF_PARENT.end - OF_PARENT.start + BLOCK) as u64;

    fn place(index: u32) -> u64 {
        let parent = OF_PARENT.contains(&index);
        let place = if parent {
            index - OF_PARENT.start
        } else {
            OF_PARENT.end - OF_PARENT.start + index % BLOCK
        };
        place.into()
    }

    /// Takes a slot, unless it is in use.
    fn take(&self, index: u32) -> rustix::io::Result<bool> {
        let free = lockfile::note(&self.0, Self::place(index))? == [0];
        if free {
            lockfile::set_note(&self.0, Self::place(index), &[1])?;
        }
        Ok(free)
    }

    fn free(&self, index: u32) {
        // A number that stays in use is not given out again, no more than that.
        let _ = lockfile::set_note(&self.0, Self::place(index), &[0]);
    }
}

impl Channel {
    /// The way to the parent, as it tells of it. Believes nothing.
    fn told(text: &str) -> Option<Self> {
        let numbers = text.split(',').map(|number| number.parse().ok());
        let [socket, ledger, block, given] = numbers.collect::<Option<Vec<u32>>>()?[..] else {
            return None;
        };
        let take = |number: u32| handover::take(i32::try_from(number).ok()?).ok();
        let (socket, ledger) = (take(socket)?, take(ledger)?);
        let sound = block < BLOCKS
            && handover::is_lifeline(&socket)
            && lockfile::is_anonymous(&ledger, Ledger::BYTES);
        let pid = peer::credentials(&socket).ok()?.pid;
        sound.then(|| Self::new(socket, Ledger(ledger), [OF_PARENT, slots(block)], given, pid))
    }

    fn new(
        socket: OwnedFd,
        ledger: Ledger,
        [here, there]: [Range<u32>; 2],
        given: u32,
        pid: u32,
    ) -> Self {
        let (pid, given) = (AtomicU32::new(pid), Mutex::new(given));
        Self { pid, socket, ledger, here, there, given, receiving: Mutex::default() }
    }

    /// A number that is free in the other table.
    fn give(&self) -> Result<HANDLE> {
        let slots = self.there.end - self.there.start;
        let mut given = lock(&self.given);
        for _ in 0..slots {
            let (index, generation) = (self.there.start + *given % slots, *given / slots);
            *given = given.wrapping_add(1);
            if self.ledger.take(index)? {
                return Ok(handle::join(index, generation));
            }
        }
        Err(ErrorKind::TooManyOpenFiles.into())
    }

    fn send(&self, entry: &Entry) -> Result<HANDLE> {
        let form = Form::of(&entry.object)?;
        let handle = self.give()?;
        let line = format!("{}:{}", Head::of(handle, entry, &form), form.text);
        let fds: Vec<_> = form.fds.iter().map(AsFd::as_fd).collect();
        let sent = parcel::send(&self.socket, line.as_bytes(), &fds);
        sent.map(|()| handle).map_err(|errno| {
            if let Some((index, _)) = handle::split(handle) {
                self.ledger.free(index);
            }
            match errno {
                Errno::PIPE | Errno::CONNRESET => ErrorKind::AccessDenied.into(),
                Errno::AGAIN | Errno::TOOMANYREFS => Failure::NO_SYSTEM_RESOURCES,
                errno => errno.into(),
            }
        })
    }

    /// Puts what has come into the table.
    fn receive(&self) {
        let _receiving = lock(&self.receiving);
        for _ in 0..PARCELS_MAX {
            match parcel::receive(&self.socket) {
                Ok(Some(parcel)) => drop(self.put(parcel)),
                Ok(None) => return,
                Err(Errno::CONNRESET) => {}
                Err(_) => return,
            }
        }
    }

    /// Believes nothing: what is no handle for this table is thrown away.
    fn put(&self, Parcel { bytes, fds }: Parcel) -> Option<()> {
        let (head, text) = Head::parse(std::str::from_utf8(&bytes).ok()?)?;
        let (index, _) =
            handle::split(head.handle).filter(|(index, _)| self.here.contains(index))?;
        let object = head.form(text.to_owned(), fds).object();
        let put = object.and_then(|it| handle::insert_at(head.handle, head.entry(it)).ok());
        if put.is_none() && !handle::is_used(index) {
            self.ledger.free(index);
        }
        put
    }
}

/// The slots of a block.
fn slots(block: u32) -> Range<u32> {
    let first = OF_CHILDREN.start + block * BLOCK;
    first..first + BLOCK
}

/// For tests: holds what is locked for the whole process.
#[cfg(test)]
pub(crate) fn hold() -> impl Sized {
    lock(CHILDREN.get())
}

/// Which side gives out the number of this slot.
fn side(index: u32) -> Option<Arc<Channel>> {
    if OF_PARENT.contains(&index) {
        return PARENT.get().get().cloned();
    }
    let block = index.checked_sub(OF_CHILDREN.start)? / BLOCK;
    lock(CHILDREN.get()).by_block.get(&block).cloned()
}

/// Takes what has come from the process that gives out the number of this slot.
pub(crate) fn fetch(index: u32) {
    if let Some(channel) = side(index) {
        channel.receive();
    }
}

/// A handle in this slot was closed.
pub(crate) fn freed(index: u32) {
    if let Some(channel) = side(index) {
        channel.ledger.free(index);
    }
}

/// Puts a handle into the table of another process, and tells its number there.
///
/// # Errors
/// `ERROR_NOT_SUPPORTED` for a process that is neither the parent nor a child that `CreateProcess` made,
/// and for what no other process can have; `ERROR_ACCESS_DENIED` for one that has ended;
/// `ERROR_NO_SYSTEM_RESOURCES` if it has not looked at hundreds of handles that were sent;
/// `ERROR_TOO_MANY_OPEN_FILES`.
pub(crate) fn send(pid: u32, entry: &Entry) -> Result<HANDLE> {
    crate::inherit::adopt();
    let is_it = |channel: &Arc<Channel>| channel.pid.load(Ordering::Relaxed) == pid;
    let parent = PARENT.get().get().cloned().filter(is_it);
    let child = || lock(CHILDREN.get()).by_block.values().find(|it| is_it(it)).cloned();
    let channel = parent.or_else(child).ok_or(ErrorKind::NotSupported)?;
    channel.send(entry)
}

/// Takes the way to the parent, if there is one.
pub(crate) fn adopt() {
    let told = std::env::var(KEY).unwrap_or_default();
    if let Some(channel) = Channel::told(&told) {
        PARENT.get().get_or_make(|| Box::new(Arc::new(channel)));
    }
}

/// A way to a child that is not there yet; closed again unless the child [began](Self::begin).
#[derive(Debug)]
pub struct Opening(Option<Arc<Channel>>);

/// Opens a way to the program that `command` starts, which has handles with the numbers in `left` from the
/// beginning. There is none if as many children as there are blocks have one.
///
/// # Errors
/// `ERROR_TOO_MANY_OPEN_FILES`.
pub(crate) fn open(command: &mut Command, left: impl Iterator<Item = HANDLE>) -> Result<Opening> {
    sweep();
    let [near, far] = parcel::pair()?;
    let ledger = lockfile::anonymous(Ledger::BYTES)?;
    let copy = handover::copy(&ledger)?;
    let ledger = Ledger(ledger);
    for index in left.filter_map(handle::split).map(|(index, _)| index) {
        if OF_PARENT.contains(&index) {
            ledger.take(index)?;
        }
    }
    let Some((block, given, channel)) = enter(near, ledger) else { return Ok(Opening(None)) };
    let opening = Opening(Some(channel.clone()));
    // Handles of a child that had this block before.
    for index in slots(block).filter(|index| handle::is_used(*index)) {
        channel.ledger.take(index)?;
        if !handle::is_used(index) {
            channel.ledger.free(index);
        }
    }
    command.env(KEY, format!("{},{},{block},{given}", far.as_raw_fd(), copy.as_raw_fd()));
    handover::leave_to(command, vec![far, copy]);
    Ok(opening)
}

/// Gives a child a block.
fn enter(socket: OwnedFd, ledger: Ledger) -> Option<(u32, u32, Arc<Channel>)> {
    let mut children = lock(CHILDREN.get());
    let tried = children.tried;
    let mut turns = (0..BLOCKS).map(|more| tried.wrapping_add(more));
    let turn = turns.find(|turn| !children.by_block.contains_key(&(turn % BLOCKS)))?;
    children.tried = turn.wrapping_add(1);
    let (block, round) = (turn % BLOCKS, turn / BLOCKS);
    let given = round.wrapping_mul(GENERATIONS_APART * BLOCK);
    let channel = Arc::new(Channel::new(socket, ledger, [slots(block), OF_PARENT], 0, 0));
    children.by_block.insert(block, channel.clone());
    Some((block, given, channel))
}

/// Closes the ways to children that have ended, after their last handles have arrived.
fn sweep() {
    let is_over = |it: &&Arc<Channel>| socket::is_hung_up(&it.socket).unwrap_or(true);
    let over: Vec<_> = lock(CHILDREN.get()).by_block.values().filter(is_over).cloned().collect();
    for channel in over {
        channel.receive();
        close(&channel);
    }
}

fn close(channel: &Arc<Channel>) {
    lock(CHILDREN.get()).by_block.retain(|_, it| !Arc::ptr_eq(it, channel));
}

impl Opening {
    /// The program runs, as this process.
    pub fn begin(mut self, pid: u32) {
        let Some(channel) = self.0.take() else { return };
        for other in lock(CHILDREN.get()).by_block.values() {
            // Whoever had the number before has ended.
            let _ = other.pid.compare_exchange(pid, 0, Ordering::Relaxed, Ordering::Relaxed);
        }
        channel.pid.store(pid, Ordering::Relaxed);
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if let Some(channel) = self.0.take() {
            close(&channel);
        }
    }
}

#[cfg(test)]
mod tests;
