//! Ctrl+C and its kin: signals here, calls of handlers there.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ntpipe::ErrorKind;
use ntpipe_shm::generation::{self, Once, PerProcess};
use rustix::process::{Pid, Signal, kill_current_process_group, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::low_level::{emulate_default_handler, register};

use crate::boundary::succeeds;
use crate::failure::Result;
use crate::types::{BOOL, DWORD};

const SIGNALS: [i32; 4] = [SIGINT, SIGQUIT, SIGTERM, SIGHUP];
const CTRL_C_EVENT: u32 = 0;
const CTRL_BREAK_EVENT: u32 = 1;
const CTRL_CLOSE_EVENT: u32 = 2;
/// What the default handler ends a process with (`STATUS_CONTROL_C_EXIT`).
const CONTROL_C_EXIT: i32 = -1_073_741_510;

/// A handler: whether it has dealt with the event.
pub type PHANDLER_ROUTINE = Option<extern "C" fn(DWORD) -> BOOL>;

type Handlers = Vec<extern "C" fn(DWORD) -> BOOL>;

/// In a copy by `fork` too, which has no thread to call them before it has called `SetConsoleCtrlHandler`
/// itself. If another thread was just changing them, it begins without.
static HANDLERS: PerProcess<Mutex<Handlers>> = PerProcess::new();
static IGNORES_CTRL_C: AtomicBool = AtomicBool::new(false);
/// The process in which a thread waits for signals, by its generation.
static LISTENS: AtomicU32 = AtomicU32::new(0);

fn handlers() -> MutexGuard<'static, Handlers> {
    HANDLERS.get_or_derive(Vec::clone).lock().unwrap_or_else(PoisonError::into_inner)
}

/// For tests: holds what is locked for the whole process.
#[cfg(test)]
pub(crate) fn hold() -> impl Sized {
    handlers()
}

/// `SetConsoleCtrlHandler`. Handlers run on a thread of their own, the newest first, until one has
/// dealt with the event; if none has, the process ends.
#[unsafe(no_mangle)]
pub extern "C" fn SetConsoleCtrlHandler(handler: PHANDLER_ROUTINE, add: BOOL) -> BOOL {
    succeeds(|| {
        listen()?;
        let Some(handler) = handler else {
            IGNORES_CTRL_C.store(add != 0, Ordering::Relaxed);
            return Ok(());
        };
        let mut handlers = handlers();
        if add != 0 {
            handlers.push(handler);
            return Ok(());
        }
        let same = |one: &extern "C" fn(DWORD) -> BOOL| *one as usize == handler as usize;
        let at = handlers.iter().rposition(same).ok_or(ErrorKind::InvalidParameter)?;
        handlers.remove(at);
        Ok(())
    })
}

/// Takes the signals over, once in each process.
fn listen() -> Result<()> {
    static ONCE: PerProcess<Once> = PerProcess::new();
    let mut started = Ok(());
    ONCE.get().call(|| started = start());
    started.inspect_err(|_| LISTENS.store(0, Ordering::Relaxed))
}

/// Has signals do what they usually do where no thread waits for them: in a copy by `fork`.
fn leave_to_system() {
    for signal in SIGNALS {
        let act = move || {
            let ignored = signal == SIGINT && IGNORES_CTRL_C.load(Ordering::Relaxed);
            if LISTENS.load(Ordering::Relaxed) != generation::now() && !ignored {
                let _ = emulate_default_handler(signal);
            }
        };
        // SAFETY: two loads, and a call that may be made in the handler of a signal.
        let _ = unsafe { register(signal, act) };
    }
}

fn start() -> Result<()> {
    static ONCE: Once = Once::new();
    LISTENS.store(generation::noted(), Ordering::Relaxed);
    ONCE.call(leave_to_system);
    let mut signals = signal_hook::iterator::Signals::new(SIGNALS)?;
    std::thread::Builder::new().name("ntpipe-control".into()).spawn(move || {
        for signal in signals.forever() {
            dispatch(match signal {
                SIGINT => CTRL_C_EVENT,
                SIGQUIT => CTRL_BREAK_EVENT,
                _ => CTRL_CLOSE_EVENT,
            });
        }
    })?;
    Ok(())
}

fn dispatch(event: u32) {
    let list = handlers().clone();
    if event == CTRL_C_EVENT && IGNORES_CTRL_C.load(Ordering::Relaxed) {
        return;
    }
    if list.iter().rev().all(|handler| handler(event) == 0) || event == CTRL_CLOSE_EVENT {
        std::process::exit(CONTROL_C_EXIT);
    }
}

/// `GenerateConsoleCtrlEvent`: to a group of processes, or for 0 to this one's.
#[unsafe(no_mangle)]
pub extern "C" fn GenerateConsoleCtrlEvent(event: DWORD, group: DWORD) -> BOOL {
    succeeds(|| {
        let signal = match event {
            CTRL_C_EVENT => Signal::INT,
            CTRL_BREAK_EVENT => Signal::QUIT,
            _ => return Err(ErrorKind::InvalidParameter.into()),
        };
        let sent = match i32::try_from(group).map(Pid::from_raw) {
            Ok(None) => kill_current_process_group(signal),
            Ok(Some(group)) => kill_process_group(group, signal),
            Err(_) => return Err(ErrorKind::InvalidParameter.into()),
        };
        sent.map_err(|_| ErrorKind::InvalidParameter.into())
    })
}
