//! Memory that another process made or writes to: segments, their records, events.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use ntpipe_shm::block::{Mapping, PAGE_BYTES};
use ntpipe_shm::layout::{HEADER_BYTES, MAGIC, RING_BYTES_MAX, RING_BYTES_MIN, VERSION};
use ntpipe_shm::ring::{Consumer, Producer, Seen};
use ntpipe_shm::segment::{Segment, Spec};
use ntpipe_shm::signal::Signal;
use rustix::fs::{MemfdFlags, SealFlags};

fn memory(len: u64, bytes: &[u8], seals: SealFlags) -> OwnedFd {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let fd = rustix::fs::memfd_create("fuzz", flags).expect("memory");
    rustix::fs::ftruncate(&fd, len).expect("a length");
    let count = bytes.len().min(usize::try_from(len).unwrap_or(usize::MAX));
    rustix::io::pwrite(&fd, &bytes[..count], 0).expect("written");
    rustix::fs::fcntl_add_seals(&fd, seals).expect("sealed");
    fd
}

/// The check of a segment that came from a peer: two bytes of seals and odd length, then the header, into
/// which the right magic and version are put unless the highest bit of the seals is set.
///
/// The length is what the header's capacities ask for, so that the checks before it do not hide those
/// behind it.
///
/// # Panics
///
/// If a segment is accepted whose rings do not fit into its memory.
pub fn segment(data: &[u8]) -> bool {
    let Some((&[seals, odd], header)) = data.split_first_chunk::<2>() else { return false };
    let mut header = header.to_vec();
    if seals & 0x80 == 0 {
        header.resize(header.len().max(12), 0);
        header[..8].copy_from_slice(&MAGIC.to_ne_bytes());
        header[8..12].copy_from_slice(&VERSION.to_ne_bytes());
    }
    let seals = seals & 0x7F;
    let right = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    let seals = if seals == 0 { right } else { SealFlags::from_bits_retain(u32::from(seals) & 31) };
    let capacity = |at: usize| {
        let bytes = header.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        u64::from(u32::from_ne_bytes(bytes.unwrap_or_default()))
    };
    let wanted = HEADER_BYTES as u64 + capacity(16) + capacity(20);
    let len = (wanted + u64::from(odd)).min(1 << 32);
    let fd = memory(len, &header, seals);
    let Ok(segment) = Segment::open(&fd) else { return false };
    assert!(seals.contains(right) && !seals.intersects(SealFlags::WRITE | SealFlags::FUTURE_WRITE));
    let capacities = segment.spec().capacities;
    for capacity in capacities {
        assert!((RING_BYTES_MIN..=RING_BYTES_MAX).contains(&capacity));
        assert!(capacity.is_power_of_two());
    }
    assert_eq!(len, HEADER_BYTES as u64 + u64::from(capacities[0]) + u64::from(capacities[1]));
    use_rings(Arc::new(segment));
    true
}

/// What a peer may write anywhere behind the checked part of the header: pieces of a place in units of 4
/// bytes, a count, and so many bytes. After each piece the rings are used; accepted is what gave a record.
///
/// # Panics
///
/// If more is read or written than there is.
pub fn records(data: &[u8]) -> bool {
    let spec = Spec { capacities: [RING_BYTES_MIN; 2], quotas: [RING_BYTES_MIN; 2], kind: 1 };
    let Ok((segment, fd)) = Segment::create(spec) else { return false };
    let segment = Arc::new(segment);
    let (mut rest, mut taken) = (data, false);
    while let Some((&[low, high, count], after)) = rest.split_first_chunk::<3>() {
        let (bytes, after) = after.split_at(after.len().min(usize::from(count) % 64));
        let place = 32 + u64::from(u16::from_le_bytes([low, high])) % (3 * 1024 - 64);
        rustix::io::pwrite(&fd, bytes, place * 4).expect("written");
        taken |= use_rings(segment.clone());
        rest = after;
    }
    taken
}

/// Takes and appends what goes, a bounded number of times; whether there was something to take.
fn use_rings(segment: Arc<Segment>) -> bool {
    let capacities = segment.spec().capacities;
    let mut into = [0; 100];
    let mut consumer = Consumer::new(segment.clone(), 0);
    let mut some = false;
    for _ in 0..100 {
        let Ok(Seen::Record(front)) = consumer.front() else { break };
        assert!(front.left <= capacities[0], "{} bytes in one record", front.left);
        let Ok(Some(taken)) = consumer.take(front, &mut into) else { break };
        assert!(taken <= into.len() && taken <= front.left as usize);
        some = true;
    }
    let mut producer = Producer::new(segment, 1);
    for (rest, revocable) in [(0, false), (5, true), (0, true)] {
        if let Ok(Some(placed)) = producer.push(&[7; 100], rest, revocable)
            && revocable
        {
            let _ = producer.withdraw(placed.units, placed.end_bytes);
        }
        assert!(producer.room(false).is_none_or(|room| room <= capacities[1]));
    }
    let _ = producer.resync();
    some
}

/// The file of a named event: a byte that makes it longer or shorter, one that says where in it the event
/// is, then its content.
///
/// # Panics
///
/// If a file is mapped that is too short for what is said to be in it.
pub fn event(data: &[u8]) -> bool {
    let [odd, at, content @ ..] = data else { return false };
    let whole = PAGE_BYTES as u64 + u64::from(*odd) * 8;
    let len = if odd % 2 == 1 { u64::from(*odd) } else { whole };
    let offset = u64::from(*at) * 32;
    let memory = memory(len, content, SealFlags::empty());
    let Ok(mapping) = Mapping::open(memory, offset) else { return false };
    assert!(offset < len && len >= PAGE_BYTES as u64);
    let block = mapping.block();
    let signal = Signal::new(&block.word, block.argument() != 0);
    let mut staying = signal.begin();
    signal.enter(&mut staying);
    signal.set();
    let available = signal.is_available();
    let mut passing = signal.begin();
    assert!(signal.take(&mut passing) == available, "what was available could be taken");
    signal.reset();
    signal.pulse();
    signal.leave(&mut staying);
    signal.give_back();
    true
}
