//! What is told, and what can be set.

use std::ffi::CString;

use super::*;
use crate::boundary::last_error;
use crate::fileapi::{CreateFileA, OPEN_EXISTING};
use crate::winternl::answer::Given;
use crate::winternl::control::DeviceIoControl;
use crate::winternl::directory::NtQueryDirectoryFile;
use crate::winternl::object::{NtDuplicateObject, NtQueryObject};
use crate::winternl::query::NtQueryInformationFile;
use crate::winternl::set::NtSetInformationFile;
use crate::winternl::volume::NtQueryVolumeInformationFile;

fn query(handle: HANDLE, class: u32, room: u32) -> (u32, Vec<u8>) {
    let mut block = UNTOUCHED;
    let mut data = vec![0; room as usize];
    // SAFETY: the places are valid.
    let status = unsafe {
        let into = data.as_mut_ptr().cast();
        NtQueryInformationFile(handle, &raw mut block, into, room, class)
    };
    data.truncate(if block == UNTOUCHED { 0 } else { block.Information });
    (status.cast_unsigned(), data)
}

fn set(handle: HANDLE, class: u32, data: &[u8]) -> u32 {
    let mut block = UNTOUCHED;
    let len = u32::try_from(data.len()).expect("short");
    // SAFETY: the places are valid.
    let status =
        unsafe { NtSetInformationFile(handle, &raw mut block, data.as_ptr().cast(), len, class) };
    status.cast_unsigned()
}

fn numbers(data: &[u8]) -> Vec<u32> {
    data.as_chunks().0.iter().copied().map(u32::from_le_bytes).collect()
}

fn text(data: &[u8]) -> String {
    let units: Vec<u16> = data.as_chunks().0.iter().copied().map(u16::from_le_bytes).collect();
    String::from_utf16_lossy(&units)
}

#[test]
fn a_pipe_tells_its_type_quotas_and_state() {
    let (server, client) = pair(MESSAGES, SYNCHRONOUS);
    write(client, b"five.");
    let (status, told) = query(server, 24, 40);
    assert_eq!((status, numbers(&told)), (0, vec![1, 2, 2, 1, 100, 5, 200, 200, 3, 1]));
    let (status, told) = query(client, 24, 40);
    assert_eq!((status, numbers(&told)), (0, vec![1, 2, 2, 1, 100, 0, 200, 95, 3, 0]));
    let (_, told) = query(server, 5, 24);
    let given = Given(&told);
    assert_eq!((given.u64(0).ok(), given.u64(8).ok()), (Some(300), Some(5)));
    assert_eq!(told[16..], [1, 0, 0, 0, 1, 0, 0, 0]);
    close(&[client]);
    assert_eq!(numbers(&query(server, 24, 40).1)[8], 4);
    close(&[server]);
}

#[test]
fn a_disconnected_client_tells_nothing() {
    let (server, client) = pair(PLAIN, SYNCHRONOUS);
    assert_eq!(control(server, 0x11_0004, &[], 0).0, 0);
    assert_eq!(query(client, 24, 40), (0xC000_00B0, vec![]));
    assert_eq!(numbers(&query(server, 24, 40).1)[8], 1);
    close(&[server, client]);
}

#[test]
fn the_read_mode_is_told_and_set() {
    let (server, client) = pair(MESSAGES, SYNCHRONOUS);
    assert_eq!(numbers(&query(client, 23, 8).1), [0, 0]);
    assert_eq!(set(client, 23, &[1, 0, 0, 0, 1, 0, 0, 0]), 0);
    assert_eq!(numbers(&query(client, 23, 8).1), [1, 1]);
    assert_eq!(set(client, 23, &[2, 0, 0, 0, 0, 0, 0, 0]), INVALID_PARAMETER);
    assert_eq!(set(client, 23, &[1, 0, 0, 0]), 0xC000_0004);
    close(&[server, client]);
}

#[test]
fn names_rights_and_modes_are_told() {
    let name = fresh();
    let (_, server, _) = create(&name, PLAIN);
    let whole = format!(r"\{name}");
    let (status, told) = query(server, 9, 200);
    assert_eq!((status, text(&told[4..])), (0, whole.clone()));
    let (status, told) = query(server, 9, 12);
    assert_eq!((status, told.len()), (OVERFLOW, 12));
    assert_eq!(numbers(&told)[0] as usize, whole.len() * 2);
    assert_eq!(query(server, 9, 6).0, 0xC000_0004);
    assert_eq!(numbers(&query(server, 8, 4).1), [0x12_019F]);
    assert_eq!(numbers(&query(server, 16, 4).1), [SYNCHRONOUS]);
    let (status, all) = query(server, 18, 300);
    assert_eq!((status, text(&all[100..])), (0, whole));
    assert_eq!(query(server, 25, 16).0, INVALID_PARAMETER);
    assert_eq!(query(server, 0, 16).0, 0xC000_0003);
    assert_eq!(query(server, 99, 16).0, 0xC000_0003);
    close(&[server]);
}

#[test]
fn the_volume_of_pipes_is_told() {
    let (server, client) = pair(PLAIN, SYNCHRONOUS);
    let volume = |class, room: u32| {
        let mut block = UNTOUCHED;
        let mut data = vec![0; room as usize];
        // SAFETY: the places are valid.
        let status = unsafe {
            let into = data.as_mut_ptr().cast();
            NtQueryVolumeInformationFile(server, &raw mut block, into, room, class)
        };
        data.truncate(if block == UNTOUCHED { 0 } else { block.Information });
        (status.cast_unsigned(), data)
    };
    assert_eq!(numbers(&volume(4, 8).1), [0x11, 0]);
    let (status, attributes) = volume(5, 64);
    assert_eq!((status, text(&attributes[12..])), (0, "NPFS".to_owned()));
    assert_eq!(volume(5, 18).0, OVERFLOW);
    assert_eq!(text(&volume(1, 64).1[18..]), "NamedPipe");
    close(&[server, client]);
}

#[test]
fn objects_have_names_and_types() {
    let name = fresh();
    let (_, server, _) = create(&name, PLAIN);
    let ask = |class, room: u32| {
        let mut data = vec![0u64; room as usize / 8];
        let mut needed = 0;
        // SAFETY: the places are valid.
        let status = unsafe {
            let into = data.as_mut_ptr().cast();
            NtQueryObject(server, class, into, room, &raw mut needed)
        };
        let bytes: Vec<u8> = data.iter().flat_map(|word| word.to_le_bytes()).collect();
        (status.cast_unsigned(), needed as usize, bytes, data.as_ptr().addr())
    };
    let whole = format!(r"\Device\NamedPipe\{name}");
    let (status, needed, told, at) = ask(1, 512);
    assert_eq!((status, needed), (0, 16 + whole.len() * 2 + 2));
    assert_eq!(text(&told[16..needed - 2]), whole);
    assert_eq!(Given(&told).u64(8).ok(), Some(at as u64 + 16));
    assert_eq!((ask(1, 24).0, ask(1, 8).0), (OVERFLOW, 0xC000_0004));
    assert_eq!(text(&ask(2, 512).2[104..112]), "File");
    let mut copy = null_mut();
    let own = crate::processthreadsapi::GetCurrentProcess();
    // SAFETY: the place is valid.
    let status = unsafe { NtDuplicateObject(own, server, own, &raw mut copy, 0, 2, 3) };
    assert_eq!(status, 0);
    assert_eq!(NtClose(server).cast_unsigned(), 0xC000_0008);
    assert_eq!(text(&query(copy, 9, 200).1[4..]), format!(r"\{name}"));
    close(&[copy]);
}

#[test]
fn the_directory_lists_pipes_with_their_instances() {
    let name = fresh();
    let (_, server, _) = create(&name, PLAIN);
    let path = CString::new(r"\\.\pipe\").expect("no zero");
    // SAFETY: a string, and null.
    let root =
        unsafe { CreateFileA(path.as_ptr(), 0x8000_0000, 3, null(), OPEN_EXISTING, 0, null_mut()) };
    let mut block = UNTOUCHED;
    let mut data = [0u8; 512];
    let none = null_mut();
    let mut units: Vec<u16> = name.to_uppercase().encode_utf16().collect();
    let bytes = u16::try_from(units.len() * 2).expect("short");
    let pattern =
        UNICODE_STRING { Length: bytes, MaximumLength: bytes, Buffer: units.as_mut_ptr() };
    let mut list = |handle| {
        // SAFETY: the places are valid.
        let status = unsafe {
            let (into, pattern) = (data.as_mut_ptr().cast(), &raw const pattern);
            NtQueryDirectoryFile(
                handle,
                none,
                None,
                none,
                &raw mut block,
                into,
                512,
                1,
                0,
                pattern,
                0,
            )
        };
        (status.cast_unsigned(), data)
    };
    let (status, told) = list(root);
    let given = Given(&told);
    assert_eq!((status, given.u64(40).ok(), given.u64(48).ok()), (0, Some(1), Some(2)));
    assert_eq!(text(&told[64..64 + name.len() * 2]), name);
    assert_eq!(list(root).0, 0x8000_0006);
    assert_eq!(list(server).0, INVALID_PARAMETER);
    close(&[server, root]);
}

#[test]
fn what_is_peeked_at_stays() {
    const PEEK: u32 = 0x11_400C;
    let (server, client) = pair(MESSAGES, SYNCHRONOUS);
    write(client, b"first");
    write(client, b"second");
    let (status, block, seen) = control(server, PEEK, &[], 19);
    assert_eq!((status, block.Information), (OVERFLOW, 19));
    assert_eq!((numbers(&seen[..16]), &seen[16..]), (vec![3, 11, 2, 5], &b"fir"[..]));
    assert_eq!(control(server, PEEK, &[], 21).0, 0);
    assert_eq!(control(server, PEEK, &[], 15).0, INVALID_PARAMETER);
    let (mut returned, mut room) = (0, [0u8; 64]);
    // SAFETY: the places are valid.
    let done = unsafe {
        let into = room.as_mut_ptr().cast();
        DeviceIoControl(server, PEEK, null(), 0, into, 64, &raw mut returned, null_mut())
    };
    assert_eq!((done, returned), (1, 21));
    // SAFETY: as above.
    let done = unsafe {
        let into = room.as_mut_ptr().cast();
        DeviceIoControl(server, PEEK, null(), 0, into, 18, &raw mut returned, null_mut())
    };
    assert_eq!((done, last_error(), returned), (0, 234, 18));
    close(&[server, client]);
}

#[test]
fn attributes_of_pipe_connection_and_handle_are_told() {
    let (server, client) = pair(PLAIN, SYNCHRONOUS);
    let own = std::process::id();
    let number = |handle, code, name: &[u8]| {
        let (status, _, told) = control(handle, code, name, 4);
        (status, numbers(&told).first().copied())
    };
    assert_eq!(number(client, 0x11_0028, b"ServerProcessId\0"), (0, Some(own)));
    assert_eq!(number(server, 0x11_0030, b"ClientProcessId\0"), (0, Some(own)));
    assert_eq!(number(server, 0x11_0030, b"ClientComputerName\0"), (0xC000_0225, None));
    assert_eq!(control(server, 0x11_0030, b"ClientProcessId\0", 3).0, 0xC000_0023);
    let (status, _, told) = control(server, 0x11_0024, &[], 16);
    assert_eq!((status, Given(&told).u64(8).ok()), (0, Some(own.into())));
    assert_eq!(control(server, 0x11_003C, b"mine\0\x01\x02", 0).0, 0);
    assert_eq!(control(server, 0x11_0038, b"mine\0", 8).2, [1, 2]);
    assert_eq!(control(client, 0x11_0038, b"mine\0", 8).0, 0xC000_0225);
    for (code, refused) in [
        (0x11_0020, 0xC000_0022),
        (0x11_0034, 0xC000_0022),
        (0x11_5FF4, 0xC000_0010),
        (0x11_9FF8, 0xC000_0010),
        (0x11_0018, 0xC000_00AF),
        (0x11_0000, 0xC000_00BB),
        (0x11_0050, 0xC000_00BB),
    ] {
        assert_eq!(control(server, code, &[0; 16], 16).0, refused, "{code:#x}");
    }
    close(&[server, client]);
}
