//! The terminal's screen: title, colours, cursor, size; and whether the program has a terminal.
#![allow(unsafe_code)]

use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU8, AtomicU16, Ordering};

use ntpipe::ErrorKind;
use rustix::termios::{QueueSelector, isatty, tcflush, tcgetwinsize};

use super::{ntpipe_flush_stdout, show, terminal};
use crate::boundary::{out, put, succeeds};
use crate::failure::Result;
use crate::text;
use crate::types::{BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR};

/// `COORD`: a place on the screen, from 0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct COORD {
    /// The column.
    pub X: i16,
    /// The row.
    pub Y: i16,
}

/// `CONSOLE_SCREEN_BUFFER_INFO`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CONSOLE_SCREEN_BUFFER_INFO {
    /// Columns and rows.
    pub dwSize: COORD,
    /// Where the cursor is; a terminal does not tell without being asked on its input, so 0, 0.
    pub dwCursorPosition: COORD,
    /// The colours.
    pub wAttributes: u16,
    /// The first and the last place that is seen.
    pub srWindow: [COORD; 2],
    /// How large it can be.
    pub dwMaximumWindowSize: COORD,
}

const _: () = assert!(size_of::<CONSOLE_SCREEN_BUFFER_INFO>() == 22);

/// Light grey on black, the usual colours.
const USUAL: u16 = 7;
static COLOURS: AtomicU16 = AtomicU16::new(USUAL);

fn set_title(title: Option<String>) -> Result<()> {
    let title = title.ok_or(ErrorKind::InvalidParameter)?;
    let output = rustix::stdio::stdout();
    if isatty(output) {
        let title: String = title.chars().filter(|c| !c.is_control()).collect();
        ntpipe_flush_stdout();
        rustix::io::write(output, format!("\x1b]0;{title}\x07").as_bytes())?;
    }
    Ok(())
}

/// `SetConsoleTitleA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetConsoleTitleA(title: LPCSTR) -> BOOL {
    // SAFETY: null or a string, by the caller's promise.
    succeeds(|| set_title(unsafe { text::ansi(title) }))
}

/// `SetConsoleTitleW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetConsoleTitleW(title: LPCWSTR) -> BOOL {
    // SAFETY: null or a string, by the caller's promise.
    succeeds(|| set_title(unsafe { text::wide(title) }))
}

/// What changes a terminal's colours to these: Windows has blue where terminals have red.
fn colour_sequence(attributes: u16) -> String {
    if attributes == USUAL {
        return "\x1b[0m".to_owned();
    }
    let colour = |bits: u16, normal: u16, bright: u16| {
        let turned = bits & 2 | (bits & 1) << 2 | (bits & 4) >> 2;
        turned + if bits & 8 != 0 { bright } else { normal }
    };
    let front = colour(attributes & 0xF, 30, 90);
    match attributes >> 4 & 0xF {
        // Black is what is there.
        0 => format!("\x1b[0;{front}m"),
        back => format!("\x1b[0;{front};{}m", colour(back, 40, 100)),
    }
}

/// `SetConsoleTextAttribute`.
#[unsafe(no_mangle)]
pub extern "C" fn SetConsoleTextAttribute(console: HANDLE, attributes: u16) -> BOOL {
    succeeds(|| {
        show(console, colour_sequence(attributes).as_bytes())?;
        COLOURS.store(attributes, Ordering::Relaxed);
        Ok(())
    })
}

/// `GetConsoleScreenBufferInfo`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetConsoleScreenBufferInfo(
    console: HANDLE,
    info: *mut CONSOLE_SCREEN_BUFFER_INFO,
) -> BOOL {
    succeeds(|| {
        let told = tcgetwinsize(terminal(console)?.as_fd())?;
        let side = |len: u16, usual: i16| match i16::try_from(len) {
            Ok(len) if len > 0 => len,
            _ => usual,
        };
        let size = COORD { X: side(told.ws_col, 80), Y: side(told.ws_row, 25) };
        let told = CONSOLE_SCREEN_BUFFER_INFO {
            dwSize: size,
            dwCursorPosition: COORD { X: 0, Y: 0 },
            wAttributes: COLOURS.load(Ordering::Relaxed),
            srWindow: [COORD { X: 0, Y: 0 }, COORD { X: size.X - 1, Y: size.Y - 1 }],
            dwMaximumWindowSize: size,
        };
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(info) }, told);
        Ok(())
    })
}

/// `SetConsoleCursorPosition`.
#[unsafe(no_mangle)]
pub extern "C" fn SetConsoleCursorPosition(console: HANDLE, place: COORD) -> BOOL {
    succeeds(|| {
        if place.X < 0 || place.Y < 0 {
            return Err(ErrorKind::InvalidParameter.into());
        }
        let (row, column) = (i32::from(place.Y) + 1, i32::from(place.X) + 1);
        show(console, format!("\x1b[{row};{column}H").as_bytes())?;
        Ok(())
    })
}

/// `FlushConsoleInputBuffer`.
#[unsafe(no_mangle)]
pub extern "C" fn FlushConsoleInputBuffer(console: HANDLE) -> BOOL {
    succeeds(|| Ok(tcflush(terminal(console)?.as_fd(), QueueSelector::IFlush)?))
}

/// `GetConsoleWindow`: there are no windows.
#[unsafe(no_mangle)]
pub extern "C" fn GetConsoleWindow() -> HANDLE {
    std::ptr::null_mut()
}

/// Whether the program has its terminal as its console: not looked at yet, yes, no.
static ATTACHED: AtomicU8 = AtomicU8::new(0);

fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}

fn is_attached() -> bool {
    match ATTACHED.load(Ordering::Relaxed) {
        0 => has_terminal(),
        state => state == 1,
    }
}

/// Takes the terminal that the program was started on, or fails so.
fn attach(without: ErrorKind) -> Result<()> {
    if is_attached() {
        return Err(ErrorKind::AccessDenied.into());
    }
    if !has_terminal() {
        return Err(without.into());
    }
    ATTACHED.store(1, Ordering::Relaxed);
    Ok(())
}

/// `AllocConsole`: the terminal that the program was started on, if it has left that; there is no other.
#[unsafe(no_mangle)]
pub extern "C" fn AllocConsole() -> BOOL {
    succeeds(|| attach(ErrorKind::NotSupported))
}

/// `AttachConsole`: to the terminal that the program was started on.
#[unsafe(no_mangle)]
pub extern "C" fn AttachConsole(_process: DWORD) -> BOOL {
    succeeds(|| attach(ErrorKind::InvalidHandle))
}

/// `FreeConsole`. Standard streams stay what they are.
#[unsafe(no_mangle)]
pub extern "C" fn FreeConsole() -> BOOL {
    succeeds(|| {
        if !is_attached() {
            return Err(ErrorKind::InvalidParameter.into());
        }
        ATTACHED.store(2, Ordering::Relaxed);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boundary::last_error;

    #[test]
    fn colours_are_a_terminals() {
        for (attributes, sequence) in [
            (7, "\x1b[0m"),
            (0x4, "\x1b[0;31m"),
            (0x9, "\x1b[0;94m"),
            (0x1E, "\x1b[0;93;44m"),
            (0xC0, "\x1b[0;30;101m"),
        ] {
            assert_eq!(colour_sequence(attributes), sequence, "{attributes:#x}");
        }
    }

    #[test]
    fn what_is_no_terminal_is_refused() {
        let file = std::fs::File::open("/dev/null").expect("nothing");
        let file = crate::object::FileObject::new(file.into(), false).expect("a file");
        let object = crate::object::Object::File(std::sync::Arc::new(file));
        let entry = crate::handle::Entry::new(object, 0);
        let handle = crate::handle::insert(entry).expect("a handle");
        assert_eq!((SetConsoleTextAttribute(handle, 4), last_error()), (0, 6));
        assert_eq!((FlushConsoleInputBuffer(handle), last_error()), (0, 6));
        let here = COORD { X: 1, Y: 1 };
        assert_eq!((SetConsoleCursorPosition(handle, here), last_error()), (0, 6));
        crate::handle::close(handle).expect("closed");
    }
}
