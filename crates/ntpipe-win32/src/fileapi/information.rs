//! What a handle tells of its file or pipe: attributes, times, sizes, names.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_void};
use std::fs::{File, Metadata};
use std::os::fd::AsFd;
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
use crate::winternl::query;

/// `VOLUME_NAME_NT`, `VOLUME_NAME_NONE`, `FILE_NAME_OPENED`.
const VOLUME_NT: u32 = 2;
const VOLUME_NONE: u32 = 4;
const OPENED: u32 = 8;

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

/// The name of a pipe below the device of all pipes; an anonymous one has none.
pub(crate) fn name_of_pipe(pipe: &PipeObject) -> &str {
    match pipe.end() {
        End::Server(_) | End::Client(_) => pipe.pipe().name(),
        End::Reader(_) | End::Writer(_) => "",
    }
}

/// The NT level's number of a class, and how much of it must fit: `FileBasicInfo`, `FileStandardInfo`,
/// `FileNameInfo`, `FileAttributeTagInfo`.
fn class_of(class: u32) -> Result<(u32, usize)> {
    match class {
        0 => Ok((query::BASIC, 40)),
        1 => Ok((query::STANDARD, 24)),
        2 => Ok((query::NAME, 8)),
        9 => Ok((query::ATTRIBUTE_TAG, 8)),
        _ => Err(ErrorKind::InvalidParameter.into()),
    }
}

/// `GetFileInformationByHandleEx`: what names, times and sizes tell.
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
        let (class, least) = class_of(class)?;
        if place.len() < least {
            return Err(Failure::BAD_LENGTH);
        }
        let entry = handle::get(handle)?;
        let (told, least) = query::query(&entry, class)?;
        let (_, len) = told.deliver(place, least)?;
        //= observed: a name that does not fit is told as far as it does, Wine
        if len < told.len() { Err(ErrorKind::MoreData.into()) } else { Ok(()) }
    })
}

fn path_of(file: &FileObject) -> Result<String> {
    Ok(file.path()?.to_string_lossy().into_owned())
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
        (Object::File(file), 0) => Ok(format!(r"\\?\{}", path_of(&file)?)),
        (Object::File(file), VOLUME_NT) => {
            Ok(format!(r"\Device\HarddiskVolume1{}", path_of(&file)?))
        }
        (Object::File(file), VOLUME_NONE) => path_of(&file),
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
