//! What is asked of processes, and what hardly changes anything here.
#![allow(unsafe_code)]

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU32, Ordering};

use ntpipe::ErrorKind;
use ntpipe_shm::generation::Settled;
use rustix::process::{Pid, getpriority_process, setpriority_process};
use rustix::thread::{CpuSet, MembarrierCommand, membarrier, sched_getaffinity, sched_setaffinity};

use super::{STARTUPINFO, process, thread};
use crate::boundary::{answer, out, put, succeeds, value};
use crate::failure::Result;
use crate::handle;
use crate::sysinfoapi::{FILETIME, split};
use crate::text::{self, Filled};
use crate::types::{BOOL, DWORD, HANDLE};

fn title() -> String {
    std::env::args_os().next().unwrap_or_default().to_string_lossy().into_owned()
}

/// What a program is told of how it was started: nothing but its size and its title.
fn startup(title: *mut std::ffi::c_void) -> STARTUPINFO {
    let none = std::ptr::null_mut();
    STARTUPINFO {
        cb: u32::try_from(size_of::<STARTUPINFO>()).unwrap_or_default(),
        strings: [none, none, title],
        sizes: [0; 7],
        dwFlags: 0,
        words: [0; 2],
        lpReserved2: none,
        streams: [none; 3],
    }
}

/// `GetStartupInfoA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetStartupInfoA(info: *mut STARTUPINFO) {
    static TITLE: Settled<CString> = Settled::new();
    let text = TITLE.get_or_make(|| Box::new(CString::new(title()).unwrap_or_default()));
    // SAFETY: null or valid, by the caller's promise.
    put(unsafe { out(info) }, startup(text.as_ptr().cast_mut().cast()));
}

/// `GetStartupInfoW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetStartupInfoW(info: *mut STARTUPINFO) {
    static TITLE: Settled<Vec<u16>> = Settled::new();
    let text = TITLE.get_or_make(|| Box::new(text::to_wide(&title())));
    // SAFETY: null or valid, by the caller's promise.
    put(unsafe { out(info) }, startup(text.as_ptr().cast_mut().cast()));
}

/// `GetProcessTimes`. That a child has ended is told as of the moment when this process noticed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetProcessTimes(
    handle: HANDLE,
    created: *mut FILETIME,
    exited: *mut FILETIME,
    kernel: *mut FILETIME,
    user: *mut FILETIME,
) -> BOOL {
    succeeds(|| {
        let times = process(handle)?.times()?;
        let told = [times.created, times.exited, times.kernel, times.user];
        for (place, units) in [created, exited, kernel, user].into_iter().zip(told) {
            // SAFETY: null or valid, by the caller's promise.
            put(unsafe { out(place) }, split(units));
        }
        Ok(())
    })
}

/// `GetProcessHandleCount`: of another process, how many descriptors it has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetProcessHandleCount(handle: HANDLE, count: *mut DWORD) -> BOOL {
    succeeds(|| {
        let pid = process(handle)?.pid;
        let number = match pid == std::process::id() {
            true => handle::count(),
            false => std::fs::read_dir(format!("/proc/{pid}/fd"))?.count(),
        };
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(count) }, u32::try_from(number).unwrap_or(u32::MAX));
        Ok(())
    })
}

/// `ProcessIdToSessionId`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ProcessIdToSessionId(pid: DWORD, session: *mut DWORD) -> BOOL {
    succeeds(|| {
        let number = ntpipe_shm::peer::session(pid).ok_or(ErrorKind::InvalidParameter)?;
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(session) }, number);
        Ok(())
    })
}

/// `IsWow64Process`: no program here is of another kind than the system.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IsWow64Process(handle: HANDLE, is: *mut BOOL) -> BOOL {
    succeeds(|| {
        process(handle)?;
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(is) }, 0);
        Ok(())
    })
}

/// The file that a process runs.
fn image(handle: HANDLE, flags: u32) -> Result<String> {
    if flags & !1 != 0 {
        return Err(ErrorKind::InvalidParameter.into());
    }
    let link = format!("/proc/{}/exe", process(handle)?.pid);
    Ok(std::fs::read_link(link)?.to_string_lossy().into_owned())
}

fn fits(filled: Filled, len: Option<&mut MaybeUninit<u32>>) -> Result<()> {
    match filled {
        Filled::Whole(number) => {
            put(len, number);
            Ok(())
        }
        Filled::Needs(_) => Err(ErrorKind::InsufficientBuffer.into()),
    }
}

/// `QueryFullProcessImageNameA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn QueryFullProcessImageNameA(
    handle: HANDLE,
    flags: DWORD,
    buffer: *mut c_char,
    len: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let size = *unsafe { value(len) }.ok_or(ErrorKind::InvalidParameter)?;
        // SAFETY: null or valid for that many bytes, by the caller's promise.
        let filled = unsafe { text::put_ansi(&image(handle, flags)?, buffer, size) };
        // SAFETY: null or valid, by the caller's promise.
        fits(filled, unsafe { out(len) })
    })
}

/// `QueryFullProcessImageNameW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn QueryFullProcessImageNameW(
    handle: HANDLE,
    flags: DWORD,
    buffer: *mut u16,
    len: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let size = *unsafe { value(len) }.ok_or(ErrorKind::InvalidParameter)?;
        // SAFETY: null or valid for that many units, by the caller's promise.
        let filled = unsafe { text::put_wide(&image(handle, flags)?, buffer, size) };
        // SAFETY: null or valid, by the caller's promise.
        fits(filled, unsafe { out(len) })
    })
}

/// Priority classes, and how nice each is: idle, below normal, normal, above normal, high, real time.
const CLASSES: [(u32, i32); 6] =
    [(0x40, 19), (0x4000, 10), (0x20, 0), (0x8000, -5), (0x80, -10), (0x100, -20)];

/// What this process has set for itself, which the system may not have granted.
static OWN_CLASS: AtomicU32 = AtomicU32::new(0);

/// Whether one of the flags is a priority class, and how nice that is.
fn niceness(flags: u32) -> Option<i32> {
    CLASSES.iter().find(|(class, _)| flags & class != 0).map(|(_, nice)| *nice)
}

fn number(pid: u32) -> Result<Pid> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| ErrorKind::InvalidParameter.into())
}

/// Gives a new process the priority that `CreateProcess` was asked for, as far as the system lets.
pub(super) fn apply_priority(pid: u32, flags: u32) {
    if let Some(nice) = niceness(flags)
        && let Ok(pid) = number(pid)
    {
        let _ = setpriority_process(Some(pid), nice);
    }
}

/// `SetPriorityClass`. Of more than the system lets a user have, the process gets nothing, but it is told
/// that it has it, as all others are on Windows.
#[unsafe(no_mangle)]
pub extern "C" fn SetPriorityClass(handle: HANDLE, class: DWORD) -> BOOL {
    succeeds(|| {
        let pid = process(handle)?.pid;
        let known = CLASSES.iter().any(|(known, _)| *known == class);
        if !known {
            return Err(ErrorKind::InvalidParameter.into());
        }
        apply_priority(pid, class);
        if pid == std::process::id() {
            OWN_CLASS.store(class, Ordering::Relaxed);
        }
        Ok(())
    })
}

/// `GetPriorityClass`.
#[unsafe(no_mangle)]
pub extern "C" fn GetPriorityClass(handle: HANDLE) -> DWORD {
    answer(0, || {
        let pid = process(handle)?.pid;
        let own = OWN_CLASS.load(Ordering::Relaxed);
        if pid == std::process::id() && own != 0 {
            return Ok(own);
        }
        let nice = getpriority_process(Some(number(pid)?))?;
        let nearest = CLASSES.iter().min_by_key(|(_, of_class)| (nice - of_class).abs());
        Ok(nearest.map_or(0x20, |(class, _)| *class))
    })
}

/// `SetThreadAffinityMask`: what it was before.
#[unsafe(no_mangle)]
pub extern "C" fn SetThreadAffinityMask(handle: HANDLE, mask: usize) -> usize {
    answer(0, || {
        let id = number(thread(handle)?.id)?;
        let before = sched_getaffinity(Some(id))?;
        let bits = usize::BITS as usize;
        let wanted = (0..bits).filter(|bit| mask >> bit & 1 != 0);
        let mut set = CpuSet::new();
        wanted.for_each(|bit| set.set(bit));
        sched_setaffinity(Some(id), &set).map_err(|_| ErrorKind::InvalidParameter)?;
        Ok((0..bits).filter(|bit| before.is_set(*bit)).fold(0, |mask, bit| mask | 1 << bit))
    })
}

/// `SetThreadDescription`: the first fifteen bytes of it. An `HRESULT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetThreadDescription(handle: HANDLE, name: *const u16) -> i32 {
    /// `HRESULT_FROM_WIN32`.
    const OF_WIN32: u32 = 0x8007_0000;
    let set = || {
        let id = thread(handle)?.id;
        // SAFETY: null or a string, by the caller's promise.
        let name = unsafe { text::wide(name) }.unwrap_or_default();
        Ok(std::fs::write(format!("/proc/self/task/{id}/comm"), name)?)
    };
    match crate::boundary::guarded(set) {
        Ok(()) => 0,
        Err(failure) => (OF_WIN32 | failure.win32).cast_signed(),
    }
}

/// `FlushProcessWriteBuffers`: every other thread of the process sees what this one has written.
#[unsafe(no_mangle)]
pub extern "C" fn FlushProcessWriteBuffers() {
    // The quick kind has to be registered for, which may be done again.
    let quick = membarrier(MembarrierCommand::RegisterPrivateExpedited)
        .and_then(|()| membarrier(MembarrierCommand::PrivateExpedited));
    if quick.is_err() {
        let _ = membarrier(MembarrierCommand::Global);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boundary::last_error;
    use crate::processthreadsapi::{GetCurrentProcess, GetCurrentThread};

    #[test]
    fn a_process_tells_of_itself() {
        let own = GetCurrentProcess();
        let mut size = 2;
        let mut path = [0; 4096];
        // SAFETY: the buffer has at least this size, here and below.
        let short = unsafe { QueryFullProcessImageNameW(own, 0, path.as_mut_ptr(), &raw mut size) };
        assert_eq!((short, last_error(), size), (0, 122, 2));
        size = 4096;
        // SAFETY: as above.
        let done = unsafe { QueryFullProcessImageNameW(own, 0, path.as_mut_ptr(), &raw mut size) };
        let exe = std::env::current_exe().expect("a program").to_string_lossy().into_owned();
        assert_eq!((done, String::from_utf16_lossy(&path[..size as usize])), (1, exe));
        let mut session = u32::MAX;
        // SAFETY: a valid place.
        assert_eq!(unsafe { ProcessIdToSessionId(std::process::id(), &raw mut session) }, 1);
        // SAFETY: all members are numbers and pointers, for which zero is a value.
        let mut info: STARTUPINFO = unsafe { std::mem::zeroed() };
        // SAFETY: a valid place.
        unsafe { GetStartupInfoW(&raw mut info) };
        // SAFETY: a string.
        assert_eq!((info.cb, unsafe { text::wide(info.strings[2].cast()) }), (104, Some(title())));
    }

    #[test]
    fn times_of_a_process_lie_between_its_start_and_now() {
        let process = process(GetCurrentProcess()).expect("this process");
        let times = process.times().expect("times");
        let now = crate::sysinfoapi::file_time();
        assert!(times.created <= now && times.created > now - 3600 * 10_000_000, "{times:?}");
        let processors = std::thread::available_parallelism().map_or(1, |count| count.get());
        let processors = i64::try_from(processors).expect("few");
        let most = processors * (now - times.created + 1_000_000);
        assert!(times.exited == 0 && times.user + times.kernel < most, "{times:?}");
    }

    #[test]
    fn a_thread_can_be_bound_to_processors_that_there_are() {
        let thread = GetCurrentThread();
        let before = SetThreadAffinityMask(thread, usize::MAX);
        assert_ne!(before, 0);
        let first = 1 << before.trailing_zeros();
        assert_eq!(SetThreadAffinityMask(thread, first), before);
        assert_eq!(SetThreadAffinityMask(thread, before), first);
        assert_eq!((SetThreadAffinityMask(thread, 0), last_error()), (0, 87));
        FlushProcessWriteBuffers();
    }

    #[test]
    fn a_priority_is_remembered() {
        let own = GetCurrentProcess();
        assert_eq!((SetPriorityClass(own, 0x8000), GetPriorityClass(own)), (1, 0x8000));
        assert_eq!((SetPriorityClass(own, 3), last_error()), (0, 87));
        assert_eq!((SetPriorityClass(own, 0x20), GetPriorityClass(own)), (1, 0x20));
    }
}
