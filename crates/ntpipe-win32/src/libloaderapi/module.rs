//! Which modules there are, and which has which function.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_void};

use super::HMODULE;
use crate::failure::{Failure, Result};

/// The address of a function, whose type the caller knows.
pub type Address = unsafe extern "C" fn();
/// The address of a function, or null.
pub type FARPROC = Option<Address>;

/// What has functions of its own on Windows; some modules share them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Library {
    Kernel,
    Security,
    Native,
    User,
    Shell,
    Runtime,
}

struct Function {
    name: &'static str,
    library: Library,
    address: Address,
}

include!(concat!(env!("OUT_DIR"), "/exports.rs"));

/// The modules by name; their handles follow their order.
const MODULES: [(&str, Library); 9] = [
    ("kernel32", Library::Kernel),
    ("KernelBase", Library::Kernel),
    ("advapi32", Library::Security),
    ("sechost", Library::Security),
    ("ntdll", Library::Native),
    ("user32", Library::User),
    ("shell32", Library::Shell),
    ("msvcrt", Library::Runtime),
    ("ucrtbase", Library::Runtime),
];

/// Where a program lies on Windows, and from where on its libraries do. Nothing has to be there.
const PROGRAM: usize = 0x1_4000_0000;
const LIBRARIES: usize = 0x7FFB_0000_0000;
const LIBRARY_BYTES: usize = 0x20_0000;

unsafe extern "C" {
    fn ntpipe_own_symbol(name: *const c_char) -> *const c_void;
    safe fn ntpipe_is_own_address(address: *const c_void) -> c_int;
}

/// A module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Module {
    /// The program.
    Program,
    /// A library, by its place in the list.
    Library(usize),
}

impl Module {
    /// The module that a handle stands for; null is the program.
    pub(super) fn of(handle: HMODULE) -> Result<Self> {
        // What is loaded as data has its lowest bits set.
        match handle.addr() & !3 {
            0 | PROGRAM => Ok(Self::Program),
            address => {
                let at = address.wrapping_sub(LIBRARIES);
                let module = Self::Library(at / LIBRARY_BYTES);
                let known = at % LIBRARY_BYTES == 0 && at / LIBRARY_BYTES < MODULES.len();
                known.then_some(module).ok_or(Failure::MOD_NOT_FOUND)
            }
        }
    }

    pub(super) fn handle(self) -> HMODULE {
        std::ptr::without_provenance_mut(match self {
            Self::Program => PROGRAM,
            Self::Library(at) => LIBRARIES + at * LIBRARY_BYTES,
        })
    }

    /// The module of this name, with a directory or without, with `.dll` or without.
    pub(super) fn named(path: &str) -> Result<Self> {
        let name = path.rsplit(['\\', '/']).next().unwrap_or(path);
        let stem = match name.rsplit_once('.') {
            Some((stem, end)) if end.eq_ignore_ascii_case("dll") => stem,
            _ => name,
        };
        let same = |(module, _): &(&str, _)| module.eq_ignore_ascii_case(stem);
        if let Some(at) = MODULES.iter().position(same) {
            return Ok(Self::Library(at));
        }
        let own = own_path()?;
        let own = own.rsplit('/').next().unwrap_or(&own);
        let is_own = name == own || name.strip_suffix(".exe") == Some(own);
        if is_own { Ok(Self::Program) } else { Err(Failure::MOD_NOT_FOUND) }
    }

    /// The module in which this address lies.
    pub(super) fn at(address: usize) -> Result<Self> {
        if let Some(function) = FUNCTIONS.iter().find(|it| it.address as usize == address) {
            let at = MODULES.iter().position(|(_, library)| *library == function.library);
            return at.map(Self::Library).ok_or(Failure::MOD_NOT_FOUND);
        }
        let pointer = std::ptr::without_provenance(address);
        if ntpipe_is_own_address(pointer) != 0 {
            return Ok(Self::Program);
        }
        match address & !(LIBRARY_BYTES - 1) {
            0 => Err(Failure::MOD_NOT_FOUND),
            begin => Self::of(std::ptr::without_provenance_mut(begin)),
        }
    }

    /// Where the module's file is: the program's here, a library's where it would be on Windows.
    pub(super) fn path(self) -> Result<String> {
        match self {
            Self::Program => own_path(),
            Self::Library(at) => Ok(format!(r"C:\Windows\System32\{}.dll", MODULES[at].0)),
        }
    }

    /// The function of this name.
    pub(super) fn function(self, name: &CStr) -> Result<Address> {
        let known = name.to_str().ok().and_then(|name| {
            FUNCTIONS.binary_search_by_key(&name, |it| it.name).ok().map(|at| &FUNCTIONS[at])
        });
        match (self, known) {
            (Self::Library(at), Some(known)) if known.library == MODULES[at].1 => Ok(known.address),
            (Self::Program, None) => own_function(name),
            _ => Err(Failure::PROC_NOT_FOUND),
        }
    }
}

/// A function that the program exports.
fn own_function(name: &CStr) -> Result<Address> {
    // SAFETY: a string that ends with a zero.
    let address = unsafe { ntpipe_own_symbol(name.as_ptr()) };
    if address.is_null() {
        return Err(Failure::PROC_NOT_FOUND);
    }
    // SAFETY: not null (above). Whether it is a function's address the caller knows, who alone calls it.
    Ok(unsafe { std::mem::transmute::<*const c_void, Address>(address) })
}

fn own_path() -> Result<String> {
    Ok(std::env::current_exe()?.to_string_lossy().into_owned())
}
