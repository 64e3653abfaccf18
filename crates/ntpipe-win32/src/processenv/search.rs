//! Files that are searched for in several directories.
#![allow(unsafe_code)]

use std::ffi::c_char;
use std::path::{Path, PathBuf};

use ntpipe::ErrorKind;

use crate::boundary::{answer, out, put};
use crate::failure::Result;
use crate::types::{DWORD, LPCSTR, LPCWSTR};
use crate::{path, text};

/// The directories of a list: with semicolons between them, or as this system has it.
fn directories(list: &str) -> Vec<PathBuf> {
    let has_drive = list.as_bytes().get(1) == Some(&b':');
    match list.contains(';') || has_drive {
        true => list.split(';').map(|dir| path::file(dir).into()).collect(),
        false => std::env::split_paths(list).collect(),
    }
}

/// Where a program's files are looked for: beside it, in its working directory, on the search path.
fn usual_directories() -> Vec<PathBuf> {
    let program = std::env::current_exe().ok();
    let mut all: Vec<_> = program.iter().filter_map(|it| it.parent()).map(Path::to_owned).collect();
    all.extend(std::env::current_dir());
    all.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    all
}

/// The whole path of the first file that is there.
fn search(list: Option<String>, file: Option<String>, extension: Option<String>) -> Result<String> {
    let file = file.filter(|file| !file.is_empty()).ok_or(ErrorKind::InvalidParameter)?;
    let mut file = path::file(&file);
    let last = file.rsplit('/').next().unwrap_or(&file);
    if !last.contains('.') {
        file += &extension.unwrap_or_default();
    }
    let dirs = match list {
        _ if file.contains('/') => vec![PathBuf::new()],
        Some(list) => directories(&list),
        None => usual_directories(),
    };
    let found = dirs.iter().map(|dir| dir.join(&file)).find(|path| path.exists());
    let whole = std::path::absolute(found.ok_or(ErrorKind::NotFound)?)?;
    Ok(whole.to_string_lossy().into_owned())
}

/// `SearchPathA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SearchPathA(
    list: LPCSTR,
    file: LPCSTR,
    extension: LPCSTR,
    size: DWORD,
    buffer: *mut c_char,
    last: *mut *mut c_char,
) -> DWORD {
    answer(0, || {
        // SAFETY: null or strings, by the caller's promise, here and below.
        let list = unsafe { text::ansi(list) };
        // SAFETY: as above.
        let file = unsafe { text::ansi(file) };
        // SAFETY: as above.
        let path = search(list, file, unsafe { text::ansi(extension) })?;
        let at = path.rfind('/').map_or(0, |slash| slash + 1);
        // SAFETY: null or valid for that many bytes, by the caller's promise.
        let filled = unsafe { text::put_ansi(&path, buffer, size) };
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(last) }, buffer.wrapping_add(at));
        Ok(filled.number())
    })
}

/// `SearchPathW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SearchPathW(
    list: LPCWSTR,
    file: LPCWSTR,
    extension: LPCWSTR,
    size: DWORD,
    buffer: *mut u16,
    last: *mut *mut u16,
) -> DWORD {
    answer(0, || {
        // SAFETY: null or strings, by the caller's promise, here and below.
        let list = unsafe { text::wide(list) };
        // SAFETY: as above.
        let file = unsafe { text::wide(file) };
        // SAFETY: as above.
        let path = search(list, file, unsafe { text::wide(extension) })?;
        let at = path.rfind('/').map_or(0, |slash| path[..=slash].encode_utf16().count());
        // SAFETY: null or valid for that many units, by the caller's promise.
        let filled = unsafe { text::put_wide(&path, buffer, size) };
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(last) }, buffer.wrapping_add(at));
        Ok(filled.number())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_in_a_list_and_with_its_extension() {
        let dir = std::env::temp_dir().join(format!("ntpipe-search-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a directory");
        std::fs::write(dir.join("found.txt"), "").expect("a file");
        let dir_name = dir.to_string_lossy().into_owned();
        let search = |list: &str, file: &str| {
            search(Some(list.to_owned()), Some(file.to_owned()), Some(".txt".to_owned()))
        };
        let whole = format!("{dir_name}/found.txt");
        assert_eq!(search(&format!("/nowhere;{dir_name}"), "found"), Ok(whole.clone()));
        assert_eq!(search(&format!("/nowhere:{dir_name}"), "found.txt"), Ok(whole.clone()));
        assert_eq!(
            search(&format!("C:{}", dir_name.replace('/', r"\")), "found"),
            Ok(whole.clone())
        );
        assert_eq!(search("/nowhere", &whole), Ok(whole));
        assert_eq!(search("/nowhere", "found"), Err(ErrorKind::NotFound.into()));
        assert_eq!(search("/nowhere", ""), Err(ErrorKind::InvalidParameter.into()));
        std::fs::remove_dir_all(dir).expect("removed");
    }
}
