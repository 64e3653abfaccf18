//! `heapapi.h`: memory. All heaps are one.
#![allow(unsafe_code)]

use crate::boundary::set_last_error;
use crate::failure::Failure;
use crate::memory;
use crate::types::{BOOL, DWORD, HANDLE, LPVOID};
use ntpipe::ErrorKind;

const HEAP_ZERO_MEMORY: u32 = 8;
const HEAP_REALLOC_IN_PLACE_ONLY: u32 = 0x10;
/// The number of the one heap, which is no handle.
const HEAP: usize = 0x7FFE_0000;

/// `GetProcessHeap`.
#[unsafe(no_mangle)]
pub extern "C" fn GetProcessHeap() -> HANDLE {
    std::ptr::without_provenance_mut(HEAP)
}

/// `HeapCreate`: another name for the one heap; what is left in it is not freed with it.
#[unsafe(no_mangle)]
pub extern "C" fn HeapCreate(_options: DWORD, _initial: usize, _maximum: usize) -> HANDLE {
    GetProcessHeap()
}

/// `HeapDestroy`.
#[unsafe(no_mangle)]
pub extern "C" fn HeapDestroy(_heap: HANDLE) -> BOOL {
    1
}

/// `HeapAlloc`.
#[unsafe(no_mangle)]
pub extern "C" fn HeapAlloc(_heap: HANDLE, flags: DWORD, size: usize) -> LPVOID {
    memory::allocate(size, flags & HEAP_ZERO_MEMORY != 0)
}

/// `HeapReAlloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn HeapReAlloc(
    _heap: HANDLE,
    flags: DWORD,
    block: LPVOID,
    size: usize,
) -> LPVOID {
    if block.is_null() {
        return block;
    }
    if flags & HEAP_REALLOC_IN_PLACE_ONLY != 0 {
        // It may only become smaller; the block stays as long as it is then.
        // SAFETY: a block of the heap, by the caller's promise.
        let fits = size <= unsafe { memory::size(block) };
        return if fits { block } else { std::ptr::null_mut() };
    }
    // SAFETY: as above.
    unsafe { memory::resize(block, size, flags & HEAP_ZERO_MEMORY != 0) }
}

/// `HeapFree`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn HeapFree(_heap: HANDLE, _flags: DWORD, block: LPVOID) -> BOOL {
    // SAFETY: null or a block of the heap, by the caller's promise.
    unsafe { memory::free(block) };
    1
}

/// `HeapSize`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn HeapSize(_heap: HANDLE, _flags: DWORD, block: LPVOID) -> usize {
    if block.is_null() {
        return usize::MAX;
    }
    // SAFETY: a block of the heap, by the caller's promise.
    unsafe { memory::size(block) }
}

/// `HeapValidate`.
#[unsafe(no_mangle)]
pub extern "C" fn HeapValidate(_heap: HANDLE, _flags: DWORD, _block: LPVOID) -> BOOL {
    1
}

/// `HeapSetInformation`: nothing that a program may ask of its heap changes anything here.
#[unsafe(no_mangle)]
pub extern "C" fn HeapSetInformation(
    _heap: HANDLE,
    _class: u32,
    _info: LPVOID,
    _len: usize,
) -> BOOL {
    1
}

const LMEM_ZEROINIT: u32 = 0x40;
const LMEM_MODIFY: u32 = 0x80;

/// The block, or the last error for none.
fn or_error(block: LPVOID) -> LPVOID {
    if block.is_null() {
        set_last_error(Failure::from(ErrorKind::NotEnoughMemory).win32);
    }
    block
}

/// `LocalAlloc`. A movable block is a fixed one.
#[unsafe(no_mangle)]
pub extern "C" fn LocalAlloc(flags: u32, size: usize) -> LPVOID {
    or_error(memory::allocate(size, flags & LMEM_ZEROINIT != 0))
}

/// `LocalReAlloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LocalReAlloc(block: LPVOID, size: usize, flags: u32) -> LPVOID {
    //= learn: LocalReAlloc: with LMEM_MODIFY only attributes change, and the size is ignored
    if block.is_null() || flags & LMEM_MODIFY != 0 {
        return block;
    }
    // SAFETY: a block of the heap, by the caller's promise.
    or_error(unsafe { memory::resize(block, size, flags & LMEM_ZEROINIT != 0) })
}

/// `LocalFree`: null when it is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LocalFree(block: LPVOID) -> LPVOID {
    // SAFETY: null or a block of the heap, by the caller's promise.
    unsafe { memory::free(block) };
    std::ptr::null_mut()
}

/// `LocalSize`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LocalSize(block: LPVOID) -> usize {
    if block.is_null() {
        return 0;
    }
    // SAFETY: a block of the heap, by the caller's promise.
    unsafe { memory::size(block) }
}

/// `LocalLock`: the block itself.
#[unsafe(no_mangle)]
pub extern "C" fn LocalLock(block: LPVOID) -> LPVOID {
    block
}

/// `LocalUnlock`: nobody holds it any more, and that is no error.
#[unsafe(no_mangle)]
pub extern "C" fn LocalUnlock(_block: LPVOID) -> BOOL {
    set_last_error(0);
    0
}

/// `GlobalAlloc`, which is `LocalAlloc`.
#[unsafe(no_mangle)]
pub extern "C" fn GlobalAlloc(flags: u32, size: usize) -> LPVOID {
    LocalAlloc(flags, size)
}

/// `GlobalReAlloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GlobalReAlloc(block: LPVOID, size: usize, flags: u32) -> LPVOID {
    // SAFETY: the caller's promise is the same.
    unsafe { LocalReAlloc(block, size, flags) }
}

/// `GlobalFree`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GlobalFree(block: LPVOID) -> LPVOID {
    // SAFETY: the caller's promise is the same.
    unsafe { LocalFree(block) }
}

/// `GlobalSize`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GlobalSize(block: LPVOID) -> usize {
    // SAFETY: the caller's promise is the same.
    unsafe { LocalSize(block) }
}

/// `GlobalLock`.
#[unsafe(no_mangle)]
pub extern "C" fn GlobalLock(block: LPVOID) -> LPVOID {
    block
}

/// `GlobalUnlock`.
#[unsafe(no_mangle)]
pub extern "C" fn GlobalUnlock(block: LPVOID) -> BOOL {
    LocalUnlock(block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boundary::last_error;

    #[test]
    fn a_block_changes_its_size_only_where_that_is_asked_for() {
        let block = LocalAlloc(LMEM_ZEROINIT, 100);
        // SAFETY: the block is there, here and below.
        let same = unsafe { LocalReAlloc(block, 0, LMEM_MODIFY | LMEM_ZEROINIT) };
        // SAFETY: as above.
        assert_eq!((same, unsafe { LocalSize(block) }), (block, 100));
        let in_place = |size| {
            // SAFETY: as above.
            unsafe { HeapReAlloc(GetProcessHeap(), HEAP_REALLOC_IN_PLACE_ONLY, block, size) }
        };
        assert_eq!((in_place(50), in_place(101)), (block, std::ptr::null_mut()));
        // SAFETY: as above.
        let none = unsafe { LocalReAlloc(block, usize::MAX, 0) };
        assert_eq!((none, last_error()), (std::ptr::null_mut(), 8));
        // SAFETY: as above; nobody uses it any more.
        assert!(unsafe { LocalFree(block) }.is_null());
    }
}
