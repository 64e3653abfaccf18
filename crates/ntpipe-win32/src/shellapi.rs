//! `shellapi.h`: the one function of the shell that pipe programs call.
#![allow(unsafe_code)]

use ntpipe::ErrorKind;

use crate::boundary::{answer, out, put};
use crate::failure::Result;
use crate::types::LPCWSTR;
use crate::{command_line, memory, text};

fn words(line: Option<String>) -> Result<Vec<Vec<u16>>> {
    let line = line.ok_or(ErrorKind::InvalidParameter)?;
    //= learn: CommandLineToArgvW: for an empty line, the path of the program
    let words = match line.is_empty() {
        true => vec![std::env::current_exe()?.to_string_lossy().into_owned()],
        false => command_line::words(&line),
    };
    Ok(words.iter().map(|word| text::to_wide(word)).collect())
}

/// `CommandLineToArgvW`: one block, to be freed by `LocalFree`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CommandLineToArgvW(line: LPCWSTR, count: *mut i32) -> *mut *mut u16 {
    answer(std::ptr::null_mut(), || {
        // SAFETY: null or valid, by the caller's promise.
        let count = unsafe { out(count) }.ok_or(ErrorKind::InvalidParameter)?;
        // SAFETY: null or a string, by the caller's promise.
        let words = words(unsafe { text::wide(line) })?;
        let pointers = (words.len() + 1) * size_of::<*mut u16>();
        let units: usize = words.iter().map(Vec::len).sum();
        let block: *mut *mut u16 = memory::allocate(pointers + units * 2, false).cast();
        if block.is_null() {
            return Err(ErrorKind::NotEnoughMemory.into());
        }
        // SAFETY: the block is as long as the pointers and the units behind them.
        let mut at: *mut u16 = unsafe { block.byte_add(pointers) }.cast();
        for (index, word) in words.iter().enumerate() {
            // SAFETY: the block begins with a place for each word and one more.
            let place = unsafe { block.add(index) };
            // SAFETY: as above.
            unsafe { place.write(at) };
            // SAFETY: behind the pointers is room for the units of all words.
            unsafe { at.copy_from_nonoverlapping(word.as_ptr(), word.len()) };
            // SAFETY: as above; at most the end of the block.
            at = unsafe { at.add(word.len()) };
        }
        // SAFETY: the last of the pointers.
        let last = unsafe { block.add(words.len()) };
        // SAFETY: as above.
        unsafe { last.write(std::ptr::null_mut()) };
        put(Some(count), i32::try_from(words.len()).unwrap_or(i32::MAX));
        Ok(block)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_becomes_words_in_one_block() {
        let line = text::to_wide(r#"prog "a b" c\"d"#);
        let mut count = 0;
        // SAFETY: a string and a valid place.
        let words = unsafe { CommandLineToArgvW(line.as_ptr(), &raw mut count) };
        let word = |at: usize| {
            // SAFETY: the block has three words and a null.
            let place = unsafe { words.add(at) };
            // SAFETY: as above.
            let start = unsafe { place.read() };
            // SAFETY: null or a string of the block.
            unsafe { text::wide(start) }
        };
        let all: Vec<_> = (0..3).filter_map(word).collect();
        assert_eq!((count, word(3)), (3, None));
        assert_eq!(all, ["prog", "a b", r#"c"d"#]);
        // SAFETY: the block came from there.
        unsafe { memory::free(words.cast()) };
    }
}
