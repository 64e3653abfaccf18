//! `profileapi.h`: the fine clock, in units of 100 ns since the system started.
#![allow(unsafe_code)]

use rustix::time::{ClockId, clock_gettime};

use crate::boundary::{out, put};
use crate::types::BOOL;

/// Ticks of `QueryPerformanceCounter` in a second.
const TICKS_PER_SECOND: i64 = 10_000_000;

/// `QueryPerformanceCounter`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn QueryPerformanceCounter(count: *mut i64) -> BOOL {
    let now = clock_gettime(ClockId::Monotonic);
    // SAFETY: null or valid, by the caller's promise.
    put(unsafe { out(count) }, now.tv_sec * TICKS_PER_SECOND + now.tv_nsec / 100);
    1
}

/// `QueryPerformanceFrequency`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn QueryPerformanceFrequency(frequency: *mut i64) -> BOOL {
    // SAFETY: null or valid, by the caller's promise.
    put(unsafe { out(frequency) }, TICKS_PER_SECOND);
    1
}
