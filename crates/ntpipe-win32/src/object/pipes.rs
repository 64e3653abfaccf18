//! `\Device\NamedPipe`: the device of all pipes, or its root directory, which lists them.

use std::sync::{Arc, Mutex};

use super::{Io, Scan};
use crate::failure::Result;

/// The device of all pipes behind handles.
#[derive(Debug)]
pub struct PipesObject {
    /// Whether it is the directory on the device, not the device itself.
    pub is_root: bool,
    /// Whether it was opened for asynchronous use.
    pub overlapped: bool,
    /// How far the directory has been listed through it.
    pub scan: Mutex<Option<Scan>>,
    /// Its asynchronous side.
    pub io: Arc<Io>,
}

impl PipesObject {
    /// The device, or the directory on it.
    ///
    /// # Errors
    /// What making its signal gives.
    pub fn new(is_root: bool, overlapped: bool) -> Result<Self> {
        Ok(Self { is_root, overlapped, scan: Mutex::default(), io: Io::new()? })
    }
}
