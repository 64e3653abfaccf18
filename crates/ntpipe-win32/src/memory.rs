//! Memory for programs: blocks that know their size.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, realloc};
use std::ptr;

use crate::types::LPVOID;

/// What stands before a block: its size in bytes. As long as the strictest alignment.
const HEAD: usize = 16;

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(HEAD)?, HEAD).ok()
}

/// A new block; null when memory is exhausted.
#[must_use]
pub fn allocate(size: usize, zeroed: bool) -> LPVOID {
    let Some(layout) = layout(size) else { return ptr::null_mut() };
    let start = if zeroed {
        // SAFETY: the layout is never empty, since it holds the head.
        unsafe { alloc_zeroed(layout) }
    } else {
        // SAFETY: as above.
        unsafe { alloc(layout) }
    };
    // SAFETY: null, or a block with a head.
    unsafe { finish(start, size) }
}

/// Notes the size in the head; gives the block behind it.
///
/// # Safety
/// `start` is null or begins a block that is ours and holds a head.
unsafe fn finish(start: *mut u8, size: usize) -> LPVOID {
    if start.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: the block holds a head, which is aligned for it.
    unsafe { start.cast::<usize>().write(size) };
    // SAFETY: the head lies inside of the block.
    unsafe { start.add(HEAD) }.cast()
}

/// The size of a block, in bytes.
///
/// # Safety
/// `block` came from this file and was not freed.
#[must_use]
pub unsafe fn size(block: LPVOID) -> usize {
    // SAFETY: a head stands before the block.
    let head = unsafe { block.byte_sub(HEAD) };
    // SAFETY: as above; `finish` wrote it.
    unsafe { head.cast::<usize>().read() }
}

/// The block with another size, elsewhere perhaps; null, and the block unchanged, when memory is
/// exhausted.
///
/// # Safety
/// `block` came from this file and was not freed.
pub unsafe fn resize(block: LPVOID, to: usize, zeroed: bool) -> LPVOID {
    // SAFETY: the caller's promise.
    let from = unsafe { size(block) };
    let (Some(layout), Some(wanted)) = (layout(from), to.checked_add(HEAD)) else {
        return ptr::null_mut();
    };
    // SAFETY: a head stands before the block.
    let start = unsafe { block.byte_sub(HEAD) }.cast::<u8>();
    // SAFETY: the block was allocated with this layout, and the new size is neither zero nor too long
    // for one, or the system refuses it.
    let start = unsafe { realloc(start, layout, wanted) };
    // SAFETY: null, or a block with a head.
    let block = unsafe { finish(start, to) };
    if zeroed && to > from && !block.is_null() {
        // SAFETY: the block holds `to` bytes.
        let rest = unsafe { block.byte_add(from) }.cast::<u8>();
        // SAFETY: as above.
        unsafe { rest.write_bytes(0, to - from) };
    }
    block
}

/// Frees a block.
///
/// # Safety
/// `block` is null, or came from this file and was not freed.
pub unsafe fn free(block: LPVOID) {
    if block.is_null() {
        return;
    }
    // SAFETY: the caller's promise.
    let Some(layout) = layout(unsafe { size(block) }) else { return };
    // SAFETY: a head stands before the block.
    let start = unsafe { block.byte_sub(HEAD) }.cast();
    // SAFETY: the block was allocated with this layout.
    unsafe { dealloc(start, layout) };
}
