//! The metal.
pub mod bare;
