//! Where the memory of an event, a mutex, a semaphore or a timer is.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use ntpipe_shm::arena::Slot;
use ntpipe_shm::block::{Block, Mapping};
use ntpipe_shm::segment::OpenError;
use rustix::fs::fstat;

use super::named::Named;
use crate::{Error, ErrorKind, Result};

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Kind {
    Event = 1,
    Mutex = 2,
    Semaphore = 3,
    Timer = 4,
}

/// What a new block holds.
#[derive(Clone, Copy)]
pub(crate) struct Spec<'a> {
    pub(crate) kind: Kind,
    argument: u32,
    word: u32,
    /// What is done to it before anybody else has it.
    first: &'a dyn Fn(&Block),
}

impl<'a> Spec<'a> {
    pub(crate) fn new(kind: Kind, argument: u32, word: u32) -> Self {
        Self { kind, argument, word, first: &|_| () }
    }

    pub(crate) fn first(self, first: &'a dyn Fn(&Block)) -> Self {
        Self { first, ..self }
    }

    pub(super) fn begin(&self, block: &Block) {
        block.begin(self.kind as u32, self.argument, self.word);
        (self.first)(block);
    }
}

/// A block, wherever it is; clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    place: Arc<Place>,
    created: bool,
}

#[derive(Debug)]
enum Place {
    /// Of this process alone.
    Own(Block),
    /// Of this process, until it is shared.
    Slot(Slot),
    /// Under a name.
    Named(Named),
    /// Of the process that shared it.
    Adopted { mapping: Mapping, memory: OwnedFd, offset: u64 },
}

impl Store {
    pub(crate) fn own(spec: Spec<'_>) -> Self {
        let block = Block::default();
        spec.begin(&block);
        Self::new(Place::Own(block), true)
    }

    pub(crate) fn shareable(spec: Spec<'_>) -> Result<Self> {
        let slot = opened(Slot::new(spec.kind as u32, spec.argument, spec.word))?;
        spec.begin(slot.block());
        Ok(Self::new(Place::Slot(slot), true))
    }

    pub(crate) fn create(name: &str, spec: Spec<'_>) -> Result<Self> {
        let (named, created) = Named::create(name, spec)?;
        Ok(Self::new(Place::Named(named), created))
    }

    pub(crate) fn open(name: &str, kind: Kind) -> Result<Self> {
        Ok(Self::new(Place::Named(Named::open(name, kind)?), false))
    }

    /// What another process needs in order to [`adopt`](Self::adopt) it.
    pub(crate) fn share(&self) -> Result<(OwnedFd, String)> {
        let (memory, offset) = match &*self.place {
            Place::Own(_) => {
                return Err(Error::new(ErrorKind::NotSupported)
                    .because("it was made for this process alone"));
            }
            Place::Named(named) => {
                let (file, name) = named.share()?;
                return Ok((file, format!("={name}")));
            }
            Place::Slot(slot) => slot.hand_over(),
            Place::Adopted { memory, offset, .. } => (memory, *offset),
        };
        let memory = ntpipe_shm::handover::copy(memory);
        Ok((memory.map_err(|errno| Error::os("dup", errno))?, offset.to_string()))
    }

    /// Believes nothing: the text may say anything, and the descriptor may be any.
    pub(crate) fn adopt(memory: OwnedFd, place: &str, kind: Kind) -> Result<Self> {
        if let Some(name) = place.strip_prefix('=') {
            return Ok(Self::new(Place::Named(Named::adopt(memory, name, kind)?), false));
        }
        let invalid = |_| Error::from(ErrorKind::InvalidHandle);
        let offset = place.parse().map_err(invalid)?;
        let mapping =
            Mapping::open(&memory, offset).map_err(|_| Error::from(ErrorKind::InvalidHandle))?;
        if mapping.block().kind() != kind as u32 {
            return Err(ErrorKind::InvalidHandle.into());
        }
        Ok(Self::new(Place::Adopted { mapping, memory, offset }, false))
    }

    pub(crate) fn created(&self) -> bool {
        self.created
    }

    #[inline]
    pub(crate) fn block(&self) -> &Block {
        match &*self.place {
            Place::Own(block) => block,
            Place::Slot(slot) => slot.block(),
            Place::Named(named) => named.block(),
            Place::Adopted { mapping, .. } => mapping.block(),
        }
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.place, &other.place)
    }

    /// Tells blocks apart, and orders them the same way in every process.
    pub(crate) fn key(&self) -> (u64, u64, u64) {
        let (file, offset) = match &*self.place {
            Place::Own(_) => return (0, 0, Arc::as_ptr(&self.place).addr() as u64),
            Place::Slot(slot) => (slot.memory(), slot.offset()),
            Place::Named(named) => (named.file(), 0),
            Place::Adopted { memory, offset, .. } => (memory, *offset),
        };
        let stat = fstat(file);
        // A descriptor of our own can be asked; if not, its place in this process tells it apart too.
        stat.map_or((0, 0, Arc::as_ptr(&self.place).addr() as u64), |stat| {
            (stat.st_dev, stat.st_ino, offset)
        })
    }

    fn new(place: Place, created: bool) -> Self {
        Self { place: Arc::new(place), created }
    }
}

/// What came of mapping a block.
pub(super) fn opened<T>(result: std::result::Result<T, OpenError>) -> Result<T> {
    result.map_err(|error| match error {
        OpenError::Os(call, errno) => Error::os(call, errno),
        OpenError::Refused(why) => Error::new(ErrorKind::Corrupt).because(why),
        _ => ErrorKind::Corrupt.into(),
    })
}
