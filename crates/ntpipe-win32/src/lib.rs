//! `windows.h` on Linux: the Win32 functions that pipe programs use, on ntpipe's engine.
//!
//! Every function here is C's: it has the name, the arguments and the contract of its Windows namesake.
//! One file per header of the SDK; what stands behind the handles is in [`object`].
//!
//! Three rules hold everywhere in this crate:
//!
//! 1. Every exported function runs inside [`boundary`]: a panic becomes `ERROR_INTERNAL_ERROR`, never
//!    an abort of the program or undefined behaviour.
//! 2. A `HANDLE` is a number, looked up and checked each time ([`handle`]); a stale or foreign one gives
//!    `ERROR_INVALID_HANDLE`.
//! 3. The caller's pointers are looked at in [`boundary`] and [`text`] alone, and become options of
//!    references and slices there.
//!
//! # Safety
//!
//! What a Windows program promises to Windows it promises here: a pointer is null where the function
//! allows that, or valid for what the function does with it; an `OVERLAPPED` and its buffer stay where
//! they are until the operation has completed.
#![cfg(target_os = "linux")]
#![allow(non_snake_case, non_camel_case_types, reason = "Windows' names")]
#![allow(clippy::upper_case_acronyms, reason = "Windows' names")]
#![allow(clashing_extern_declarations, reason = "for GetProcAddress all functions have one type")]
#![allow(clippy::missing_safety_doc, reason = "said once, above: the contract is Windows'")]

pub mod account;
pub mod aclapi;
pub mod apc;
pub mod boundary;
pub mod channel;
pub mod command_line;
pub mod consoleapi;
#[cfg(test)]
mod copies;
pub mod debugapi;
pub mod errhandlingapi;
pub mod failure;
pub mod fileapi;
pub mod handle;
pub mod handleapi;
pub mod heapapi;
pub mod inherit;
pub mod io;
pub mod ioapiset;
pub mod libloaderapi;
pub mod memory;
pub mod namedpipeapi;
pub mod object;
pub mod overlapped;
pub mod path;
pub mod privilege;
pub mod processenv;
pub mod processthreadsapi;
pub mod profileapi;
pub mod sddl;
pub mod security;
pub mod securitybaseapi;
pub mod shellapi;
pub mod stringapiset;
pub mod synchapi;
pub mod sysinfoapi;
pub mod text;
pub mod threadpoolapiset;
pub mod token;
pub mod types;
pub mod winbase;
pub mod winternl;
pub mod winuser;
