//! `CreateProcess`: starts any program, with handles if it knows them, and standard streams.
#![allow(unsafe_code)]

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ntpipe::ErrorKind;
use ntpipe_shm::handover;

use super::attributes::{self, AttributeList};
use super::suspend::spawn_stopped;
use super::{ALL_ACCESS, query};
use crate::boundary::{gives_object, guarded, out, put, succeeds, value};
use crate::failure::{Failure, Result};
use crate::handle::{self, Entry};
use crate::object::pipe::End;
use crate::object::{Object, ProcessObject, relay};
use crate::types::{BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR, LPVOID, SECURITY_ATTRIBUTES};
use crate::{command_line, inherit, processenv, text};

const CREATE_SUSPENDED: u32 = 0x4;
const DETACHED_PROCESS: u32 = 0x8;
const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
const CREATE_UNICODE_ENVIRONMENT: u32 = 0x400;
const EXTENDED_STARTUPINFO_PRESENT: u32 = 0x8_0000;
const STARTF_USESTDHANDLES: u32 = 0x100;

/// `STARTUPINFOA` and `STARTUPINFOW`, of which only the streams mean something here.
#[repr(C)]
#[derive(Debug)]
pub struct STARTUPINFO {
    /// The size of this structure, in bytes.
    pub cb: DWORD,
    /// Strings for windows.
    pub strings: [LPVOID; 3],
    /// Sizes for windows.
    pub sizes: [DWORD; 7],
    /// Which members mean something.
    pub dwFlags: DWORD,
    /// How a window shows, and how long what follows is.
    pub words: [u16; 2],
    /// For the C runtime.
    pub lpReserved2: LPVOID,
    /// Standard input, output and error.
    pub streams: [HANDLE; 3],
}

/// `STARTUPINFOEXA` and `STARTUPINFOEXW`.
#[repr(C)]
#[derive(Debug)]
struct Extended {
    start: STARTUPINFO,
    attributes: *mut AttributeList,
}

/// `PROCESS_INFORMATION`.
#[repr(C)]
#[derive(Debug)]
pub struct PROCESS_INFORMATION {
    /// The process.
    pub hProcess: HANDLE,
    /// Its first thread.
    pub hThread: HANDLE,
    /// The process's number.
    pub dwProcessId: DWORD,
    /// The thread's number.
    pub dwThreadId: DWORD,
}

const _: () = assert!(size_of::<Extended>() == 112);
const _: () = assert!(size_of::<STARTUPINFO>() == 104 && size_of::<PROCESS_INFORMATION>() == 24);

/// What both forms of the call ask for.
#[derive(Debug)]
struct Wish {
    program: Option<String>,
    line: Option<String>,
    inherits: bool,
    flags: u32,
    environment: Option<Vec<OsString>>,
    directory: Option<String>,
    /// The streams that the program names, if it does.
    streams: Option<[HANDLE; 3]>,
    /// The only handles that are inherited, if the program names them.
    only: Option<Vec<HANDLE>>,
    /// Descriptors that the program has besides, under their numbers.
    descriptors: Vec<RawFd>,
    inherit_handle: bool,
}

/// `CreateProcessA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateProcessA(
    program: LPCSTR,
    line: LPCSTR,
    process_security: *const SECURITY_ATTRIBUTES,
    _thread_security: *const SECURITY_ATTRIBUTES,
    inherit: BOOL,
    flags: DWORD,
    environment: LPVOID,
    directory: LPCSTR,
    startup: *const STARTUPINFO,
    information: *mut PROCESS_INFORMATION,
) -> BOOL {
    succeeds(|| {
        let wish = Wish {
            // SAFETY: null or a string, by the caller's promise, here and below.
            program: unsafe { text::ansi(program) },
            // SAFETY: as above.
            line: unsafe { text::ansi(line) },
            inherits: inherit != 0,
            flags,
            // SAFETY: null or a block of strings, by the caller's promise.
            environment: unsafe { strings(environment, flags) },
            // SAFETY: as above.
            directory: unsafe { text::ansi(directory) },
            // SAFETY: valid, by the caller's promise.
            streams: unsafe { streams(startup) }?,
            // SAFETY: as above; with this flag a list of attributes is behind it.
            only: unsafe { only(startup, flags) }?,
            descriptors: Vec::new(),
            // SAFETY: null or valid, by the caller's promise.
            inherit_handle: unsafe { value(process_security) }
                .is_some_and(|it| it.bInheritHandle != 0),
        };
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(information) }, create(&wish)?);
        Ok(())
    })
}

/// `CreateProcessW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateProcessW(
    program: LPCWSTR,
    line: LPCWSTR,
    process_security: *const SECURITY_ATTRIBUTES,
    _thread_security: *const SECURITY_ATTRIBUTES,
    inherit: BOOL,
    flags: DWORD,
    environment: LPVOID,
    directory: LPCWSTR,
    startup: *const STARTUPINFO,
    information: *mut PROCESS_INFORMATION,
) -> BOOL {
    succeeds(|| {
        let wish = Wish {
            // SAFETY: null or a string, by the caller's promise, here and below.
            program: unsafe { text::wide(program) },
            // SAFETY: as above.
            line: unsafe { text::wide(line) },
            inherits: inherit != 0,
            flags,
            // SAFETY: null or a block of strings, by the caller's promise.
            environment: unsafe { strings(environment, flags) },
            // SAFETY: as above.
            directory: unsafe { text::wide(directory) },
            // SAFETY: valid, by the caller's promise.
            streams: unsafe { streams(startup) }?,
            // SAFETY: as above; with this flag a list of attributes is behind it.
            only: unsafe { only(startup, flags) }?,
            descriptors: Vec::new(),
            // SAFETY: null or valid, by the caller's promise.
            inherit_handle: unsafe { value(process_security) }
                .is_some_and(|it| it.bInheritHandle != 0),
        };
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(information) }, create(&wish)?);
        Ok(())
    })
}

unsafe fn streams(startup: *const STARTUPINFO) -> Result<Option<[HANDLE; 3]>> {
    // SAFETY: null or valid, by the caller's promise.
    let startup = unsafe { value(startup) }.ok_or(ErrorKind::InvalidParameter)?;
    Ok((startup.dwFlags & STARTF_USESTDHANDLES != 0).then_some(startup.streams))
}

/// The list of handles behind a `STARTUPINFO` that is a `STARTUPINFOEX`.
unsafe fn only(startup: *const STARTUPINFO, flags: u32) -> Result<Option<Vec<HANDLE>>> {
    if flags & EXTENDED_STARTUPINFO_PRESENT == 0 {
        return Ok(None);
    }
    // SAFETY: null or valid, by the caller's promise.
    let startup =
        unsafe { value(startup.cast::<Extended>()) }.ok_or(ErrorKind::InvalidParameter)?;
    if startup.start.cb as usize != size_of::<Extended>() {
        return Err(ErrorKind::InvalidParameter.into());
    }
    // SAFETY: null or an initialized list whose values are there, by the caller's promise.
    Ok(unsafe { attributes::inherited(startup.attributes) })
}

/// The strings of an environment block, which an empty one ends.
unsafe fn strings(block: LPVOID, flags: u32) -> Option<Vec<OsString>> {
    if block.is_null() {
        return None;
    }
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        let (one, units) = if flags & CREATE_UNICODE_ENVIRONMENT != 0 {
            // SAFETY: no string before was empty, so the block goes on here.
            let start = unsafe { block.cast::<u16>().add(at) };
            // SAFETY: as above.
            let one = unsafe { text::wide(start) }.unwrap_or_default();
            // SAFETY: as above.
            let units = unsafe { text::wide_len(start) };
            (OsString::from(one), units)
        } else {
            // SAFETY: no string before was empty, so the block goes on here.
            let start = unsafe { block.cast::<std::ffi::c_char>().add(at) };
            // SAFETY: as above.
            let bytes = unsafe { std::ffi::CStr::from_ptr(start) }.to_bytes();
            (OsStr::from_bytes(bytes).to_owned(), bytes.len())
        };
        if units == 0 {
            return Some(found);
        }
        found.push(one);
        at += units + 1;
    }
}

fn create(wish: &Wish) -> Result<PROCESS_INFORMATION> {
    if let Some(only) = &wish.only {
        attributes::check(only, wish.inherits)?;
    }
    let words = match (&wish.program, &wish.line) {
        (_, Some(line)) if !line.trim().is_empty() => command_line::words(line),
        (Some(program), _) => vec![program.clone()],
        _ => return Err(ErrorKind::InvalidParameter.into()),
    };
    let program = wish.program.as_ref().unwrap_or(&words[0]);
    let file = command_line::find(program).ok_or(ErrorKind::NotFound)?;
    let mut command = command(&file)?;
    // A program's first word is that of its command line, whatever file it is.
    if wish.program.is_some() && command.get_program() == file {
        command.arg0(&words[0]);
    }
    command.args(&words[1..]);
    if let Some(directory) = &wish.directory {
        command.current_dir(directory.replace('\\', "/"));
    }
    if let Some(strings) = &wish.environment {
        command.env_clear().envs(strings.iter().filter_map(|it| variable(it)));
    }
    // What has no console on Windows gets nothing of what is typed to the terminal.
    if wish.flags & (CREATE_NEW_PROCESS_GROUP | DETACHED_PROCESS) != 0 {
        command.process_group(0);
    }
    let streams = connect(&mut command, wish)?;
    let channel = inherit::leave(&mut command, wish.inherits, wish.only.as_deref(), streams)?;
    handover::leave_numbers_to(&mut command, wish.descriptors.clone());
    let suspended = wish.flags & CREATE_SUSPENDED != 0;
    let start = || if suspended { spawn_stopped(&mut command) } else { command.spawn() };
    let child = crate::token::as_process(start).map_err(|error| match error.raw_os_error() {
        Some(code) if code == rustix::io::Errno::NOEXEC.raw_os_error() => Failure::BAD_EXE_FORMAT,
        _ => error.into(),
    })?;
    channel.begin(child.id());
    query::apply_priority(child.id(), wish.flags);
    handles_of(&child, wish).inspect_err(|_| withdraw(child))
}

/// The two handles of a new program, both of which stand for the process.
fn handles_of(child: &Child, wish: &Wish) -> Result<PROCESS_INFORMATION> {
    let object = ProcessObject::open(child.id())?;
    if wish.flags & CREATE_SUSPENDED != 0 {
        object.set_suspended();
    }
    let entry = Entry::new(Object::Process(object), ALL_ACCESS);
    let process = handle::insert(entry.clone().inherited(wish.inherit_handle))?;
    let thread = handle::insert(entry).inspect_err(|_| {
        let _ = handle::close(process);
    })?;
    Ok(PROCESS_INFORMATION {
        hProcess: process,
        hThread: thread,
        dwProcessId: child.id(),
        dwThreadId: child.id(),
    })
}

/// A call that fails has started nothing.
fn withdraw(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// The command for a file: a script without a first line that says whose is the shell's.
fn command(file: &Path) -> Result<Command> {
    let mut start = [0; 4];
    let read =
        std::fs::File::open(file).and_then(|mut it| std::io::Read::read(&mut it, &mut start));
    // What may be executed but not read is left to the system.
    let known = read.is_err() || start.starts_with(b"#!") || start == *b"\x7fELF";
    if known || start.contains(&0) {
        return Ok(Command::new(file));
    }
    let mut shell = Command::new("/bin/sh");
    shell.arg(file);
    Ok(shell)
}

fn variable(text: &OsStr) -> Option<(OsString, OsString)> {
    let bytes = text.as_bytes();
    // A name may begin with `=`, as those of Windows' drives do.
    let at = 1 + bytes.get(1..)?.iter().position(|byte| *byte == b'=')?;
    let part = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    Some((part(&bytes[..at]), part(&bytes[at + 1..])))
}

/// Gives the program its standard streams, and tells which handles they were.
fn connect(command: &mut Command, wish: &Wish) -> Result<[Option<HANDLE>; 3]> {
    let mut used = [None; 3];
    for (stream, used) in used.iter_mut().enumerate() {
        let handle = match wish.streams {
            Some(streams) => Some(streams[stream]),
            None => processenv::set_stream_of(stream).filter(|_| wish.inherits),
        };
        let Some(handle) = handle else { continue };
        let stdio = match handle::get(handle) {
            Ok(entry) => {
                *used = Some(handle);
                Stdio::from(descriptor(&entry.object, stream == 0)?)
            }
            // As on Windows: a stream that is no handle leads nowhere.
            Err(_) => Stdio::null(),
        };
        match stream {
            0 => command.stdin(stdio),
            1 => command.stdout(stdio),
            _ => command.stderr(stdio),
        };
    }
    Ok(used)
}

/// What a program can `read` or `write` plainly.
fn descriptor(object: &Object, input: bool) -> Result<OwnedFd> {
    match object {
        Object::File(file) => Ok(rustix::io::fcntl_dupfd_cloexec(file.as_fd(), 3)?),
        Object::Pipe(pipe) => match pipe.end() {
            End::Reader(reader) => Ok(reader.to_stdio()?),
            End::Writer(writer) => Ok(writer.to_stdio()?),
            End::Server(_) | End::Client(_) if input => relay::source(pipe.clone()),
            End::Server(_) | End::Client(_) => relay::sink(pipe.clone()),
        },
        _ => Err(ErrorKind::InvalidHandle.into()),
    }
}

/// A program by its name or its command line, with nothing of what the long forms can say.
fn plain(program: Option<String>, line: Option<String>, flags: u32) -> Wish {
    Wish {
        program,
        line,
        inherits: false,
        flags,
        environment: None,
        directory: None,
        streams: None,
        only: None,
        descriptors: Vec::new(),
        inherit_handle: false,
    }
}

/// `WinExec`: more than 31, or what is wrong.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WinExec(line: LPCSTR, _show: u32) -> u32 {
    const STARTED: u32 = 33;
    const BAD_FORMAT: u32 = 11;
    let start = || {
        // SAFETY: null or a string, by the caller's promise.
        let told = create(&plain(None, unsafe { text::ansi(line) }, 0))?;
        handle::close(told.hThread)?;
        handle::close(told.hProcess)
    };
    match guarded(start) {
        Ok(()) => STARTED,
        Err(failure) if failure.win32 < 32 => failure.win32,
        Err(_) => BAD_FORMAT,
    }
}

/// For spawn.c: starts the program of this name, which is searched for on the path or not, as the C runtime
/// does: it inherits what can be inherited. Its process, or null and the last error.
///
/// # Safety
/// `name` and `line` are strings, `environment` is null or a block of strings.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn ntpipe_spawn(
    name: LPCSTR,
    line: LPCSTR,
    environment: LPVOID,
    search: i32,
    flags: DWORD,
) -> HANDLE {
    gives_object(|| {
        // SAFETY: a string, by the caller's promise, here and below.
        let name = unsafe { text::ansi(name) }.unwrap_or_default();
        let find = if search != 0 { command_line::find } else { command_line::find_in_place };
        let file =
            find(&name).ok_or_else(|| match Path::new(&crate::path::file(&name)).is_file() {
                true => Failure::BAD_EXE_FORMAT,
                false => ErrorKind::NotFound.into(),
            })?;
        let file = file.to_string_lossy().into_owned();
        // SAFETY: as above.
        let line = unsafe { text::ansi(line) };
        // SAFETY: null or a block of strings, by the caller's promise.
        let environment = unsafe { strings(environment, flags) };
        let descriptors = crate::io::going_along();
        let wish =
            Wish { inherits: true, environment, descriptors, ..plain(Some(file), line, flags) };
        let told = create(&wish)?;
        handle::close(told.hThread)?;
        Ok(told.hProcess)
    })
}
