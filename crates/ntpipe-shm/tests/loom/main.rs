//! Every interleaving of two or three threads, up to loom's bound of preemptions.
//!
//! `RUSTFLAGS='--cfg loom' cargo test -p ntpipe-shm --test loom --release`
#![cfg(loom)]

mod doorbell;
mod lock;
mod rings;
mod signal;

use std::sync::Arc;

use ntpipe_shm::futex;
use ntpipe_shm::segment::{Segment, Spec};
use ntpipe_shm::sync::AtomicU32;

fn check(model: impl Fn() + Sync + Send + 'static) {
    check_up_to(3, model);
}

/// With another bound, where three threads would take too long.
fn check_up_to(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 10_000;
    builder.check(move || {
        // The stand-in of the kernel comes into being here, before there are threads: their first use of
        // it would order them otherwise.
        futex::wake_all(&AtomicU32::new(0));
        model();
    });
}

fn segment(capacity: u32) -> Arc<Segment> {
    Arc::new(Segment::heap(Spec { capacities: [capacity, 8], quotas: [0; 2], kind: 0 }))
}
