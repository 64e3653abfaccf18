//! The rules of Windows pipes.
//!
//! This crate never sleeps, never spawns and reads no clock. An operation answers that it is done,
//! or names what has to happen first; the façades wait.
#![forbid(unsafe_code)]

pub mod connection;
pub mod error;
pub mod mode;
pub mod name;
pub mod namespace;
pub mod ops;
pub mod security;
pub mod sharing;
pub mod state;
pub mod status;

pub use error::{Error, ErrorKind, Result};
pub use name::PipeName;
pub use namespace::Namespace;
pub use security::{Rights, Security};
