//! The tokens of processes and threads.
#![allow(unsafe_code)]

use std::sync::Arc;

use ntpipe::ErrorKind;

use super::{process, thread};
use crate::boundary::{out, succeeds};
use crate::failure::{Failure, Result};
use crate::object::TokenObject;
use crate::object::token::{Level, User};
use crate::securitybaseapi::{opened, specific};
use crate::types::{BOOL, DWORD, HANDLE};

/// The token of a process, which is told of others than this one by the kernel.
fn of_process(pid: u32) -> Result<Arc<TokenObject>> {
    if pid == std::process::id() {
        return Ok(TokenObject::of_process());
    }
    let user = user_of(&std::fs::read_to_string(format!("/proc/{pid}/status"))?)
        .ok_or(ErrorKind::GenFailure)?;
    let own = rustix::process::geteuid().as_raw();
    if own != 0 && user.uid != own {
        return Err(ErrorKind::AccessDenied.into());
    }
    let session = ntpipe_shm::peer::session(pid).unwrap_or(0);
    Ok(TokenObject::of_user(user, session))
}

/// The effective user and group, and the groups, of a process's status.
fn user_of(status: &str) -> Option<User> {
    let numbers = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        line.split_whitespace().map(|word| word.parse().ok()).collect::<Option<Vec<u32>>>()
    };
    Some(User {
        uid: *numbers("Uid")?.get(1)?,
        gid: *numbers("Gid")?.get(1)?,
        groups: numbers("Groups")?,
    })
}

/// `OpenProcessToken`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenProcessToken(
    handle: HANDLE,
    access: DWORD,
    token: *mut HANDLE,
) -> BOOL {
    succeeds(|| {
        let found = of_process(process(handle)?.pid)?;
        // SAFETY: null or valid, by the caller's promise.
        let token = unsafe { out(token) }.ok_or(ErrorKind::InvalidParameter)?;
        token.write(opened(found, specific(access))?);
        Ok(())
    })
}

/// `OpenThreadToken`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenThreadToken(
    handle: HANDLE,
    access: DWORD,
    _as_self: BOOL,
    token: *mut HANDLE,
) -> BOOL {
    succeeds(|| {
        let found = thread(handle)?.token().ok_or(ErrorKind::NoToken)?;
        if found.level == Some(Level::Anonymous) {
            return Err(Failure::CANT_OPEN_ANONYMOUS);
        }
        // SAFETY: null or valid, by the caller's promise.
        let token = unsafe { out(token) }.ok_or(ErrorKind::InvalidParameter)?;
        token.write(opened(found, specific(access))?);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_a_process_tells_whose_it_is() {
        let status = "Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \nNgid:\t0\n";
        let user = User { uid: 2, gid: 6, groups: vec![9, 10] };
        assert_eq!(user_of(status), Some(user));
        assert_eq!(user_of("Uid:\t1\n"), None);
        let own = std::fs::read_to_string("/proc/self/status").unwrap();
        let own = user_of(&own).unwrap();
        assert_eq!((own.uid, own.gid), {
            let user = User::of_process();
            (user.uid, user.gid)
        });
    }
}
