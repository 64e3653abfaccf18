//! Places at which a test lets a process die, to see that the other one goes on.
//!
//! `NTPIPE_CRASH_AT=<point>` kills the process when it comes to the point for the first time,
//! `NTPIPE_CRASH_AT=<point>@<n>` at the n-th time. Only builds with debug assertions look.

/// Dies here, if the environment says so.
#[cfg(all(debug_assertions, not(loom)))]
pub fn point(name: &str) {
    use std::sync::atomic::{AtomicU32, Ordering};

    use crate::generation::Settled;

    static WHERE: Settled<Option<(String, AtomicU32)>> = Settled::new();
    let chosen = || {
        let wish = std::env::var("NTPIPE_CRASH_AT").ok()?;
        let (point, times) = wish.split_once('@').unwrap_or((&wish, "1"));
        Some((point.to_owned(), AtomicU32::new(times.parse().ok()?)))
    };
    let chosen = WHERE.get_or_make(|| Box::new(chosen()));
    let Some((point, left)) = chosen else { return };
    // Relaxed: a counter of its own.
    if point == name && left.fetch_sub(1, Ordering::Relaxed) == 1 {
        let own = rustix::process::getpid();
        // SIGKILL, so that nothing of this process runs any more; the abort is never reached.
        let _ = rustix::process::kill_process(own, rustix::process::Signal::KILL);
        std::process::abort();
    }
}

/// Dies here, if the environment says so: never in this build.
#[cfg(not(all(debug_assertions, not(loom))))]
#[inline(always)]
pub fn point(_name: &str) {}
