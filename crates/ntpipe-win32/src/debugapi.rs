//! `debugapi.h`: debuggers.
#![allow(unsafe_code)]

use std::io::Write;

use crate::text;
use crate::types::{BOOL, LPCSTR, LPCWSTR};

/// `IsDebuggerPresent`.
#[unsafe(no_mangle)]
pub extern "C" fn IsDebuggerPresent() -> BOOL {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
    BOOL::from(tracer.is_some_and(|pid| pid.trim() != "0"))
}

/// What a debugger would show: with `NTPIPE_DEBUG_OUTPUT` set, the standard error.
fn show(text: Option<String>) {
    if let Some(text) = text
        && std::env::var_os("NTPIPE_DEBUG_OUTPUT").is_some()
    {
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}

/// `OutputDebugStringA`: shown on the standard error if the environment has `NTPIPE_DEBUG_OUTPUT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OutputDebugStringA(string: LPCSTR) {
    // SAFETY: null or a string, by the caller's promise.
    show(unsafe { text::ansi(string) });
}

/// `OutputDebugStringW`: shown on the standard error if the environment has `NTPIPE_DEBUG_OUTPUT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OutputDebugStringW(string: LPCWSTR) {
    // SAFETY: null or a string, by the caller's promise.
    show(unsafe { text::wide(string) });
}
