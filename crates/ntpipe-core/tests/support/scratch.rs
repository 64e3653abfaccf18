//! A namespace of its own for each test.
#![allow(unreachable_pub)]

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use ntpipe_core::mode::{Access, PipeType};
use ntpipe_core::namespace::{CreateParams, Namespace};
use ntpipe_core::{PipeName, Security};

/// A root of its own for each test.
pub struct Scratch {
    pub path: PathBuf,
    pub ns: Namespace,
}

impl Scratch {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ntns-{}-{number}", std::process::id()));
        let ns = Namespace::at(&path).unwrap();
        Self { path, ns }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.path).ok();
    }
}

pub fn params() -> CreateParams {
    CreateParams {
        pipe_type: PipeType::Byte,
        access: Access::Duplex,
        max_instances: 255,
        in_quota: 1,
        out_quota: 2,
        default_timeout_ms: 0,
        first: false,
        policy: Security::current_user().into(),
        takes_ownership: false,
    }
}

pub fn name() -> PipeName {
    PipeName::new(r"\\.\pipe\Test\One").unwrap()
}
