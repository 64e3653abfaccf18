//! Windows' types, as a 64-bit program lays them out, and the constants of arguments.

use std::ffi::c_void;

/// A 32-bit truth value.
pub type BOOL = i32;
/// 32 bits without sign, on every system.
pub type DWORD = u32;
/// A UTF-16 unit.
pub type WCHAR = u16;
/// A handle: a number in a pointer's clothes.
pub type HANDLE = *mut c_void;
/// Nothing, by its Windows name.
pub type LPVOID = *mut c_void;
/// A string of bytes in the ANSI code page, which is UTF-8 here.
pub type LPCSTR = *const std::ffi::c_char;
/// A string of UTF-16 units.
pub type LPCWSTR = *const WCHAR;

/// What `CreateFile` and `CreateNamedPipe` answer when they fail.
pub const INVALID_HANDLE_VALUE: HANDLE = std::ptr::without_provenance_mut(usize::MAX);

/// `OVERLAPPED`.
#[repr(C)]
#[derive(Debug)]
pub struct OVERLAPPED {
    /// The status, as an NTSTATUS; `STATUS_PENDING` while the operation goes on.
    pub Internal: usize,
    /// The bytes transferred.
    pub InternalHigh: usize,
    /// A file's position, or a pointer; nothing to a pipe.
    pub Offset: DWORD,
    /// A file's position, its upper half.
    pub OffsetHigh: DWORD,
    /// An event that is set when the operation completes, or null.
    pub hEvent: HANDLE,
}

/// `OVERLAPPED_ENTRY`.
#[repr(C)]
#[derive(Debug)]
pub struct OVERLAPPED_ENTRY {
    /// The key of the file.
    pub lpCompletionKey: usize,
    /// The operation.
    pub lpOverlapped: *mut OVERLAPPED,
    /// Its status.
    pub Internal: usize,
    /// The bytes transferred.
    pub dwNumberOfBytesTransferred: DWORD,
}

/// `SECURITY_ATTRIBUTES`.
#[repr(C)]
#[derive(Debug)]
pub struct SECURITY_ATTRIBUTES {
    /// The size of this structure, in bytes.
    pub nLength: DWORD,
    /// A security descriptor, or null for the default.
    pub lpSecurityDescriptor: LPVOID,
    /// Whether children inherit the handle.
    pub bInheritHandle: BOOL,
}

const _: () = assert!(size_of::<OVERLAPPED_ENTRY>() == 32);
const _: () = assert!(size_of::<OVERLAPPED>() == 32 && size_of::<SECURITY_ATTRIBUTES>() == 24);

/// What a handle may do; the bits of an access mask that pipes know.
pub mod access {
    /// Read data.
    pub const FILE_READ_DATA: u32 = 0x1;
    /// Write data.
    pub const FILE_WRITE_DATA: u32 = 0x2;
    /// Append data; for a pipe, create an instance.
    pub const FILE_APPEND_DATA: u32 = 0x4;
    /// Read attributes.
    pub const FILE_READ_ATTRIBUTES: u32 = 0x80;
    /// Write attributes.
    pub const FILE_WRITE_ATTRIBUTES: u32 = 0x100;
    /// Read the security descriptor.
    pub const READ_CONTROL: u32 = 0x2_0000;
    /// Wait for the handle.
    pub const SYNCHRONIZE: u32 = 0x10_0000;
    /// What reading a file takes.
    pub const FILE_GENERIC_READ: u32 = 0x12_0089;
    /// What writing a file takes.
    pub const FILE_GENERIC_WRITE: u32 = 0x12_0116;
    /// All that a file knows.
    pub const FILE_ALL_ACCESS: u32 = 0x1F_01FF;
    /// All that the object knows.
    pub const GENERIC_ALL: u32 = 0x1000_0000;
    /// What executing takes.
    pub const GENERIC_EXECUTE: u32 = 0x2000_0000;
    /// What writing takes.
    pub const GENERIC_WRITE: u32 = 0x4000_0000;
    /// What reading takes.
    pub const GENERIC_READ: u32 = 0x8000_0000;
    /// All generic bits.
    pub const GENERIC: u32 = 0xF000_0000;
    /// As much as is allowed.
    pub const MAXIMUM_ALLOWED: u32 = 0x200_0000;

    /// Change what an event, a semaphore or a timer says (`…_MODIFY_STATE`).
    pub const MODIFY_STATE: u32 = 0x2;
    /// All that an event, a semaphore or a timer knows.
    pub const SYNC_ALL_ACCESS: u32 = 0x1F_0003;

    /// The mask with the generic bits replaced by what they mean for an event, a mutex, a semaphore or a
    /// timer.
    #[must_use]
    pub fn of_sync(mask: u32) -> u32 {
        let generic = [
            (GENERIC_READ, READ_CONTROL | 1),
            (GENERIC_WRITE, READ_CONTROL | MODIFY_STATE),
            (GENERIC_EXECUTE, READ_CONTROL | SYNCHRONIZE),
            (GENERIC_ALL | MAXIMUM_ALLOWED, SYNC_ALL_ACCESS),
        ];
        replace(mask, generic)
    }

    fn replace(mask: u32, generic: [(u32, u32); 4]) -> u32 {
        let meant = generic.iter().filter(|(bit, _)| mask & bit != 0);
        meant.fold(mask & 0x1FF_FFFF, |all, (_, meant)| all | meant)
    }

    /// The mask with the generic bits replaced by what they mean for a file.
    #[must_use]
    pub fn of_file(mask: u32) -> u32 {
        let generic = [
            (GENERIC_READ, FILE_GENERIC_READ),
            (GENERIC_WRITE, FILE_GENERIC_WRITE),
            (GENERIC_EXECUTE, 0x12_00A0),
            (GENERIC_ALL | MAXIMUM_ALLOWED, FILE_ALL_ACCESS),
        ];
        replace(mask, generic)
    }
}
