//! The metal.

pub mod lockfile;
pub mod peer;
pub mod socket;
pub mod watchdir;
