//! `FindFirstFile` and what follows: the pipes, or the entries of a plain directory.
#![allow(unsafe_code)]

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ntpipe::ErrorKind;

use crate::boundary::{gives_file, out, put, succeeds};
use crate::failure::{Failure, Result};
use crate::handle::{self, Entry};
use crate::object::scan::Listed;
use crate::object::{FindObject, Object, Scan};
use crate::path::Target;
use crate::sysinfoapi::{self, FILETIME};
use crate::types::{BOOL, HANDLE, LPCSTR, LPCWSTR};
use crate::{path, text};

/// `MAX_PATH`.
const PATH_MAX: usize = 260;

/// `WIN32_FIND_DATAW`, or with bytes `WIN32_FIND_DATAA`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct FindData<Unit> {
    /// `FILE_ATTRIBUTE_*`.
    pub dwFileAttributes: u32,
    /// When it was made.
    pub ftCreationTime: FILETIME,
    /// When it was read.
    pub ftLastAccessTime: FILETIME,
    /// When it was written.
    pub ftLastWriteTime: FILETIME,
    /// Its size, the upper half.
    pub nFileSizeHigh: u32,
    /// Its size, the lower half.
    pub nFileSizeLow: u32,
    /// Nothing.
    pub dwReserved0: u32,
    /// Nothing.
    pub dwReserved1: u32,
    /// Its name.
    pub cFileName: [Unit; PATH_MAX],
    /// A short name, which there is not.
    pub cAlternateFileName: [Unit; 14],
}

const _: () = assert!(size_of::<FindData<u16>>() == 592 && size_of::<FindData<u8>>() == 320);

impl<Unit: Copy + Default> FindData<Unit> {
    /// What is told of an entry, whose name is cut off where there is no room.
    fn of(listed: &Listed, name: impl Iterator<Item = Unit>) -> Self {
        let time = |units: u64| sysinfoapi::split(units.cast_signed());
        let half = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default();
        let mut data = Self {
            dwFileAttributes: listed.attributes,
            ftCreationTime: time(listed.times[0]),
            ftLastAccessTime: time(listed.times[1]),
            ftLastWriteTime: time(listed.times[2]),
            nFileSizeHigh: half(listed.size >> 32),
            nFileSizeLow: half(listed.size),
            dwReserved0: 0,
            dwReserved1: 0,
            cFileName: [Unit::default(); PATH_MAX],
            cAlternateFileName: [Unit::default(); 14],
        };
        for (place, unit) in data.cFileName[..PATH_MAX - 1].iter_mut().zip(name) {
            *place = unit;
        }
        data
    }
}

/// The entries that a path with a pattern as its last part asks for.
fn begin(path: &str) -> Result<Scan> {
    let invalid = || Failure::from(ErrorKind::InvalidName);
    let slash = |c: char| c == '\\' || c == '/';
    let at = path.rfind(slash).map_or(0, |at| at + 1);
    let (directory, pattern) = path.split_at(at);
    if pattern.is_empty() {
        //= learn: FindFirstFile: the path does not end with a backslash
        return Err(if directory.is_empty() { invalid() } else { ErrorKind::NotFound.into() });
    }
    if let Target::Pipes { .. } = Target::of(directory) {
        return Scan::of_pipes(pattern);
    }
    let directory = if directory.is_empty() { "./".to_owned() } else { path::file(directory) };
    if !Path::new(&directory).is_dir() {
        return Err(ErrorKind::PathNotFound.into());
    }
    if pattern.contains(['*', '?']) {
        return Scan::of_directory(Path::new(&directory), pattern);
    }
    // A name, not a pattern: that one, as this system spells it.
    let named = Path::new(&directory).join(pattern);
    let meta = std::fs::metadata(named)?;
    Ok(Scan::of_one(Listed::of_file(pattern.to_owned(), &meta)))
}

/// Begins a search, and tells its first entry.
fn first(path: Option<String>, tell: impl FnOnce(&Listed)) -> Result<HANDLE> {
    let mut scan = begin(&path.ok_or(ErrorKind::PathNotFound)?)?;
    let listed = scan.take_next().ok_or(ErrorKind::NotFound)?;
    tell(&listed);
    let object = Object::Find(Arc::new(FindObject(Mutex::new(scan))));
    handle::insert(Entry::new(object, 0))
}

fn search(handle: HANDLE) -> Result<Arc<FindObject>> {
    match handle::get(handle)?.object {
        Object::Find(find) => Ok(find),
        _ => Err(ErrorKind::InvalidHandle.into()),
    }
}

/// Goes on with a search.
fn next(handle: HANDLE, tell: impl FnOnce(&Listed)) -> Result<()> {
    let find = search(handle)?;
    let listed = find.0.lock().unwrap_or_else(PoisonError::into_inner).take_next();
    tell(&listed.ok_or(Failure::NO_MORE_FILES)?);
    Ok(())
}

fn ansi(listed: &Listed) -> FindData<u8> {
    FindData::of(listed, listed.name.bytes())
}

fn wide(listed: &Listed) -> FindData<u16> {
    FindData::of(listed, listed.name.encode_utf16())
}

/// `FindFirstFileA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FindFirstFileA(path: LPCSTR, data: *mut FindData<u8>) -> HANDLE {
    gives_file(|| {
        // SAFETY: null or a string, by the caller's promise.
        let path = unsafe { text::ansi(path) };
        // SAFETY: null or valid, by the caller's promise.
        let data = unsafe { out(data) };
        first(path, |listed| put(data, ansi(listed)))
    })
}

/// `FindFirstFileW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FindFirstFileW(path: LPCWSTR, data: *mut FindData<u16>) -> HANDLE {
    gives_file(|| {
        // SAFETY: null or a string, by the caller's promise.
        let path = unsafe { text::wide(path) };
        // SAFETY: null or valid, by the caller's promise.
        let data = unsafe { out(data) };
        first(path, |listed| put(data, wide(listed)))
    })
}

/// `FindNextFileA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FindNextFileA(find: HANDLE, data: *mut FindData<u8>) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let data = unsafe { out(data) };
        next(find, |listed| put(data, ansi(listed)))
    })
}

/// `FindNextFileW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FindNextFileW(find: HANDLE, data: *mut FindData<u16>) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let data = unsafe { out(data) };
        next(find, |listed| put(data, wide(listed)))
    })
}

/// `FindClose`.
#[unsafe(no_mangle)]
pub extern "C" fn FindClose(find: HANDLE) -> BOOL {
    succeeds(|| {
        search(find)?;
        handle::close(find)
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::{CStr, CString};
    use std::mem::MaybeUninit;

    use super::*;
    use crate::boundary::last_error;
    use crate::types::INVALID_HANDLE_VALUE;

    fn name(data: &FindData<u8>) -> String {
        let name = CStr::from_bytes_until_nul(&data.cFileName).expect("a zero");
        name.to_string_lossy().into_owned()
    }

    fn find(path: &str) -> (HANDLE, Vec<String>) {
        let path = CString::new(path).expect("no zero");
        let mut data = MaybeUninit::uninit();
        // SAFETY: a string, and a place for the answer.
        let handle = unsafe { FindFirstFileA(path.as_ptr(), data.as_mut_ptr()) };
        if handle == INVALID_HANDLE_VALUE {
            return (handle, Vec::new());
        }
        // SAFETY: filled when the call succeeds.
        let mut data = unsafe { data.assume_init() };
        let mut names = vec![name(&data)];
        // SAFETY: the place is valid.
        while unsafe { FindNextFileA(handle, &raw mut data) } != 0 {
            names.push(name(&data));
        }
        assert_eq!(last_error(), 18);
        (handle, names)
    }

    #[test]
    fn pipes_are_found_by_pattern() {
        let name = format!("find-{}", std::process::id());
        let make = |name: &str| ntpipe::ServerOptions::new().max_instances(3).create(name);
        let one = make(&format!("{name}-one")).expect("created");
        let two = make(&format!("{name}-Two")).expect("created");
        let (handle, names) = find(&format!(r"\\.\pipe\{name}-*"));
        assert_eq!(names, [format!("{name}-Two"), format!("{name}-one")]);
        assert_eq!((FindClose(handle), FindClose(handle), last_error()), (1, 0, 6));
        let (none, _) = find(&format!(r"\\.\pipe\{name}-none*"));
        assert_eq!((none, last_error()), (INVALID_HANDLE_VALUE, 2));
        drop((one, two));
    }

    #[test]
    fn a_plain_directory_has_its_two_points() {
        let dir = std::env::temp_dir().join(format!("ntpipe-find-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("created");
        std::fs::write(dir.join("a.txt"), "text").expect("written");
        let (handle, names) = find(&format!(r"{}\*.*", dir.display()));
        assert_eq!(names, [".", "..", "a.txt"]);
        assert_eq!(FindClose(handle), 1);
        let (handle, names) = find(&format!("{}/a.txt", dir.display()));
        assert_eq!((FindClose(handle), names), (1, vec!["a.txt".to_owned()]));
        let (_, none) = find(&format!("{}/none/*", dir.display()));
        assert_eq!((none.len(), last_error()), (0, 3));
        std::fs::remove_dir_all(dir).expect("removed");
    }
}
