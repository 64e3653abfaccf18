//! The structures of the NT level, as a 64-bit program lays them out.

use std::ffi::{c_char, c_void};

use crate::types::{HANDLE, LPVOID};

/// A status: negative for errors and warnings.
pub type NTSTATUS = i32;

/// `UNICODE_STRING`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct UNICODE_STRING {
    /// The length, in bytes.
    pub Length: u16,
    /// The room in the buffer, in bytes.
    pub MaximumLength: u16,
    /// The units; a zero at the end is not needed.
    pub Buffer: *mut u16,
}

/// `ANSI_STRING`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ANSI_STRING {
    /// The length, in bytes.
    pub Length: u16,
    /// The room in the buffer, in bytes.
    pub MaximumLength: u16,
    /// The bytes; a zero at the end is not needed.
    pub Buffer: *mut c_char,
}

/// `OBJECT_ATTRIBUTES`.
#[repr(C)]
#[derive(Debug)]
pub struct OBJECT_ATTRIBUTES {
    /// The size of this structure, in bytes.
    pub Length: u32,
    /// What the name is relative to, or null.
    pub RootDirectory: HANDLE,
    /// The name, or null.
    pub ObjectName: *const UNICODE_STRING,
    /// `OBJ_*`.
    pub Attributes: u32,
    /// A security descriptor, or null for the default.
    pub SecurityDescriptor: *mut c_void,
    /// How far a server may act as the client.
    pub SecurityQualityOfService: *mut c_void,
}

/// `IO_STATUS_BLOCK`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IO_STATUS_BLOCK {
    /// The status, in the lower half.
    pub Status: usize,
    /// Mostly a count of bytes.
    pub Information: usize,
}

/// `OBJ_INHERIT`.
pub const OBJ_INHERIT: u32 = 2;
/// `OBJ_OPENIF`.
pub const OBJ_OPENIF: u32 = 0x80;

/// A pointer to a security descriptor.
pub type PSECURITY_DESCRIPTOR = LPVOID;

const _: () = assert!(size_of::<OBJECT_ATTRIBUTES>() == 48 && size_of::<UNICODE_STRING>() == 16);
