//! Shared memory between two processes that do not trust each other.
//!
//! A [`Segment`](segment::Segment) holds two rings of records, one per direction, and for each of
//! its two sides a block with the side's life and doorbells. A [`Producer`](ring::Producer) appends
//! records, a [`Consumer`](ring::Consumer) takes them; neither makes a system call. A side that has
//! to wait announces itself at a [`Doorbell`](doorbell::Doorbell), looks once more, and sleeps; the
//! other side rings only if someone announced.
//!
//! Three rules hold everywhere in this crate:
//!
//! 1. No Rust reference to payload ever exists; bytes are copied in and out by [`bytes`] alone.
//! 2. A value from the segment is loaded once into a local, checked, and only then used.
//! 3. Every non-relaxed ordering names its partner by a `SYNC` name, explained in docs/protocol.md.

#[cfg(not(loom))]
pub mod arena;
#[cfg(not(loom))]
pub mod bare;
#[cfg(not(loom))]
pub mod block;
#[cfg(not(loom))]
pub mod broadcast;
pub mod bytes;
#[cfg(not(loom))]
pub mod chime;
pub mod counter;
pub mod crash;
pub mod doorbell;
#[cfg(not(loom))]
pub mod due;
pub mod error;
pub mod futex;
#[cfg(not(loom))]
pub mod generation;
#[cfg(not(loom))]
pub mod handover;
pub mod layout;
pub mod lock;
#[cfg(not(loom))]
pub mod lockfile;
#[cfg(not(loom))]
pub mod owner;
#[cfg(not(loom))]
pub mod parcel;
#[cfg(not(loom))]
pub mod peer;
#[cfg_attr(loom, expect(dead_code, reason = "a model has no caches"))]
mod prefetch;
#[cfg(not(loom))]
pub mod process;
#[cfg(not(loom))]
pub mod quiet;
pub mod ring;
pub mod segment;
pub mod signal;
#[cfg(not(loom))]
pub mod socket;
pub mod sync;
#[cfg(not(loom))]
pub mod watchdir;

pub use error::Corrupt;
