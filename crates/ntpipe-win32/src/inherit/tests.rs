//! What a child does with the handles that it gets: this test, run once more as its own child.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::fmt::Write;
use std::ptr::{null, null_mut};
use std::sync::{Mutex, PoisonError};

use crate::handleapi::{CloseHandle, SetHandleInformation};
use crate::processthreadsapi::{
    CreateProcessA, GetExitCodeProcess, PROCESS_INFORMATION, STARTUPINFO,
};
use crate::synchapi::{
    CreateEventA, CreateMutexA, CreateSemaphoreA, CreateWaitableTimerA, OpenMutexA, ReleaseMutex,
    ReleaseSemaphore, SetEvent, SetWaitableTimer, WaitForSingleObject,
};
use crate::types::{HANDLE, SECURITY_ATTRIBUTES, access};

pub(crate) const ROLE: &str = "NTPIPE_TEST_ROLE";
const FOREVER: u32 = u32::MAX;
/// A child inherits whatever is inheritable, also what another test made so.
pub(crate) static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Starts this test again; gives the process. `role` is what it finds in its environment.
pub(crate) fn spawn(test: &str, role: &str) -> HANDLE {
    let program = std::env::current_exe().expect("this program");
    let line = format!("\"{}\" --exact {test} --nocapture", program.display());
    let line = CString::new(line).expect("no zero");
    let mut environment = String::new();
    for (key, value) in std::env::vars().chain([(ROLE.to_owned(), role.to_owned())]) {
        let _ = write!(environment, "{key}={value}\0");
    }
    environment.push('\0');
    let startup = STARTUPINFO {
        cb: 104,
        strings: [null_mut(); 3],
        sizes: [0; 7],
        dwFlags: 0,
        words: [0; 2],
        lpReserved2: null_mut(),
        streams: [null_mut(); 3],
    };
    let mut made = PROCESS_INFORMATION {
        hProcess: null_mut(),
        hThread: null_mut(),
        dwProcessId: 0,
        dwThreadId: 0,
    };
    let block = environment.as_ptr().cast_mut().cast();
    // SAFETY: the strings end with zeros, and the structures are whole.
    let started = unsafe {
        CreateProcessA(
            null(),
            line.as_ptr(),
            null(),
            null(),
            1,
            0,
            block,
            null(),
            &raw const startup,
            &raw mut made,
        )
    };
    assert_eq!((started, CloseHandle(made.hThread)), (1, 1));
    made.hProcess
}

pub(crate) fn end(process: HANDLE) {
    assert_eq!(WaitForSingleObject(process, FOREVER), 0);
    let mut code = 1;
    // SAFETY: the place is valid.
    assert_eq!(unsafe { GetExitCodeProcess(process, &raw mut code) }, 1);
    assert_eq!((code, CloseHandle(process)), (0, 1));
}

pub(crate) fn handles(role: &str) -> Vec<HANDLE> {
    let number = |text: &str| usize::from_str_radix(text, 16).expect("a number");
    role.split(' ').map(|text| std::ptr::without_provenance_mut(number(text))).collect()
}

pub(crate) fn role_of(handles: &[HANDLE]) -> String {
    let texts: Vec<_> = handles.iter().map(|handle| format!("{:x}", handle.addr())).collect();
    texts.join(" ")
}

pub(crate) fn inherited() -> SECURITY_ATTRIBUTES {
    SECURITY_ATTRIBUTES { nLength: 24, lpSecurityDescriptor: null_mut(), bInheritHandle: 1 }
}

#[test]
fn a_child_waits_for_what_it_inherits_and_signals_it() {
    if let Ok(role) = std::env::var(ROLE) {
        let [ask, reply, semaphore, timer, mutex] = handles(&role)[..] else {
            panic!("five handles");
        };
        assert_eq!(WaitForSingleObject(ask, FOREVER), 0);
        assert_eq!(WaitForSingleObject(timer, FOREVER), 0);
        // The parent's thread owns it.
        assert_eq!((WaitForSingleObject(mutex, 0), ReleaseMutex(mutex)), (258, 0));
        let mut before = -1;
        // SAFETY: the place is valid.
        assert_eq!(unsafe { ReleaseSemaphore(semaphore, 1, &raw mut before) }, 1);
        assert_eq!((before, SetEvent(reply)), (2, 1));
        // And leaves without releasing it.
        assert_eq!(WaitForSingleObject(mutex, FOREVER), 0);
        return;
    }
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let security = inherited();
    // SAFETY: the structure is whole, here and below.
    let ask = unsafe { CreateEventA(&raw const security, 0, 0, null()) };
    // SAFETY: as above. Made inheritable later.
    let reply = unsafe { CreateEventA(null(), 1, 0, null()) };
    assert_eq!(SetHandleInformation(reply, 1, 1), 1);
    // SAFETY: as above.
    let semaphore = unsafe { CreateSemaphoreA(&raw const security, 2, 9, null()) };
    // SAFETY: as above.
    let timer = unsafe { CreateWaitableTimerA(&raw const security, 1, null()) };
    // SAFETY: as above.
    let mutex = unsafe { CreateMutexA(&raw const security, 1, null()) };
    let test = "inherit::tests::a_child_waits_for_what_it_inherits_and_signals_it";
    let process = spawn(test, &role_of(&[ask, reply, semaphore, timer, mutex]));
    let due = -1;
    // SAFETY: the time is valid.
    let set = unsafe { SetWaitableTimer(timer, &raw const due, 0, None, null_mut(), 0) };
    assert_eq!((set, SetEvent(ask)), (1, 1));
    assert_eq!((WaitForSingleObject(reply, FOREVER), ReleaseMutex(mutex)), (0, 1));
    for _ in 0..3 {
        assert_eq!(WaitForSingleObject(semaphore, 0), 0);
    }
    end(process);
    assert_eq!((WaitForSingleObject(mutex, 0), ReleaseMutex(mutex)), (0x80, 1));
    for handle in [ask, reply, semaphore, timer, mutex] {
        assert_eq!(CloseHandle(handle), 1);
    }
}

#[test]
fn an_inherited_name_lives_on_in_the_child() {
    let name = |parent: &str| CString::new(format!("Test-inherited-{parent}")).expect("no zero");
    if let Ok(role) = std::env::var(ROLE) {
        let (parent, handles_text) = role.split_once(' ').expect("two parts");
        let [mutex, ready, go] = handles(handles_text)[..] else { panic!("three handles") };
        assert_eq!((SetEvent(ready), WaitForSingleObject(go, FOREVER)), (1, 0));
        // The parent has closed it meanwhile; it is still there.
        // SAFETY: the name is valid.
        let again = unsafe { OpenMutexA(access::SYNC_ALL_ACCESS, 0, name(parent).as_ptr()) };
        assert!(!again.is_null());
        assert_eq!((WaitForSingleObject(mutex, 0), WaitForSingleObject(again, 0)), (0, 0));
        assert_eq!((ReleaseMutex(again), ReleaseMutex(again), ReleaseMutex(mutex)), (1, 1, 0));
        return;
    }
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let parent = std::process::id().to_string();
    let security = inherited();
    // SAFETY: the structure is whole, and the name valid; here and below.
    let mutex = unsafe { CreateMutexA(&raw const security, 0, name(&parent).as_ptr()) };
    // SAFETY: as above.
    let [ready, go] = [0; 2].map(|_| unsafe { CreateEventA(&raw const security, 0, 0, null()) });
    let test = "inherit::tests::an_inherited_name_lives_on_in_the_child";
    let process = spawn(test, &format!("{parent} {}", role_of(&[mutex, ready, go])));
    assert_eq!((WaitForSingleObject(ready, FOREVER), CloseHandle(mutex), SetEvent(go)), (0, 1, 1));
    end(process);
    // SAFETY: as above.
    let gone = unsafe { OpenMutexA(access::SYNC_ALL_ACCESS, 0, name(&parent).as_ptr()) };
    assert!(gone.is_null());
    assert_eq!((CloseHandle(ready), CloseHandle(go)), (1, 1));
}
