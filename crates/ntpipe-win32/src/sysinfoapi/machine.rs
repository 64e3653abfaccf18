//! The processors, the version, names and directories.
#![allow(unsafe_code)]

use std::ffi::c_char;
use std::mem::MaybeUninit;

use ntpipe::ErrorKind;

use super::host;
use crate::boundary::{answer, out, put, succeeds, value};
use crate::failure::Result;
use crate::text::{self, Filled};
use crate::types::{BOOL, DWORD, LPVOID};

/// `SYSTEM_INFO`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SYSTEM_INFO {
    /// `PROCESSOR_ARCHITECTURE_*`.
    pub wProcessorArchitecture: u16,
    /// Nothing.
    pub wReserved: u16,
    /// The size of a page, in bytes.
    pub dwPageSize: DWORD,
    /// The lowest address of programs.
    pub lpMinimumApplicationAddress: LPVOID,
    /// The highest address of programs.
    pub lpMaximumApplicationAddress: LPVOID,
    /// A bit for each processor.
    pub dwActiveProcessorMask: usize,
    /// How many processors there are.
    pub dwNumberOfProcessors: DWORD,
    /// Of no use any more.
    pub dwProcessorType: DWORD,
    /// What addresses of memory are multiples of, in bytes.
    pub dwAllocationGranularity: DWORD,
    /// The family of the processor.
    pub wProcessorLevel: u16,
    /// Its model.
    pub wProcessorRevision: u16,
}

const _: () = assert!(size_of::<SYSTEM_INFO>() == 48);

fn system() -> SYSTEM_INFO {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let bits = u32::try_from(processors.min(64)).unwrap_or(64);
    let (architecture, kind) = if cfg!(target_arch = "aarch64") { (12, 0) } else { (9, 8664) };
    SYSTEM_INFO {
        wProcessorArchitecture: architecture,
        wReserved: 0,
        dwPageSize: u32::try_from(rustix::param::page_size()).unwrap_or(4096),
        lpMinimumApplicationAddress: std::ptr::without_provenance_mut(0x1_0000),
        lpMaximumApplicationAddress: std::ptr::without_provenance_mut(0x7FFF_FFFE_FFFF),
        dwActiveProcessorMask: usize::MAX >> (usize::BITS - bits),
        dwNumberOfProcessors: u32::try_from(processors).unwrap_or(u32::MAX),
        dwProcessorType: kind,
        dwAllocationGranularity: 0x1_0000,
        wProcessorLevel: 6,
        wProcessorRevision: 0,
    }
}

/// `GetSystemInfo`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSystemInfo(place: *mut SYSTEM_INFO) {
    // SAFETY: null or valid, by the caller's promise.
    put(unsafe { out(place) }, system());
}

/// `GetNativeSystemInfo`: no program here is of another kind than the system.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetNativeSystemInfo(place: *mut SYSTEM_INFO) {
    // SAFETY: the caller's promise is the same.
    unsafe { GetSystemInfo(place) };
}

/// `GetVersion`: as a program without a manifest sees the newest Windows, 6.2.
#[unsafe(no_mangle)]
pub extern "C" fn GetVersion() -> DWORD {
    VERSION[0] | VERSION[1] << 8 | VERSION[2] << 16
}

/// Major and minor version, and build.
const VERSION: [u32; 3] = [6, 2, 9200];

/// `OSVERSIONINFOEXW`, or with bytes `OSVERSIONINFOEXA`; without what begins with `rest`, the forms
/// without `EX`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct VersionInfo<Unit> {
    /// The size of this structure, in bytes.
    pub size: DWORD,
    /// Major and minor version, and build.
    pub version: [DWORD; 3],
    /// `VER_PLATFORM_WIN32_NT`.
    pub platform: DWORD,
    /// The name of a service pack.
    pub pack: [Unit; 128],
    /// The version of the service pack, and what is installed.
    pub rest: [u16; 3],
    /// `VER_NT_WORKSTATION`.
    pub product: u8,
    /// Nothing.
    pub reserved: u8,
}

const REST: usize = 8;
const _: () = assert!(size_of::<VersionInfo<u8>>() == 156 && size_of::<VersionInfo<u16>>() == 284);

/// # Safety
/// `place` is valid for reads and writes of as many bytes as it says in its first member.
unsafe fn tell_version<Unit: Copy + Default>(place: *mut VersionInfo<Unit>) -> Result<()> {
    // SAFETY: the caller's promise.
    let size = *unsafe { value(place.cast::<DWORD>()) }.ok_or(ErrorKind::InvalidParameter)?;
    let whole = size_of::<VersionInfo<Unit>>();
    let len = usize::try_from(size).unwrap_or(0);
    if len != whole && len != whole - REST {
        return Err(ErrorKind::InsufficientBuffer.into());
    }
    let told = VersionInfo {
        size,
        version: VERSION,
        platform: 2,
        pack: [Unit::default(); 128],
        rest: [0; 3],
        product: 1,
        reserved: 0,
    };
    // SAFETY: the caller's promise; the structure has no gaps, and at most all of it is copied.
    unsafe { place.cast::<u8>().copy_from_nonoverlapping((&raw const told).cast(), len) };
    Ok(())
}

/// `GetVersionExA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetVersionExA(place: *mut VersionInfo<u8>) -> BOOL {
    // SAFETY: the caller's promise.
    succeeds(|| unsafe { tell_version(place) })
}

/// `GetVersionExW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetVersionExW(place: *mut VersionInfo<u16>) -> BOOL {
    // SAFETY: the caller's promise.
    succeeds(|| unsafe { tell_version(place) })
}

/// A name of this machine, by `COMPUTER_NAME_FORMAT`.
fn name(format: u32) -> Result<String> {
    let host = host();
    let (label, domain) = host.split_once('.').unwrap_or((&host, ""));
    match format {
        0 | 4 => Ok(label.to_owned()),
        1 | 5 => Ok(label.to_owned()),
        2 | 6 => Ok(domain.to_owned()),
        3 | 7 => Ok(host),
        _ => Err(ErrorKind::InvalidParameter.into()),
    }
}

fn fits(filled: Filled, len: Option<&mut MaybeUninit<u32>>) -> Result<()> {
    put(len, filled.number());
    match filled {
        Filled::Whole(_) => Ok(()),
        Filled::Needs(_) => Err(ErrorKind::MoreData.into()),
    }
}

/// `GetComputerNameExA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetComputerNameExA(
    format: u32,
    buffer: *mut c_char,
    len: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let size = *unsafe { value(len) }.ok_or(ErrorKind::InvalidParameter)?;
        // SAFETY: null or valid for that many bytes, by the caller's promise.
        let filled = unsafe { text::put_ansi(&name(format)?, buffer, size) };
        // SAFETY: null or valid, by the caller's promise.
        fits(filled, unsafe { out(len) })
    })
}

/// `GetComputerNameExW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetComputerNameExW(
    format: u32,
    buffer: *mut u16,
    len: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let size = *unsafe { value(len) }.ok_or(ErrorKind::InvalidParameter)?;
        // SAFETY: null or valid for that many units, by the caller's promise.
        let filled = unsafe { text::put_wide(&name(format)?, buffer, size) };
        // SAFETY: null or valid, by the caller's promise.
        fits(filled, unsafe { out(len) })
    })
}

/// Where Windows has its own files; nothing is there.
const WINDOWS: &str = r"C:\Windows";
const SYSTEM: &str = r"C:\Windows\system32";

/// `GetSystemDirectoryA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSystemDirectoryA(buffer: *mut c_char, size: u32) -> u32 {
    // SAFETY: null or valid for that many bytes, by the caller's promise.
    answer(0, || Ok(unsafe { text::put_ansi(SYSTEM, buffer, size) }.number()))
}

/// `GetSystemDirectoryW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSystemDirectoryW(buffer: *mut u16, size: u32) -> u32 {
    // SAFETY: null or valid for that many units, by the caller's promise.
    answer(0, || Ok(unsafe { text::put_wide(SYSTEM, buffer, size) }.number()))
}

/// `GetWindowsDirectoryA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetWindowsDirectoryA(buffer: *mut c_char, size: u32) -> u32 {
    // SAFETY: null or valid for that many bytes, by the caller's promise.
    answer(0, || Ok(unsafe { text::put_ansi(WINDOWS, buffer, size) }.number()))
}

/// `GetWindowsDirectoryW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetWindowsDirectoryW(buffer: *mut u16, size: u32) -> u32 {
    // SAFETY: null or valid for that many units, by the caller's promise.
    answer(0, || Ok(unsafe { text::put_wide(WINDOWS, buffer, size) }.number()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boundary::last_error;

    #[test]
    fn the_version_is_told_in_both_sizes_and_no_other() {
        // SAFETY: all members are numbers, for which zero is a value.
        let mut info: VersionInfo<u16> = unsafe { std::mem::zeroed() };
        for (size, done) in [(284, 1), (276, 1), (280, 0)] {
            info = VersionInfo { size, product: 7, ..info };
            // SAFETY: valid for more than it says.
            assert_eq!(unsafe { GetVersionExW(&raw mut info) }, done, "{size}");
            assert_eq!(info.product, if size == 284 { 1 } else { 7 }, "{size}");
        }
        assert_eq!((info.version, last_error()), ([6, 2, 9200], 122));
    }

    #[test]
    fn a_name_that_does_not_fit_tells_its_length() {
        let mut len = 0;
        // SAFETY: no buffer, and a valid place.
        let done = unsafe { GetComputerNameExW(1, std::ptr::null_mut(), &raw mut len) };
        assert_eq!((done, last_error()), (0, 234));
        let mut buffer = vec![0; len as usize];
        // SAFETY: the buffer has this size.
        assert_eq!(unsafe { GetComputerNameExW(1, buffer.as_mut_ptr(), &raw mut len) }, 1);
        assert_eq!(len as usize, buffer.len() - 1);
        // SAFETY: as above.
        assert_eq!(unsafe { GetComputerNameExW(8, buffer.as_mut_ptr(), &raw mut len) }, 0);
    }

    #[test]
    fn every_processor_has_a_bit() {
        let system = system();
        assert_eq!(system.dwActiveProcessorMask.count_ones(), system.dwNumberOfProcessors.min(64));
        assert!(system.dwPageSize.is_power_of_two());
    }
}
