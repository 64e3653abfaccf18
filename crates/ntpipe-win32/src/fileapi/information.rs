//! What a handle tells of its file or pipe: attributes, times, sizes, names.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_void};
use std::fs::{File, Metadata};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::MetadataExt;

use ntpipe::ErrorKind;

use super::attributes_of;
use crate::boundary::{answer, bytes_mut, out, put, succeeds};
use crate::failure::{Failure, Result};
use crate::handle;
use crate::object::pipe::End;
use crate::object::{FileObject, Object, PipeObject, file};
use crate::sysinfoapi::{FILETIME, split, units_of};
use crate::text::{put_ansi, put_wide};
use crate::types::{BOOL, DWORD, HANDLE};

/// `FILE_ATTRIBUTE_NORMAL`.
const NORMAL: u32 = 0x80;
/// `FileBasicInfo`, `FileStandardInfo`, `FileNameInfo`.
const BASIC: u32 = 0;
const STANDARD: u32 = 1;
const NAME: u32 = 2;
/// `VOLUME_NAME_NT`, `VOLUME_NAME_NONE`, `FILE_NAME_OPENED`.
const VOLUME_NT: u32 = 2;
const VOLUME_NONE: u32 = 4;
const OPENED: u32 = 8;
/// What allocations of files are counted in, by the system's contract.
const BLOCK_BYTES: u64 = 512;

/// `BY_HANDLE_FILE_INFORMATION`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct BY_HANDLE_FILE_INFORMATION {
    /// `FILE_ATTRIBUTE_*`.
    pub dwFileAttributes: DWORD,
    /// When it was made, last read, last written.
    pub times: [FILETIME; 3],
    /// The number of the volume.
    pub dwVolumeSerialNumber: DWORD,
    /// The size, upper and lower half.
    pub size: [DWORD; 2],
    /// How many names it has.
    pub nNumberOfLinks: DWORD,
    /// Its number in the volume, upper and lower half.
    pub index: [DWORD; 2],
}

const _: () = assert!(size_of::<BY_HANDLE_FILE_INFORMATION>() == 52);

fn halves(number: u64) -> [u32; 2] {
    let half = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default();
    [half(number >> 32), half(number)]
}

fn metadata(file: &FileObject) -> Result<Metadata> {
    Ok(File::from(file.as_fd().try_clone_to_owned()?).metadata()?)
}

/// When it was made, last read, last written; 0 where the file system does not know.
fn times(meta: &Metadata) -> [u64; 3] {
    [meta.created(), meta.accessed(), meta.modified()].map(|time| time.map_or(0, units_of))
}

/// `GetFileInformationByHandle`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetFileInformationByHandle(
    handle: HANDLE,
    place: *mut BY_HANDLE_FILE_INFORMATION,
) -> BOOL {
    succeeds(|| {
        let file = match handle::get(handle)?.object {
            Object::File(file) if file.kind() == file::Kind::Disk => file,
            //= observed: not of pipes and terminals, Wine
            Object::File(_) | Object::Pipe(_) => return Err(ErrorKind::InvalidFunction.into()),
            _ => return Err(ErrorKind::InvalidHandle.into()),
        };
        let meta = metadata(&file)?;
        let told = BY_HANDLE_FILE_INFORMATION {
            dwFileAttributes: attributes_of(&meta),
            times: times(&meta).map(|units| split(units.cast_signed())),
            dwVolumeSerialNumber: halves(meta.dev())[1],
            size: halves(meta.len()),
            nNumberOfLinks: u32::try_from(meta.nlink()).unwrap_or(u32::MAX),
            index: halves(meta.ino()),
        };
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(place) }, told);
        Ok(())
    })
}

/// `FILE_BASIC_INFO`, of which the fourth time is that of the last change.
fn basic(object: &Object) -> Result<Vec<u8>> {
    let (times, attributes) = match object {
        Object::File(file) => {
            let meta = metadata(file)?;
            let [made, read, written] = times(&meta);
            ([made, read, written, written], attributes_of(&meta))
        }
        //= observed: the times of a pipe are 0
        _ => ([0; 4], NORMAL),
    };
    let mut told: Vec<u8> = times.iter().flat_map(|units| units.to_ne_bytes()).collect();
    told.extend(attributes.to_ne_bytes());
    told.resize(40, 0);
    Ok(told)
}

/// `FILE_STANDARD_INFO`.
fn standard(object: &Object) -> Result<Vec<u8>> {
    let (allocated, size, links, deleted, directory) = match object {
        Object::File(file) => {
            let meta = metadata(file)?;
            (
                meta.blocks() * BLOCK_BYTES,
                meta.len(),
                meta.nlink(),
                meta.nlink() == 0,
                meta.is_dir(),
            )
        }
        Object::Pipe(pipe) => {
            let info = pipe.pipe().info()?;
            let quotas = u64::from(info.in_buffer_size) + u64::from(info.out_buffer_size);
            let readable = pipe.pipe().peek(&mut []).map_or(0, |peek| peek.available as u64);
            //= observed: delete pending, whatever becomes of it
            (quotas, readable, 1, true, false)
        }
        _ => return Err(ErrorKind::InvalidHandle.into()),
    };
    let mut told = [allocated.to_ne_bytes(), size.to_ne_bytes()].concat();
    told.extend(u32::try_from(links).unwrap_or(u32::MAX).to_ne_bytes());
    told.extend([u8::from(deleted), u8::from(directory), 0, 0]);
    Ok(told)
}

/// The name of a pipe below the device of all pipes; an anonymous one has none.
fn name_of_pipe(pipe: &PipeObject) -> &str {
    match pipe.end() {
        End::Server(_) | End::Client(_) => pipe.pipe().name(),
        End::Reader(_) | End::Writer(_) => "",
    }
}

fn path_of_file(file: &FileObject) -> Result<String> {
    let link = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
    Ok(std::fs::read_link(link)?.to_string_lossy().into_owned())
}

/// `FILE_NAME_INFO`: the name within its volume.
fn name(object: &Object) -> Result<Vec<u8>> {
    let name = match object {
        Object::Pipe(pipe) => format!(r"\{}", name_of_pipe(pipe)),
        Object::File(file) => path_of_file(file)?.replace('/', r"\"),
        _ => return Err(ErrorKind::InvalidHandle.into()),
    };
    let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_ne_bytes).collect();
    let len = u32::try_from(units.len()).unwrap_or(u32::MAX);
    Ok([&len.to_ne_bytes()[..], &units].concat())
}

/// `GetFileInformationByHandleEx`: the basic, the standard and the name class.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetFileInformationByHandleEx(
    handle: HANDLE,
    class: u32,
    place: *mut c_void,
    size: DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid for `size` bytes, by the caller's promise.
        let place = unsafe { bytes_mut(place.cast(), size) };
        let least = match class {
            BASIC => 40,
            STANDARD => 24,
            NAME => 8,
            _ => return Err(ErrorKind::InvalidParameter.into()),
        };
        if place.len() < least {
            return Err(Failure::BAD_LENGTH);
        }
        let object = handle::get(handle)?.object;
        if !matches!(object, Object::File(_) | Object::Pipe(_)) {
            return Err(ErrorKind::InvalidHandle.into());
        }
        let told = match class {
            BASIC => basic(&object)?,
            STANDARD => standard(&object)?,
            _ => name(&object)?,
        };
        let len = told.len().min(place.len());
        place[..len].copy_from_slice(&told[..len]);
        //= observed: a name that does not fit is told as far as it does, Wine
        if len < told.len() { Err(ErrorKind::MoreData.into()) } else { Ok(()) }
    })
}

/// A path that opens the same file again, or the object manager's name.
fn final_path(handle: HANDLE, flags: u32) -> Result<String> {
    let object = handle::get(handle)?.object;
    match (object, flags & !OPENED) {
        (Object::Pipe(pipe), VOLUME_NT) => {
            Ok(format!(r"\Device\NamedPipe\{}", name_of_pipe(&pipe)))
        }
        (Object::Pipe(pipe), VOLUME_NONE) => Ok(format!(r"\{}", name_of_pipe(&pipe))),
        // A pipe is on no drive and no volume.
        (Object::Pipe(_), 0 | 1) => Err(ErrorKind::InvalidFunction.into()),
        (Object::File(file), 0) => Ok(format!(r"\\?\{}", path_of_file(&file)?)),
        (Object::File(file), VOLUME_NT) => {
            Ok(format!(r"\Device\HarddiskVolume1{}", path_of_file(&file)?))
        }
        (Object::File(file), VOLUME_NONE) => path_of_file(&file),
        // Volumes have no such numbers here.
        (Object::File(_), 1) => Err(ErrorKind::PathNotFound.into()),
        (Object::Pipe(_) | Object::File(_), _) => Err(ErrorKind::InvalidParameter.into()),
        _ => Err(ErrorKind::InvalidHandle.into()),
    }
}

/// `GetFinalPathNameByHandleA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetFinalPathNameByHandleA(
    handle: HANDLE,
    buffer: *mut c_char,
    size: DWORD,
    flags: DWORD,
) -> DWORD {
    answer(0, || {
        let path = final_path(handle, flags)?;
        // SAFETY: null or valid for that many bytes, by the caller's promise.
        Ok(unsafe { put_ansi(&path, buffer, size) }.number())
    })
}

/// `GetFinalPathNameByHandleW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetFinalPathNameByHandleW(
    handle: HANDLE,
    buffer: *mut u16,
    size: DWORD,
    flags: DWORD,
) -> DWORD {
    answer(0, || {
        let path = final_path(handle, flags)?;
        // SAFETY: null or valid for that many units, by the caller's promise.
        Ok(unsafe { put_wide(&path, buffer, size) }.number())
    })
}
