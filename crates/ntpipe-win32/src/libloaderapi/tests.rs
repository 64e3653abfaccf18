//! Modules and functions by name.

use std::ffi::CString;

use super::*;
use crate::boundary::last_error;

fn module(name: &str) -> HMODULE {
    let name = CString::new(name).expect("no zero in it");
    // SAFETY: a string.
    unsafe { GetModuleHandleA(name.as_ptr()) }
}

fn function(module: HMODULE, name: &str) -> FARPROC {
    let name = CString::new(name).expect("no zero in it");
    // SAFETY: a string.
    unsafe { GetProcAddress(module, name.as_ptr()) }
}

#[test]
fn each_module_has_its_own_functions_and_no_others() {
    for (library, name, there) in [
        ("kernel32.dll", "CreateNamedPipeW", true),
        ("KERNELBASE", "CreateNamedPipeW", true),
        (r"C:\Windows\System32\kernel32.dll", "ConnectNamedPipe", true),
        ("kernel32", "ExitThread", true),
        ("kernel32", "wsprintfA", false),
        ("user32", "wsprintfA", true),
        ("kernel32", "createnamedpipew", false),
        ("kernel32", "CreateMailslotA", false),
        ("ntdll", "CreateNamedPipeW", false),
        ("shell32", "CommandLineToArgvW", true),
        ("msvcrt.dll", "_beginthreadex", true),
        ("ucrtbase", "printf", true),
        ("msvcrt", "strlen", true),
        ("msvcrt", "fork", false),
    ] {
        set_last_error(0);
        assert_eq!(function(module(library), name).is_some(), there, "{library} {name}");
        assert_eq!(last_error(), if there { 0 } else { 127 }, "{library} {name}");
    }
}

#[test]
fn a_function_found_by_name_is_the_function() {
    let found = function(module("kernel32"), "GetModuleHandleA").expect("it is there");
    assert_eq!(found as usize, GetModuleHandleA as *const () as usize);
}

#[test]
fn what_is_no_module_or_no_name_is_not_found() {
    assert!(module("nowhere.dll").is_null());
    assert_eq!(last_error(), 126);
    assert!(function(std::ptr::without_provenance_mut(0x1234_0000), "Sleep").is_none());
    assert_eq!(last_error(), 126);
    // SAFETY: a number in place of a name.
    let by_number = unsafe { GetProcAddress(module("kernel32"), std::ptr::without_provenance(7)) };
    assert!(by_number.is_none());
    assert_eq!((last_error(), FreeLibrary(module("ntdll"))), (127, 1));
}

#[test]
fn an_address_tells_its_module() {
    let find = |flags, address: usize| {
        let mut found = null();
        let name = std::ptr::without_provenance(address);
        // SAFETY: with this flag no string is read; the place is valid.
        let done = unsafe { GetModuleHandleExA(flags, name, &raw mut found) };
        (done, found)
    };
    let of_kernel = function(module("kernel32"), "CloseHandle").expect("it is there") as usize;
    assert_eq!(find(FROM_ADDRESS, of_kernel), (1, module("kernel32")));
    let of_program = an_address_tells_its_module as *const () as usize;
    assert_eq!(find(FROM_ADDRESS | 2, of_program), (1, named(None).expect("the program")));
    assert_eq!((find(FROM_ADDRESS, 8), last_error()), ((0, null()), 126));
    assert_eq!((find(3, 0), last_error()), ((0, null()), 87));
}

#[test]
fn a_path_that_does_not_fit_is_cut() {
    let path = std::env::current_exe().expect("a program").to_string_lossy().into_owned();
    let mut buffer = [b'x'; 5];
    // SAFETY: the buffer has this size.
    let len = unsafe { GetModuleFileNameA(null(), buffer.as_mut_ptr().cast(), 5) };
    assert_eq!((len, last_error(), &buffer[..4]), (5, 122, &path.as_bytes()[..4]));
    assert_eq!(buffer[4], 0);
    let mut whole = [0; 4096];
    // SAFETY: the buffer has this size.
    let len = unsafe { GetModuleFileNameW(null(), whole.as_mut_ptr(), 4096) };
    assert_eq!((String::from_utf16_lossy(&whole[..len as usize]), last_error()), (path, 0));
}
