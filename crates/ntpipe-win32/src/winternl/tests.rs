//! The functions of the NT level, called as C calls them.

mod information;
mod operations;

use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};

use super::control::NtFsControlFile;
use super::object::NtClose;
use super::open::{NtCreateFile, NtCreateNamedPipeFile};
use super::transfer::{NtReadFile, NtWriteFile};
use super::types::{IO_STATUS_BLOCK, OBJECT_ATTRIBUTES, UNICODE_STRING};
use crate::types::HANDLE;

const READ_WRITE: u32 = 0xC010_0000;
const SYNCHRONOUS: u32 = 0x20;
const ALERTABLE: u32 = 0x10;
const CREATE: u32 = 2;
const OPEN_IF: u32 = 3;
const SHARED: u32 = 3;

const PENDING: u32 = 0x103;
const OVERFLOW: u32 = 0x8000_0005;
const INVALID_PARAMETER: u32 = 0xC000_000D;
const CANCELLED: u32 = 0xC000_0120;

/// What a block holds before a call.
const UNTOUCHED: IO_STATUS_BLOCK = IO_STATUS_BLOCK { Status: 0x5555_5555, Information: 0x5555 };

/// Calls `with` with attributes that name this.
fn named<T>(root: HANDLE, name: &str, with: impl FnOnce(*const OBJECT_ATTRIBUTES) -> T) -> T {
    let mut units: Vec<u16> = name.encode_utf16().collect();
    let bytes = u16::try_from(units.len() * 2).expect("a short name");
    let name = UNICODE_STRING { Length: bytes, MaximumLength: bytes, Buffer: units.as_mut_ptr() };
    let attributes = OBJECT_ATTRIBUTES {
        Length: 48,
        RootDirectory: root,
        ObjectName: &raw const name,
        Attributes: 0x40,
        SecurityDescriptor: null_mut(),
        SecurityQualityOfService: null_mut(),
    };
    with(&raw const attributes)
}

/// A name that no other test has.
fn fresh() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("native-{}-{count}", std::process::id())
}

/// What an instance is created with, but for its name.
#[derive(Clone, Copy)]
struct Shape {
    access: u32,
    share: u32,
    disposition: u32,
    options: u32,
    modes: [u32; 3],
    max_instances: u32,
    timeout: i64,
}

const PLAIN: Shape = Shape {
    access: READ_WRITE,
    share: SHARED,
    disposition: CREATE,
    options: SYNCHRONOUS,
    modes: [0, 0, 0],
    max_instances: 2,
    timeout: -500_000,
};
const MESSAGES: Shape = Shape { modes: [1, 1, 0], ..PLAIN };

/// An instance: status, handle and what the block says.
fn create(name: &str, shape: Shape) -> (u32, HANDLE, IO_STATUS_BLOCK) {
    create_below(null_mut(), &format!(r"\??\pipe\{name}"), shape)
}

fn create_below(root: HANDLE, name: &str, shape: Shape) -> (u32, HANDLE, IO_STATUS_BLOCK) {
    let (mut handle, mut block) = (null_mut(), UNTOUCHED);
    let Shape { access, share, disposition, options, modes, max_instances, timeout } = shape;
    let [pipe_type, read_mode, completion_mode] = modes;
    let status = named(root, name, |attributes| {
        // SAFETY: all places are this function's.
        unsafe {
            NtCreateNamedPipeFile(
                &raw mut handle,
                access,
                attributes,
                &raw mut block,
                share,
                disposition,
                options,
                pipe_type,
                read_mode,
                completion_mode,
                max_instances,
                100,
                200,
                &raw const timeout,
            )
        }
    });
    (status.cast_unsigned(), handle, block)
}

/// Opens a name: status, handle and what the block says.
fn open_below(root: HANDLE, name: &str, access: u32, options: u32) -> (u32, HANDLE, usize) {
    let (mut handle, mut block) = (null_mut(), UNTOUCHED);
    let status = named(root, name, |attributes| {
        // SAFETY: all places are this function's.
        unsafe {
            NtCreateFile(
                &raw mut handle,
                access,
                attributes,
                &raw mut block,
                null(),
                0,
                SHARED,
                1,
                options,
                null(),
                0,
            )
        }
    });
    (status.cast_unsigned(), handle, block.Information)
}

fn open(name: &str, options: u32) -> HANDLE {
    let name = format!(r"\Device\NamedPipe\{name}");
    let (status, handle, information) = open_below(null_mut(), &name, READ_WRITE, options);
    assert_eq!((status, information), (0, 1), "{name}");
    handle
}

/// Server and client of a new pipe.
fn pair(shape: Shape, options: u32) -> (HANDLE, HANDLE) {
    let name = fresh();
    let (status, server, block) = create(&name, shape);
    assert_eq!((status, block.Status, block.Information), (0, 0, 2));
    (server, open(&name, options))
}

fn close(handles: &[HANDLE]) {
    for handle in handles {
        assert_eq!(NtClose(*handle), 0);
    }
}

fn write(handle: HANDLE, data: &[u8]) -> (u32, IO_STATUS_BLOCK) {
    let mut block = UNTOUCHED;
    let len = u32::try_from(data.len()).expect("short");
    let (none, at) = (null_mut(), data.as_ptr().cast());
    // SAFETY: all places are this function's, and the write is short enough not to go on.
    let status =
        unsafe { NtWriteFile(handle, none, None, none, &raw mut block, at, len, null(), null()) };
    (status.cast_unsigned(), block)
}

/// A read that is over when the call is: status, block, data.
fn read(handle: HANDLE, room: u32) -> (u32, IO_STATUS_BLOCK, Vec<u8>) {
    let mut block = UNTOUCHED;
    let mut data = vec![0; room as usize];
    let (none, at) = (null_mut(), data.as_mut_ptr().cast());
    // SAFETY: all places are this function's, and used on synchronous handles alone.
    let status =
        unsafe { NtReadFile(handle, none, None, none, &raw mut block, at, room, null(), null()) };
    data.truncate(if block == UNTOUCHED { 0 } else { block.Information });
    (status.cast_unsigned(), block, data)
}

fn control(handle: HANDLE, code: u32, input: &[u8], room: u32) -> (u32, IO_STATUS_BLOCK, Vec<u8>) {
    let mut block = UNTOUCHED;
    let mut output = vec![0; room as usize];
    let none: *mut c_void = null_mut();
    let len = u32::try_from(input.len()).expect("short");
    let (from, into) = (input.as_ptr().cast(), output.as_mut_ptr().cast());
    // SAFETY: all places are this function's, and used for codes that do not go on.
    let status = unsafe {
        NtFsControlFile(handle, none, None, none, &raw mut block, code, from, len, into, room)
    };
    output.truncate(if block == UNTOUCHED { 0 } else { block.Information });
    (status.cast_unsigned(), block, output)
}
