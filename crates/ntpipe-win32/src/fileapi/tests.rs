//! Files by name and by handle.

use std::ffi::{CString, c_void};
use std::path::PathBuf;
use std::ptr::{null, null_mut};

use super::*;
use crate::boundary::last_error;
use crate::handleapi::CloseHandle;
use crate::namedpipeapi::CreateNamedPipeW;

/// A directory for one test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("ntpipe-file-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a directory");
        Self(dir)
    }

    fn path(&self, name: &str) -> CString {
        CString::new(self.0.join(name).to_string_lossy().into_owned()).expect("no zero in it")
    }

    fn write(&self, name: &str, text: &str) -> CString {
        std::fs::write(self.0.join(name), text).expect("a file");
        self.path(name)
    }

    fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.0.join(name)).ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn open_to_read(path: &CString) -> HANDLE {
    // SAFETY: a string; the other pointers may be null.
    let file = unsafe {
        CreateFileA(path.as_ptr(), access::GENERIC_READ, 0, null(), OPEN_EXISTING, 0, null_mut())
    };
    assert_ne!(file, crate::types::INVALID_HANDLE_VALUE);
    file
}

#[test]
fn a_copy_or_a_new_name_takes_the_place_of_a_file_only_where_it_may() {
    let place = Place::new("names");
    let (one, two) = (place.write("one", "1"), place.write("two", "2"));
    // SAFETY: strings, here and below.
    let copy = |to: &CString, new| unsafe { CopyFileA(one.as_ptr(), to.as_ptr(), new) };
    assert_eq!((copy(&two, 1), last_error()), (0, 80));
    assert_eq!((copy(&two, 0), place.read("two")), (1, Some("1".into())));
    assert_eq!((copy(&one, 0), last_error(), place.read("one")), (0, 32, Some("1".into())));
    place.write("two", "2");
    // SAFETY: as above.
    let moved = |flags| unsafe { MoveFileExA(one.as_ptr(), two.as_ptr(), flags) };
    assert_eq!((moved(0), last_error()), (0, 183));
    assert_eq!((moved(4), last_error()), (0, 50));
    assert_eq!((moved(1), place.read("one"), place.read("two")), (1, None, Some("1".into())));
    assert_eq!((moved(1), last_error()), (0, 2));
}

#[test]
fn temporary_names_are_numbers_behind_a_prefix() {
    let place = Place::new("temp");
    let dir = place.path("");
    let prefix = c"abcdef";
    let mut name = [0u8; 260];
    let mut ask = |number| {
        // SAFETY: strings, and a buffer for `MAX_PATH` bytes.
        let number = unsafe {
            GetTempFileNameA(dir.as_ptr(), prefix.as_ptr(), number, name.as_mut_ptr().cast())
        };
        let text = std::ffi::CStr::from_bytes_until_nul(&name).expect("a text");
        (number, text.to_string_lossy().rsplit('/').next().unwrap_or_default().to_owned())
    };
    assert_eq!(ask(0x1_00AB), (0xAB, "abcab.TMP".into()));
    assert_eq!(place.read("abcab.TMP"), None);
    let (number, name) = ask(0);
    assert_eq!(name, format!("abc{number:x}.TMP"));
    assert_eq!(place.read(&name), Some(String::new()));
    // SAFETY: as above.
    let nowhere = unsafe { GetTempFileNameA(c"/nowhere".as_ptr(), null(), 0, null_mut()) };
    assert_eq!((nowhere, last_error()), (0, 267));
}

fn told(handle: HANDLE, class: u32, size: u32) -> (BOOL, u32, Vec<u8>) {
    let mut buffer = vec![0; size as usize];
    set_last_error(0);
    let to = buffer.as_mut_ptr().cast::<c_void>();
    // SAFETY: the buffer has this size.
    let done = unsafe { GetFileInformationByHandleEx(handle, class, to, size) };
    (done, last_error(), buffer)
}

fn final_path(handle: HANDLE, flags: u32) -> (String, u32) {
    let mut units = [0; 600];
    set_last_error(0);
    // SAFETY: the buffer has this size.
    let len = unsafe { GetFinalPathNameByHandleW(handle, units.as_mut_ptr(), 600, flags) };
    (String::from_utf16_lossy(&units[..len as usize]), last_error())
}

#[test]
fn a_file_tells_what_it_is() {
    let place = Place::new("info");
    let path = place.write("five", "12345");
    let file = open_to_read(&path);
    // SAFETY: all members are numbers, for which zero is a value.
    let mut info: BY_HANDLE_FILE_INFORMATION = unsafe { std::mem::zeroed() };
    // SAFETY: a valid place.
    assert_eq!(unsafe { GetFileInformationByHandle(file, &raw mut info) }, 1);
    assert_eq!((info.dwFileAttributes, info.size, info.nNumberOfLinks), (0x80, [0, 5], 1));
    let (done, _, standard) = told(file, 1, 24);
    assert_eq!((done, &standard[8..16]), (1, &5u64.to_ne_bytes()[..]));
    assert_eq!(told(file, 0, 4).1, 24);
    assert_eq!(told(file, 77, 400).1, 87);
    let whole = path.to_string_lossy().into_owned();
    assert_eq!(final_path(file, 0), (format!(r"\\?\{whole}"), 0));
    assert_eq!(final_path(file, 3).1, 87);
    let again = ReOpenFile(file, access::GENERIC_READ, 0, 0);
    assert_eq!(final_path(again, 4), (whole, 0));
    assert_eq!((CloseHandle(again), CloseHandle(file)), (1, 1));
    assert_eq!(told(file, 1, 24).1, 6);
}

#[test]
fn a_pipe_tells_its_name_and_what_waits_in_it() {
    let name = format!(r"info\{}", std::process::id());
    let wide = text::to_wide(&format!(r"\\.\pipe\{name}"));
    // SAFETY: a string.
    let server = unsafe { CreateNamedPipeW(wide.as_ptr(), 3, 0, 2, 100, 100, 0, null()) };
    // SAFETY: a string; the structure may be missing.
    let client = unsafe { CreateFile2(wide.as_ptr(), 0xC000_0000, 0, OPEN_EXISTING, null()) };
    let mut sent = 0;
    // SAFETY: three bytes, and a valid place.
    let done = unsafe { WriteFile(client, b"abc".as_ptr().cast(), 3, &raw mut sent, null_mut()) };
    assert_eq!((done, sent), (1, 3));
    for (end, waits) in [(server, 3u64), (client, 0)] {
        let (done, _, standard) = told(end, 1, 24);
        assert_eq!((done, &standard[8..16]), (1, &waits.to_ne_bytes()[..]));
        let units: Vec<u8> =
            format!(r"\{name}").encode_utf16().flat_map(u16::to_ne_bytes).collect();
        let (done, _, told) = told(end, 2, 200);
        assert_eq!((done, &told[4..4 + units.len()]), (1, &units[..]));
        assert_eq!(final_path(end, 2), (format!(r"\Device\NamedPipe\{name}"), 0));
        assert_eq!(final_path(end, 0).1, 1);
    }
    let (done, error, cut) = told(server, 2, 8);
    assert_eq!((done, error, &cut[4..]), (0, 234, &b"\\\0i\0"[..]));
    // Both ends of the one instance are taken.
    let again = ReOpenFile(client, access::GENERIC_READ, 0, 0);
    assert_eq!((again, last_error()), (crate::types::INVALID_HANDLE_VALUE, 231));
    assert_eq!((CloseHandle(client), CloseHandle(server)), (1, 1));
}

#[test]
fn a_length_without_a_buffer_is_refused_and_moves_nothing() {
    let name = text::to_wide(&format!(r"\\.\pipe\ntpipe-null-{}", std::process::id()));
    // SAFETY: a string; no security.
    let server = unsafe { CreateNamedPipeW(name.as_ptr(), 3, 4 | 2, 1, 64, 64, 0, null()) };
    let both = access::GENERIC_READ | access::GENERIC_WRITE;
    // SAFETY: as above; no template.
    let client =
        unsafe { CreateFileW(name.as_ptr(), both, 0, null(), OPEN_EXISTING, 0, null_mut()) };
    let (mut count, mut byte) = (7, 0_u8);
    let place = &raw mut count;
    // SAFETY: the count's place is valid; there is no buffer.
    let written = unsafe { WriteFile(client, null(), 3, place, null_mut()) };
    assert_eq!((written, last_error(), count), (0, 998, 0));
    // SAFETY: a byte to write, then none.
    assert_eq!(unsafe { WriteFile(client, b"x".as_ptr().cast(), 1, place, null_mut()) }, 1);
    // SAFETY: as in the first.
    let read = unsafe { ReadFile(server, null_mut(), 3, place, null_mut()) };
    assert_eq!((read, last_error(), count), (0, 998, 0));
    // SAFETY: the buffer has a byte.
    let read = unsafe { ReadFile(server, (&raw mut byte).cast(), 1, place, null_mut()) };
    assert_eq!((read, count, byte), (1, 1, b'x'));
    assert_eq!((CloseHandle(client), CloseHandle(server)), (1, 1));
}

#[test]
fn an_empty_name_is_a_path_that_is_not_there() {
    let empty = c"".as_ptr();
    // SAFETY: a string; the other pointers may be null.
    let file = unsafe { CreateFileA(empty, access::GENERIC_READ, 0, null(), 3, 0, null_mut()) };
    assert_eq!((file, last_error()), (crate::types::INVALID_HANDLE_VALUE, 3));
    // SAFETY: a string.
    assert_eq!((unsafe { DeleteFileA(empty) }, last_error()), (0, 3));
}

#[test]
fn directories_and_files_that_cannot_be_made_or_removed_say_why() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new("dirs");
    let (dir, file) = (place.path("dir"), place.write("dir-file", "x"));
    // SAFETY: a string.
    let make = |path: &CString| (unsafe { CreateDirectoryA(path.as_ptr(), null()) }, last_error());
    // SAFETY: a string.
    let remove = |path: &CString| (unsafe { RemoveDirectoryA(path.as_ptr()) }, last_error());
    // SAFETY: a string.
    let delete = |path: &CString| (unsafe { DeleteFileA(path.as_ptr()) }, last_error());
    assert_eq!(make(&dir).0, 1);
    assert_eq!(make(&dir), (0, 183));
    assert_eq!(make(&place.path("none/dir")), (0, 3));
    let inside = place.write("dir/inside", "x");
    assert_eq!(remove(&dir), (0, 145));
    assert_eq!(remove(&file), (0, 267));
    assert_eq!(delete(&dir), (0, 5));
    let mode = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(place.0.join("dir/inside"), mode(0o444)).expect("it is ours");
    assert_eq!(delete(&inside), (0, 5));
    std::fs::set_permissions(place.0.join("dir/inside"), mode(0o644)).expect("it is ours");
    assert_eq!((delete(&inside).0, remove(&dir).0), (1, 1));
    assert_eq!(remove(&dir), (0, 2));
    assert_eq!(delete(&dir), (0, 2));
    assert_eq!(delete(&inside), (0, 3));
    let open = |path: &CString, how| {
        let (read, none) = (access::GENERIC_READ, null_mut());
        // SAFETY: a string; the other pointers may be null.
        let file = unsafe { CreateFileA(path.as_ptr(), read, 0, null(), how, 0, none) };
        assert_eq!(file, crate::types::INVALID_HANDLE_VALUE);
        last_error()
    };
    assert_eq!((open(&dir, OPEN_EXISTING), open(&inside, OPEN_EXISTING)), (2, 3));
    assert_eq!(
        (open(&inside, CREATE_ALWAYS), open(&place.path("dir-file/x"), OPEN_EXISTING)),
        (3, 3)
    );
    // SAFETY: strings, here and below.
    let copy = |to: &CString| (unsafe { CopyFileA(file.as_ptr(), to.as_ptr(), 0) }, last_error());
    // SAFETY: as above.
    let name = |to: &CString| (unsafe { MoveFileA(file.as_ptr(), to.as_ptr()) }, last_error());
    assert_eq!((copy(&inside), name(&inside)), ((0, 3), (0, 3)));
}
