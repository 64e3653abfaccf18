//! `CREATE_SUSPENDED`: a program that is there but does not run.
#![allow(unsafe_code)]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

unsafe extern "C" {
    safe fn ntpipe_trace_me() -> i32;
    safe fn ntpipe_leave_stopped(pid: i32) -> i32;
}

fn done(errno: i32) -> io::Result<()> {
    if errno == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(errno)) }
}

/// Starts a program that is stopped before its first instruction, until it gets `SIGCONT`.
pub(super) fn spawn_stopped(command: &mut Command) -> io::Result<Child> {
    // SAFETY: between fork and exec the closure makes one system call; it neither allocates nor locks.
    unsafe { command.pre_exec(|| done(ntpipe_trace_me())) };
    let mut child = command.spawn()?;
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    if let Err(error) = done(ntpipe_leave_stopped(pid)) {
        // It must not run without having been resumed.
        let _ = child.kill();
        let _ = child.wait();
        return Err(error);
    }
    Ok(child)
}
