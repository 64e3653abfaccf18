//! `sysinfoapi.h` and `timezoneapi.h`: time, the machine.
#![allow(unsafe_code)]

mod machine;

use std::ffi::c_char;

pub use machine::*;

use ntpipe::ErrorKind;
use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::boundary::{out, put, set_last_error, succeeds, value};
use crate::failure::Failure;
use crate::text::{self, Filled};
use crate::types::{BOOL, DWORD};

/// Units of 100 ns between 1601 and 1970.
const UNIX_EPOCH: i64 = 116_444_736_000_000_000;
const UNITS_PER_SECOND: i64 = 10_000_000;

/// `FILETIME`: units of 100 ns since 1601.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct FILETIME {
    /// The lower half.
    pub dwLowDateTime: DWORD,
    /// The upper half.
    pub dwHighDateTime: DWORD,
}

/// `SYSTEMTIME`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SYSTEMTIME {
    /// The year.
    pub wYear: u16,
    /// The month, from 1.
    pub wMonth: u16,
    /// Days since Sunday.
    pub wDayOfWeek: u16,
    /// The day of the month, from 1.
    pub wDay: u16,
    /// The hour.
    pub wHour: u16,
    /// The minute.
    pub wMinute: u16,
    /// The second.
    pub wSecond: u16,
    /// The millisecond.
    pub wMilliseconds: u16,
}

fn milliseconds() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    now.tv_sec.cast_unsigned() * 1000 + now.tv_nsec.cast_unsigned() / 1_000_000
}

/// `GetTickCount`: milliseconds since the system started; they begin anew after 49 days.
#[unsafe(no_mangle)]
pub extern "C" fn GetTickCount() -> DWORD {
    u32::try_from(milliseconds() & u64::from(u32::MAX)).unwrap_or_default()
}

/// `GetTickCount64`.
#[unsafe(no_mangle)]
pub extern "C" fn GetTickCount64() -> u64 {
    milliseconds()
}

/// Units of 100 ns since the system started.
pub(crate) fn since_boot() -> i64 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::Boottime);
    tv_sec * UNITS_PER_SECOND + tv_nsec / 100
}

/// Units of 100 ns since 1601, now.
#[must_use]
pub fn file_time() -> i64 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::Realtime);
    UNIX_EPOCH + tv_sec * UNITS_PER_SECOND + tv_nsec / 100
}

/// Units of 100 ns since 1601, at a time of the standard library's.
#[must_use]
pub fn units_of(time: std::time::SystemTime) -> u64 {
    let since = time.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
    let units = u64::try_from(since.as_nanos() / 100).unwrap_or_default();
    units + UNIX_EPOCH.cast_unsigned()
}

pub(crate) fn split(units: i64) -> FILETIME {
    let half = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default();
    let units = units.cast_unsigned();
    FILETIME { dwLowDateTime: half(units), dwHighDateTime: half(units >> 32) }
}

fn join(time: FILETIME) -> i64 {
    (u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime)).cast_signed()
}

/// `GetSystemTimeAsFileTime`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSystemTimeAsFileTime(time: *mut FILETIME) {
    // SAFETY: null or valid, by the caller's promise.
    put(unsafe { out(time) }, split(file_time()));
}

/// `GetSystemTimePreciseAsFileTime`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSystemTimePreciseAsFileTime(time: *mut FILETIME) {
    // SAFETY: the caller's promise is the same.
    unsafe { GetSystemTimeAsFileTime(time) };
}

/// `GetSystemTime`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSystemTime(time: *mut SYSTEMTIME) {
    // SAFETY: null or valid, by the caller's promise.
    put(unsafe { out(time) }, civil(file_time()));
}

unsafe extern "C" {
    safe fn ntpipe_zone(seconds: i64) -> i64;
}

/// `GetLocalTime`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetLocalTime(time: *mut SYSTEMTIME) {
    let now = file_time();
    let ahead = ntpipe_zone((now - UNIX_EPOCH) / UNITS_PER_SECOND);
    // SAFETY: null or valid, by the caller's promise.
    put(unsafe { out(time) }, civil(now + ahead * UNITS_PER_SECOND));
}

/// `FileTimeToSystemTime`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FileTimeToSystemTime(from: *const FILETIME, to: *mut SYSTEMTIME) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let units = join(*unsafe { value(from) }.ok_or(ErrorKind::InvalidParameter)?);
        if units < 0 {
            return Err(ErrorKind::InvalidParameter.into());
        }
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(to) }, civil(units));
        Ok(())
    })
}

/// `SystemTimeToFileTime`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SystemTimeToFileTime(from: *const SYSTEMTIME, to: *mut FILETIME) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let time = unsafe { value(from) }.ok_or(ErrorKind::InvalidParameter)?;
        let known = (1..=12).contains(&time.wMonth)
            && (1..=31).contains(&time.wDay)
            && time.wHour < 24
            && time.wMinute < 60
            && time.wSecond < 60
            && time.wMilliseconds < 1000
            && time.wYear >= 1601;
        if !known {
            return Err(ErrorKind::InvalidParameter.into());
        }
        let days = days_from_civil(time.wYear.into(), time.wMonth.into(), time.wDay.into());
        let seconds = i64::from(time.wHour) * 3600
            + i64::from(time.wMinute) * 60
            + i64::from(time.wSecond)
            + days * 86_400;
        let units =
            UNIX_EPOCH + seconds * UNITS_PER_SECOND + i64::from(time.wMilliseconds) * 10_000;
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(to) }, split(units));
        Ok(())
    })
}

/// Days since 1970 of a date of the Gregorian calendar: years begin in March, so that the day that a
/// leap year has more comes last, and repeat every 400.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil(units: i64) -> SYSTEMTIME {
    let since = units - UNIX_EPOCH;
    let seconds = since.div_euclid(UNITS_PER_SECOND);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let from_march = days + 719_468;
    let (era, day_of_era) = (from_march.div_euclid(146_097), from_march.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = (march_month + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let word = |number: i64| u16::try_from(number).unwrap_or_default();
    SYSTEMTIME {
        wYear: word(year),
        wMonth: word(month),
        wDayOfWeek: word((days + 4).rem_euclid(7)),
        wDay: word(day_of_year - (153 * march_month + 2) / 5 + 1),
        wHour: word(second / 3600),
        wMinute: word(second / 60 % 60),
        wSecond: word(second % 60),
        wMilliseconds: word(since.rem_euclid(UNITS_PER_SECOND) / 10_000),
    }
}

/// The name of this machine.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Answers with a length in place, which tells what is needed when it does not fit.
fn answer_len(filled: Filled, len: Option<&mut std::mem::MaybeUninit<u32>>) -> BOOL {
    put(len, filled.number());
    match filled {
        Filled::Whole(_) => 1,
        Filled::Needs(_) => {
            set_last_error(Failure::BUFFER_OVERFLOW.win32);
            0
        }
    }
}

/// `GetComputerNameA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetComputerNameA(buffer: *mut c_char, len: *mut DWORD) -> BOOL {
    // SAFETY: null or valid, by the caller's promise.
    let size = unsafe { value(len) }.copied().unwrap_or(0);
    // SAFETY: null or valid for that many bytes, by the caller's promise.
    let filled = unsafe { text::put_ansi(&host(), buffer, size) };
    // SAFETY: null or valid, by the caller's promise.
    answer_len(filled, unsafe { out(len) })
}

/// `GetComputerNameW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetComputerNameW(buffer: *mut u16, len: *mut DWORD) -> BOOL {
    // SAFETY: null or valid, by the caller's promise.
    let size = unsafe { value(len) }.copied().unwrap_or(0);
    // SAFETY: null or valid for that many units, by the caller's promise.
    let filled = unsafe { text::put_wide(&host(), buffer, size) };
    // SAFETY: null or valid, by the caller's promise.
    answer_len(filled, unsafe { out(len) })
}

#[cfg(test)]
mod tests {
    use super::{civil, days_from_civil, join, split};

    #[test]
    fn dates_are_the_calendars() {
        for (units, date) in [
            (0, (1601, 1, 1, 1)),
            (116_444_736_000_000_000, (1970, 1, 1, 4)),
            (125_962_560_000_000_000, (2000, 2, 29, 2)),
            (133_485_408_000_000_000, (2024, 1, 1, 1)),
        ] {
            let time = civil(units);
            assert_eq!((time.wYear, time.wMonth, time.wDay, time.wDayOfWeek), date, "{units}");
            assert_eq!(join(split(units)), units);
        }
        assert_eq!(days_from_civil(1970, 1, 1), 0);
        assert_eq!(days_from_civil(2000, 3, 1) - days_from_civil(2000, 2, 28), 2);
    }
}
