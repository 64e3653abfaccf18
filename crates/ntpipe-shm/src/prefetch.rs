//! Asking the processor for memory before it is needed. Hints: they change nothing, and an address that is
//! not mapped does no harm.
#![allow(unsafe_code)]

/// Bytes of a cache line, of most processors.
pub(crate) const LINE_BYTES: usize = 64;

/// The line at an address will be read.
#[inline]
pub(crate) fn to_read(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction accesses no memory as the program sees it, and does not fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: the instruction accesses no memory as the program sees it, and does not fault.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{}]", in(reg) at, options(nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = at;
}

/// The line at an address will be written: it is taken away from other processors.
#[inline]
pub(crate) fn to_write(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    if has_prefetchw() {
        // SAFETY: the processor has the instruction, which accesses no memory as the program sees it, and
        // does not fault.
        unsafe { std::arch::asm!("prefetchw [{}]", in(reg) at, options(nostack, preserves_flags)) };
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: the instruction accesses no memory as the program sees it, and does not fault.
    unsafe {
        std::arch::asm!("prfm pstl1keep, [{}]", in(reg) at, options(nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = at;
}

/// Whether the processor has the instruction; the oldest of 64 bits do not.
#[cfg(target_arch = "x86_64")]
#[inline]
fn has_prefetchw() -> bool {
    use std::sync::atomic::{AtomicU8, Ordering};
    const YES: u8 = 1;
    const NO: u8 = 2;
    static KNOWN: AtomicU8 = AtomicU8::new(0);

    #[cold]
    fn ask() -> u8 {
        #[allow(unused_unsafe, reason = "only older compilers need it")]
        // SAFETY: every processor of 64 bits has the instruction.
        let cpuid = |leaf| unsafe { std::arch::x86_64::__cpuid(leaf) };
        let leaf = 0x8000_0001;
        let has = cpuid(0x8000_0000).eax >= leaf && cpuid(leaf).ecx & 1 << 8 != 0;
        let known = if has { YES } else { NO };
        KNOWN.store(known, Ordering::Relaxed);
        known
    }
    // Relaxed: whoever does not see the answer asks once more.
    let known = KNOWN.load(Ordering::Relaxed);
    (if known == 0 { ask() } else { known }) == YES
}
