//! Values that each thread has of its own, under indices that all have in common.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};

use ntpipe::ErrorKind;

use crate::boundary::{answer, guarded, set_last_error, succeeds};
use crate::failure::{Failure, Result};
use crate::types::{BOOL, DWORD, LPVOID};

/// How many indices there are.
const INDICES: usize = 1088;
/// `TLS_OUT_OF_INDEXES`.
const OUT_OF_INDICES: u32 = u32::MAX;

/// For each index how often it was given out, or taken back; odd while it is in use.
static USES: [AtomicU32; INDICES] = [const { AtomicU32::new(0) }; INDICES];

/// A value, and the use of the index that it was set for: an index that is given out again holds
/// nothing.
#[derive(Clone, Copy)]
struct Value {
    number: usize,
    of_use: u32,
}

thread_local! {
    static VALUES: RefCell<Vec<Value>> = const { RefCell::new(Vec::new()) };
}

/// Begins or ends the use of an index, if it is not, or is, in use.
fn turn(index: usize, in_use: bool) -> bool {
    let next = |uses: u32| ((uses % 2 == 1) == in_use).then(|| uses.wrapping_add(1));
    USES[index].fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
}

fn index(number: u32) -> Result<usize> {
    usize::try_from(number).ok().filter(|index| *index < INDICES).ok_or_else(invalid)
}

fn invalid() -> Failure {
    ErrorKind::InvalidParameter.into()
}

/// `TlsAlloc`.
#[unsafe(no_mangle)]
pub extern "C" fn TlsAlloc() -> DWORD {
    answer(OUT_OF_INDICES, || {
        let free = (0..INDICES).find(|index| turn(*index, false)).ok_or(Failure::NO_MORE_ITEMS)?;
        u32::try_from(free).map_err(|_| invalid())
    })
}

/// `TlsFree`.
#[unsafe(no_mangle)]
pub extern "C" fn TlsFree(number: DWORD) -> BOOL {
    succeeds(|| {
        let given = turn(index(number)?, true);
        if given { Ok(()) } else { Err(invalid()) }
    })
}

/// `TlsGetValue`. Sets the last error to 0 when it succeeds, since null is a value, too.
#[unsafe(no_mangle)]
pub extern "C" fn TlsGetValue(number: DWORD) -> LPVOID {
    let get = || {
        let index = index(number)?;
        let now = USES[index].load(Ordering::Relaxed);
        let found = VALUES.try_with(|values| values.borrow().get(index).copied());
        let found = found.ok().flatten().filter(|value| value.of_use == now);
        Ok(found.map_or(0, |value| value.number))
    };
    match guarded(get) {
        Ok(number) => {
            set_last_error(0);
            std::ptr::with_exposed_provenance_mut(number)
        }
        Err(failure) => {
            set_last_error(failure.win32);
            std::ptr::null_mut()
        }
    }
}

/// `TlsSetValue`.
#[unsafe(no_mangle)]
pub extern "C" fn TlsSetValue(number: DWORD, value: LPVOID) -> BOOL {
    succeeds(|| {
        let index = index(number)?;
        let of_use = USES[index].load(Ordering::Relaxed);
        let number = value.expose_provenance();
        // A thread in its last moments has no place for it any more.
        let _ = VALUES.try_with(|values| {
            let mut values = values.borrow_mut();
            if values.len() <= index {
                values.resize(index + 1, Value { number: 0, of_use: 0 });
            }
            values[index] = Value { number, of_use };
        });
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boundary::last_error;

    fn pointer(number: usize) -> LPVOID {
        std::ptr::without_provenance_mut(number)
    }

    #[test]
    fn each_thread_has_its_own_value_and_a_new_index_has_none() {
        let index = TlsAlloc();
        assert_eq!(TlsSetValue(index, pointer(5)), 1);
        std::thread::spawn(move || {
            set_last_error(7);
            assert_eq!((TlsGetValue(index), last_error()), (pointer(0), 0));
            assert_eq!(TlsSetValue(index, pointer(6)), 1);
        })
        .join()
        .expect("no panic");
        assert_eq!(TlsGetValue(index), pointer(5));
        assert_eq!((TlsFree(index), TlsFree(index), last_error()), (1, 0, 87));
        let others: Vec<_> =
            std::iter::repeat_with(|| TlsAlloc()).take_while(|n| *n != index).collect();
        assert_eq!(TlsGetValue(index), pointer(0));
        assert!(others.into_iter().chain([index]).all(|index| TlsFree(index) == 1));
        assert_eq!((TlsSetValue(1088, pointer(1)), last_error()), (0, 87));
    }
}
