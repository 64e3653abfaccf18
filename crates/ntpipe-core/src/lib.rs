//! The rules of Windows pipes.
//!
//! This crate reads no clock and starts no thread. An operation answers that it is done, or names what
//! has to happen first; the façades wait. One exception: the locks of a pipe's set-up and of an end that
//! processes share are waited for, as long as their holders need for some copies.
#![forbid(unsafe_code)]

pub mod connection;
pub mod context;
pub mod error;
pub mod greeting;
pub mod instance;
pub mod mode;
pub mod name;
pub mod namespace;
pub mod object_name;
pub mod ops;
pub mod security;
pub mod sharing;
pub mod state;
pub mod status;

pub use error::{Error, ErrorKind, Result};
pub use name::PipeName;
pub use namespace::Namespace;
pub use object_name::ObjectName;
pub use security::{Rights, Security};
