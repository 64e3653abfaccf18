//! The table of handles: small numbers with a generation.
//!
//! ```text
//! bit  0, 1    ignored, as Windows ignores them
//! bits 2-19    the slot
//! bits 20-30   the slot's generation: how often it was used before
//! ```
//!
//! A look-up takes the lock of its slot, for the moment of the look-up, and no other: two handles never
//! meet. A number whose slot is empty, or of another generation, is no handle.
//!
//! The upper half of the slots belongs to other processes, which choose numbers there for the handles that
//! they put into this table (`channel.rs`): a quarter to the parent, and of the last one a block to each
//! child.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ntpipe::ErrorKind;
use ntpipe_shm::generation::{self, Once, PerProcess, Settled};
use ntpipe_shm::lock::{Guard, Lock};

use crate::failure::Result;
use crate::object::Object;
use crate::types::HANDLE;

const SLOTS_PER_CHUNK: u32 = 1024;
const CHUNKS: usize = 256;
const SLOT_BITS: u32 = 18;
const GENERATIONS: u32 = 1 << 11;

const _: () = assert!(SLOTS_PER_CHUNK as usize * CHUNKS == 1 << SLOT_BITS);

/// The slots of handles that this process makes.
const OWN: Range<u32> = 1..1 << (SLOT_BITS - 1);
/// The slots whose numbers the parent gives out.
pub(crate) const OF_PARENT: Range<u32> = OWN.end..3 << (SLOT_BITS - 2);
/// The slots whose numbers children give out.
pub(crate) const OF_CHILDREN: Range<u32> = OF_PARENT.end..1 << SLOT_BITS;

/// What a handle stands for.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The object, which other handles may stand for as well.
    pub object: Object,
    /// What this handle may do.
    pub access: u32,
    /// Whether children inherit it (`HANDLE_FLAG_INHERIT`).
    pub inherit: bool,
    /// Whether it can be closed (`HANDLE_FLAG_PROTECT_FROM_CLOSE`).
    pub protected: bool,
}

impl Entry {
    /// A handle that children do not inherit.
    #[must_use]
    pub fn new(object: Object, access: u32) -> Self {
        Self { object, access, inherit: false, protected: false }
    }

    /// The same, inherited or not.
    #[must_use]
    pub fn inherited(mut self, inherit: bool) -> Self {
        self.inherit = inherit;
        self
    }
}

#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    entry: Option<Entry>,
}

type Chunk = [Lock<Slot>; SLOTS_PER_CHUNK as usize];

static SLOTS: [Settled<Chunk>; CHUNKS] = [const { Settled::new() }; CHUNKS];
/// The process that made the table.
static BORN: AtomicU32 = AtomicU32::new(0);
/// How long a copy of it waits for a slot.
const PATIENCE: Duration = Duration::from_millis(100);
/// Slots that were used and are free again, the oldest first to make a stale number live long.
static FREE: PerProcess<Mutex<VecDeque<u32>>> = PerProcess::new();
/// The first slot that was never used; 0 is no handle.
static NEXT: AtomicU32 = AtomicU32::new(OWN.start);
/// How many freed slots wait before one is used again.
const REST: usize = 64;

fn slot(index: u32) -> Option<&'static Lock<Slot>> {
    let chunk = SLOTS.get((index / SLOTS_PER_CHUNK) as usize)?.get()?;
    chunk.get((index % SLOTS_PER_CHUNK) as usize)
}

fn slot_or_new(index: u32) -> Option<&'static Lock<Slot>> {
    let chunk = SLOTS.get((index / SLOTS_PER_CHUNK) as usize)?;
    let chunk = chunk.get_or_make(|| {
        let now = generation::noted();
        let _ = BORN.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        let slots: Vec<_> = (0..SLOTS_PER_CHUNK).map(|_| Lock::default()).collect();
        slots.try_into().expect("as many as there are")
    });
    chunk.get((index % SLOTS_PER_CHUNK) as usize)
}

/// The lock of a slot.
#[inline]
fn enter(slot: &Lock<Slot>) -> Result<Guard<'_, Slot>> {
    match slot.try_lock() {
        Some(slot) => Ok(slot),
        None => enter_slowly(slot),
    }
}

/// In a copy of the process by `fork`, whoever has the lock may be a thread that is not in the copy. Since a
/// look-up takes a moment only, that is so if the lock is not free soon.
#[cold]
fn enter_slowly(slot: &Lock<Slot>) -> Result<Guard<'_, Slot>> {
    if BORN.load(Ordering::Relaxed) == generation::now() {
        return Ok(slot.lock());
    }
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(slot) = slot.try_lock() {
            return Ok(slot);
        }
        std::thread::yield_now();
    }
    Err(ErrorKind::InvalidHandle.into())
}

/// To be asked for before a slot is filled or emptied, since a copy by `fork` looks at the slots when it asks
/// for the first time. One that is held it leaves alone, whatever is in it.
fn free() -> &'static Mutex<VecDeque<u32>> {
    let is_free = |index: &u32| {
        // If its chunk is not there, the thread that took it did not get that far.
        slot(*index).is_none_or(|slot| slot.try_lock().is_some_and(|slot| slot.entry.is_none()))
    };
    FREE.get_or_make(|before| {
        let used = OWN.start..NEXT.load(Ordering::Relaxed);
        Mutex::new(before.map(|_| used.filter(is_free).collect()).unwrap_or_default())
    })
}

fn locked(free: &Mutex<VecDeque<u32>>) -> MutexGuard<'_, VecDeque<u32>> {
    free.lock().unwrap_or_else(PoisonError::into_inner)
}

/// For tests: holds what is locked for the whole process.
#[cfg(test)]
pub(crate) fn hold() -> impl Sized {
    locked(free())
}

/// Slot and generation of a number.
pub(crate) fn split(handle: HANDLE) -> Option<(u32, u32)> {
    let number = u32::try_from(handle.addr()).ok().filter(|number| number >> 31 == 0)? >> 2;
    Some((number & ((1 << SLOT_BITS) - 1), number >> SLOT_BITS))
}

/// The number of a slot and a generation.
pub(crate) fn join(index: u32, generation: u32) -> HANDLE {
    let generation = generation % GENERATIONS;
    std::ptr::without_provenance_mut(((generation << SLOT_BITS | index) << 2) as usize)
}

/// A new handle.
///
/// # Errors
/// `ERROR_TOO_MANY_OPEN_FILES` when all of 131,071 are in use.
pub fn insert(entry: Entry) -> Result<HANDLE> {
    crate::inherit::adopt();
    DESCRIPTORS.call(allow_descriptors);
    loop {
        let reused = {
            let mut free = locked(free());
            if free.len() > REST { free.pop_front() } else { None }
        };
        let index = match reused {
            Some(index) => index,
            None => {
                fresh().or_else(|| locked(free()).pop_front()).ok_or(ErrorKind::TooManyOpenFiles)?
            }
        };
        let slot = slot_or_new(index).ok_or(ErrorKind::TooManyOpenFiles)?;
        // A slot that stays held, in a copy by `fork`, is of no use to it.
        if let Ok(mut slot) = enter(slot) {
            entry.object.opened();
            slot.entry = Some(entry);
            return Ok(join(index, slot.generation));
        }
    }
}

static DESCRIPTORS: Once = Once::new();

/// Two for each end of tens of thousands of pipes.
const DESCRIPTORS_WANTED: u64 = 1 << 16;

/// Windows has no limit as low as that of descriptors usually is: as many as this process may have, and if
/// it may change that, as many as pipes need.
fn allow_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map(|most| most.max(DESCRIPTORS_WANTED));
    // Where it is not granted, it stays as it is.
    if setrlimit(Resource::Nofile, Rlimit { current: wanted, maximum: wanted }).is_err() {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    }
}

fn fresh() -> Option<u32> {
    let more = |next: u32| (next < OWN.end).then_some(next + 1);
    NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()
}

/// Puts a handle where another process wants it: one that is inherited, before the program makes handles
/// of its own, or one that was duplicated here.
///
/// # Errors
/// `ERROR_INVALID_HANDLE` if the number cannot be a handle or its slot is in use.
pub fn insert_at(handle: HANDLE, entry: Entry) -> Result<()> {
    let invalid = ErrorKind::InvalidHandle;
    let (index, generation) = split(handle).filter(|(index, _)| *index > 0).ok_or(invalid)?;
    let free = free();
    let mut slot = enter(slot_or_new(index).ok_or(invalid)?)?;
    if slot.entry.is_some() {
        return Err(invalid.into());
    }
    if OWN.contains(&index) {
        let first = NEXT.fetch_max(index + 1, Ordering::Relaxed);
        let mut free = locked(free);
        free.extend(first..index);
        free.retain(|free| *free != index);
    }
    entry.object.opened();
    *slot = Slot { generation, entry: Some(entry) };
    Ok(())
}

/// Whether a handle is in this slot.
pub(crate) fn is_used(index: u32) -> bool {
    let used = |slot: &Lock<Slot>| enter(slot).is_ok_and(|slot| slot.entry.is_some());
    slot(index).is_some_and(used)
}

/// Looks at what a handle stands for. `look` has the slot for itself: it must not wait, and must not look at
/// the same handle again.
///
/// # Errors
/// `ERROR_INVALID_HANDLE`.
#[inline]
pub fn with<T>(handle: HANDLE, look: impl FnOnce(&Entry) -> Result<T>) -> Result<T> {
    if let Some((index, generation)) = split(handle)
        && let Some(slot) = slot(index)
        && let slot = enter(slot)?
        && let Some(entry) = &slot.entry
        && slot.generation == generation
    {
        return look(entry);
    }
    look(&missed(handle)?)
}

/// What a handle stands for that was not in the table: another process may have put it there.
#[cold]
fn missed(handle: HANDLE) -> Result<Entry> {
    let (index, generation) = split(handle).ok_or(ErrorKind::InvalidHandle)?;
    crate::inherit::adopt();
    crate::channel::fetch(index);
    let slot = enter(slot(index).ok_or(ErrorKind::InvalidHandle)?)?;
    let entry = slot.entry.as_ref().filter(|_| slot.generation == generation);
    entry.cloned().ok_or(ErrorKind::InvalidHandle.into())
}

/// What a handle stands for.
///
/// # Errors
/// `ERROR_INVALID_HANDLE`.
pub fn get(handle: HANDLE) -> Result<Entry> {
    with(handle, |entry| Ok(entry.clone()))
}

/// Changes what belongs to the handle rather than to its object.
///
/// # Errors
/// `ERROR_INVALID_HANDLE`.
pub fn change<T>(handle: HANDLE, change: impl FnOnce(&mut Entry) -> Result<T>) -> Result<T> {
    let invalid = ErrorKind::InvalidHandle;
    let (index, generation) = arrived(handle)?;
    let mut slot = enter(slot(index).ok_or(invalid)?)?;
    let right = slot.generation == generation;
    match &mut slot.entry {
        Some(entry) if right => change(entry),
        _ => Err(invalid.into()),
    }
}

/// Slot and generation of a handle, which is in the table if it is one.
fn arrived(handle: HANDLE) -> Result<(u32, u32)> {
    with(handle, |_| Ok(()))?;
    split(handle).ok_or(ErrorKind::InvalidHandle.into())
}

/// Closes a handle.
///
/// # Errors
/// `ERROR_INVALID_HANDLE`, also for one that is protected from being closed.
pub fn close(handle: HANDLE) -> Result<()> {
    let invalid = ErrorKind::InvalidHandle;
    let (index, generation) = arrived(handle)?;
    let (slot, free) = (slot(index).ok_or(invalid)?, free());
    let entry = {
        let mut slot = enter(slot)?;
        let open = slot.entry.as_ref().is_some_and(|entry| !entry.protected);
        if slot.generation != generation || !open {
            return Err(invalid.into());
        }
        slot.generation = (slot.generation + 1) % GENERATIONS;
        slot.entry.take()
    };
    if OWN.contains(&index) {
        locked(free).push_back(index);
    } else {
        crate::channel::freed(index);
    }
    // After the slot's lock is gone: what ends with its last handle may take a while.
    if let Some(entry) = entry {
        entry.object.closed();
    }
    Ok(())
}

/// How many handles there are.
#[must_use]
pub fn count() -> usize {
    (1..NEXT.load(Ordering::Relaxed)).filter(|index| is_used(*index)).count()
}

/// All handles that children inherit.
#[must_use]
pub fn inheritable() -> Vec<(HANDLE, Entry)> {
    let look = |(index, slot): (u32, &Lock<Slot>)| {
        let slot = enter(slot).ok()?;
        let entry = slot.entry.as_ref().filter(|entry| entry.inherit)?;
        Some((join(index, slot.generation), entry.clone()))
    };
    let chunks = (0..).step_by(SLOTS_PER_CHUNK as usize).zip(&SLOTS);
    let used = chunks.filter_map(|(first, chunk)| Some((first.., chunk.get()?)));
    used.flat_map(|(numbers, chunk)| numbers.zip(chunk)).filter_map(look).collect()
}

#[cfg(test)]
mod tests {
    use ntpipe_shm::generation::{Ended, in_copy, is_alone};

    use super::{
        Entry, NEXT, OWN, Ordering, close, get, hold, insert, insert_at, join, slot, split,
    };
    use crate::object::Object;

    fn entry() -> Entry {
        let event = ntpipe::Event::new(true, false).expect("an event");
        Entry::new(Object::Event(event), 0)
    }

    #[test]
    fn a_closed_handle_is_none_though_its_slot_is_used_again() {
        let first = insert(entry()).expect("inserted");
        close(first).expect("closed");
        for _ in 0..200 {
            let other = insert(entry()).expect("inserted");
            assert_ne!(other, first);
            close(other).expect("closed");
        }
        assert!(get(first).is_err() && close(first).is_err());
    }

    #[test]
    fn a_copy_finds_the_slots_that_are_free_and_leaves_those_that_are_held() {
        if !is_alone(
            "handle::tests::a_copy_finds_the_slots_that_are_free_and_leaves_those_that_are_held",
        ) {
            return;
        }
        let handles = [(); 4].map(|()| insert(entry()).expect("inserted"));
        let [used, held, closed, stays] = handles.map(|handle| split(handle).expect("one").0);
        assert!(close(handles[1]).is_ok() && close(handles[2]).is_ok());
        // For the copy it is the lock of a thread that is not there.
        let guard = slot(held).expect("it was used").lock();
        let copied = in_copy(|| {
            drop(hold());
            // None that was never used is left.
            NEXT.store(OWN.end, Ordering::Relaxed);
            let taken = insert(entry()).expect("inserted");
            assert_eq!(split(taken).map(|it| it.0), Some(closed));
            assert!(taken != handles[2] && insert(entry()).is_err());
            assert!(close(taken).is_ok() && close(handles[0]).is_ok());
            let again = [(); 2].map(|()| insert(entry()).ok().and_then(split).map(|it| it.0));
            assert_eq!(again, [Some(closed), Some(used)]);
            insert(entry()).is_err() && get(handles[3]).is_ok()
        });
        drop(guard);
        assert_eq!(copied, Ok(Ended::Well));
        // None of these slots was taken here.
        let next = insert(entry()).expect("inserted");
        assert!(split(next).is_some_and(|(index, _)| index > stays));
    }

    #[test]
    fn numbers_that_never_were_handles_are_none() {
        for number in [0, 1, 3, 0x7FFF_FFFC, usize::MAX, usize::MAX - 1, 1 << 40, 0x3FFFC] {
            assert!(get(std::ptr::without_provenance_mut(number)).is_err(), "{number:#x}");
        }
    }

    #[test]
    fn the_lowest_bits_do_not_count() {
        let handle = insert(entry()).expect("inserted");
        assert!(get(handle.map_addr(|number| number | 3)).is_ok());
        close(handle).expect("closed");
    }

    #[test]
    fn an_inherited_handle_has_its_number() {
        let number = join(5000, 7);
        insert_at(number, entry()).expect("placed");
        assert_eq!(split(number), Some((5000, 7)));
        assert!(get(number).is_ok() && insert_at(number, entry()).is_err());
        close(number).expect("closed");
    }
}
