//! Ctrl+C and its kin: signals here, calls of handlers there.
#![allow(unsafe_code)]

use std::sync::{Mutex, Once, PoisonError};

use ntpipe::ErrorKind;
use rustix::process::{Pid, Signal, kill_current_process_group, kill_process_group};

use crate::boundary::succeeds;
use crate::failure::Result;
use crate::types::{BOOL, DWORD};

const CTRL_C_EVENT: u32 = 0;
const CTRL_BREAK_EVENT: u32 = 1;
const CTRL_CLOSE_EVENT: u32 = 2;
/// What the default handler ends a process with (`STATUS_CONTROL_C_EXIT`).
const CONTROL_C_EXIT: i32 = -1_073_741_510;

/// A handler: whether it has dealt with the event.
pub type PHANDLER_ROUTINE = Option<extern "C" fn(DWORD) -> BOOL>;

#[derive(Debug)]
struct Handlers {
    list: Vec<extern "C" fn(DWORD) -> BOOL>,
    ignores_ctrl_c: bool,
}

static HANDLERS: Mutex<Handlers> = Mutex::new(Handlers { list: Vec::new(), ignores_ctrl_c: false });

/// `SetConsoleCtrlHandler`. Handlers run on a thread of their own, the newest first, until one has
/// dealt with the event; if none has, the process ends.
#[unsafe(no_mangle)]
pub extern "C" fn SetConsoleCtrlHandler(handler: PHANDLER_ROUTINE, add: BOOL) -> BOOL {
    succeeds(|| {
        listen()?;
        let mut handlers = HANDLERS.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(handler) = handler else {
            handlers.ignores_ctrl_c = add != 0;
            return Ok(());
        };
        if add != 0 {
            handlers.list.push(handler);
            return Ok(());
        }
        let same = |one: &extern "C" fn(DWORD) -> BOOL| *one as usize == handler as usize;
        let at = handlers.list.iter().rposition(same).ok_or(ErrorKind::InvalidParameter)?;
        handlers.list.remove(at);
        Ok(())
    })
}

/// Takes the signals over, once.
fn listen() -> Result<()> {
    static ONCE: Once = Once::new();
    let mut started = Ok(());
    ONCE.call_once(|| started = start());
    started
}

fn start() -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGQUIT, SIGTERM, SIGHUP])?;
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
    let (list, ignores) = {
        let handlers = HANDLERS.lock().unwrap_or_else(PoisonError::into_inner);
        (handlers.list.clone(), handlers.ignores_ctrl_c)
    };
    if event == CTRL_C_EVENT && ignores {
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
