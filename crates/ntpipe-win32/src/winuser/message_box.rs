//! Boxes with a message: there are no windows, so the text goes to the standard error, and the button
//! that Enter would press is the answer.
#![allow(unsafe_code)]

use std::io::Write;

use crate::boundary::answer;
use crate::failure::{Failure, Result};
use crate::text;
use crate::types::{HANDLE, LPCSTR, LPCWSTR};

/// The buttons of each type of box, by the numbers that are the answers.
const BUTTONS: [&[i32]; 7] =
    [&[1], &[1, 2], &[3, 4, 5], &[6, 7, 2], &[6, 7], &[4, 2], &[2, 10, 11]];

fn show(text: Option<String>, caption: Option<String>, kind: u32) -> Result<i32> {
    let buttons = BUTTONS.get((kind & 0xF) as usize).ok_or(Failure::INVALID_MSGBOX_STYLE)?;
    let caption = caption.unwrap_or_else(|| "Error".to_owned());
    let text = text.unwrap_or_default();
    // A program without a standard error has nobody to tell.
    let _ = writeln!(std::io::stderr(), "{caption}: {text}");
    let default = (kind >> 8 & 0xF) as usize;
    Ok(*buttons.get(default).unwrap_or(&buttons[0]))
}

/// `MessageBoxA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MessageBoxA(
    _owner: HANDLE,
    text: LPCSTR,
    caption: LPCSTR,
    kind: u32,
) -> i32 {
    // SAFETY: null or strings, by the caller's promise.
    let (text, caption) = (unsafe { text::ansi(text) }, unsafe { text::ansi(caption) });
    answer(0, || show(text, caption, kind))
}

/// `MessageBoxW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MessageBoxW(
    _owner: HANDLE,
    text: LPCWSTR,
    caption: LPCWSTR,
    kind: u32,
) -> i32 {
    // SAFETY: null or strings, by the caller's promise.
    let (text, caption) = (unsafe { text::wide(text) }, unsafe { text::wide(caption) });
    answer(0, || show(text, caption, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_button_is_the_answer() {
        let show = |kind| show(Some("text".into()), None, kind).map_err(|it| it.win32);
        for (kind, answer) in [(0, 1), (4, 6), (0x124, 7), (0x203, 2), (0x500, 1)] {
            assert_eq!(show(kind), Ok(answer), "{kind:#x}");
        }
        assert_eq!(show(7), Err(1438));
    }
}
