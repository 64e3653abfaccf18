//! Whom a thread acts as.
//!
//! What impersonation does on Linux: the thread's token is the client's, for all who ask for it. If the
//! process has `CAP_SETUID` and `CAP_SETGID`, as a server of root has, the kernel is told too: files
//! that the thread opens are opened with the client's user, group and groups (`setfsuid` and its like),
//! until `RevertToSelf`. Without them a client of another user is impersonated for identification
//! only, as on Windows without `SeImpersonatePrivilege`. A thread or a process that it starts is the
//! process's own, as on Windows.
//!
//! The sockets behind pipes are always the process's: a pipe that such a thread opens as a client is
//! told, with each write, that the thread acts for somebody else, and makes an anonymous of it.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ffi::c_int;
use std::sync::Arc;

use ntpipe::{ErrorKind, context};
use rustix::fs::Gid;
use rustix::thread::CapabilitySet;

use crate::failure::{Failure, Result};
use crate::handle;
use crate::object::thread;
use crate::object::token::{Level, TokenObject, User};
use crate::types::HANDLE;

// Both take a number and touch no memory.
unsafe extern "C" {
    safe fn setfsuid(uid: u32) -> c_int;
    safe fn setfsgid(gid: u32) -> c_int;
}

thread_local! {
    /// The process's groups, while the thread has a client's.
    static SWITCHED: RefCell<Option<User>> = const { RefCell::new(None) };
}

/// `GetCurrentProcessToken`, and the two that follow it.
const PROCESS_TOKEN: usize = usize::MAX - 3;
const THREAD_TOKEN: usize = usize::MAX - 4;
const EFFECTIVE_TOKEN: usize = usize::MAX - 5;
/// What the pseudo-handles may do: `TOKEN_QUERY` and `TOKEN_QUERY_SOURCE`.
const PSEUDO_ACCESS: u32 = 0x18;

/// The token of the calling thread, if it has one.
#[must_use]
pub fn of_thread() -> Option<Arc<TokenObject>> {
    thread::current().token()
}

/// The token that counts for the calling thread.
#[must_use]
pub fn effective() -> Arc<TokenObject> {
    of_thread().unwrap_or_else(TokenObject::of_process)
}

/// The token behind a handle that has these rights.
///
/// # Errors
/// `ERROR_INVALID_HANDLE`, `ERROR_ACCESS_DENIED`; `ERROR_NO_TOKEN` for `GetCurrentThreadToken` without
/// one.
pub fn get(handle: HANDLE, needed: u32) -> Result<Arc<TokenObject>> {
    let (token, access) = match handle.addr() {
        PROCESS_TOKEN => (TokenObject::of_process(), PSEUDO_ACCESS),
        THREAD_TOKEN => (of_thread().ok_or(ErrorKind::NoToken)?, PSEUDO_ACCESS),
        EFFECTIVE_TOKEN => (effective(), PSEUDO_ACCESS),
        _ => handle::with(handle, |it| Ok((it.object.token()?.clone(), it.access)))?,
    };
    if access & needed == needed { Ok(token) } else { Err(ErrorKind::AccessDenied.into()) }
}

/// Whether this process may let a thread be another user to the kernel.
#[must_use]
pub fn may_switch() -> bool {
    let needed = CapabilitySet::SETUID | CapabilitySet::SETGID;
    rustix::thread::capabilities(None).is_ok_and(|sets| sets.effective.contains(needed))
}

/// From now on the calling thread acts as this one; with `None` it is itself again.
///
/// # Errors
/// `ERROR_ACCESS_DENIED` if the kernel refuses; it is itself then.
pub fn assume(token: Option<Arc<TokenObject>>) -> Result<()> {
    revert();
    let own = rustix::process::geteuid().as_raw();
    let acts = token.as_ref().filter(|it| it.level >= Some(Level::Impersonation));
    if let Some(user) = acts.and_then(|it| it.user.as_ref()).filter(|user| user.uid != own) {
        switch(user)?;
    }
    context::set_for_thread(token.as_ref().map(|token| token.says()));
    thread::current().set_token(token);
    Ok(())
}

/// The calling thread is itself again.
pub fn revert() {
    if let Some(own) = SWITCHED.take() {
        setfsuid(own.uid);
        setfsgid(own.gid);
        // It had these before, so it may have them again.
        let _ = set_groups(&own.groups);
    }
    context::set_for_thread(None);
    thread::current().set_token(None);
}

fn set_groups(groups: &[u32]) -> rustix::io::Result<()> {
    let groups: Vec<_> = groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
    rustix::thread::set_thread_groups(&groups)
}

/// Tells the kernel; the user comes last, since he may not change the rest.
fn switch(to: &User) -> Result<()> {
    let own = User::of_process();
    set_groups(&to.groups)?;
    SWITCHED.set(Some(own));
    setfsgid(to.gid);
    setfsuid(to.uid);
    // They answer what was before, and nothing else; an impossible number changes nothing.
    let now = [setfsuid(u32::MAX), setfsgid(u32::MAX)].map(i32::cast_unsigned);
    if now == [to.uid, to.gid] {
        return Ok(());
    }
    revert();
    Err(ErrorKind::AccessDenied.into())
}

/// Does something as the process: what is started by it does not inherit the client.
pub fn as_process<T>(act: impl FnOnce() -> T) -> T {
    let token = of_thread().filter(|_| SWITCHED.with_borrow(Option::is_some));
    if token.is_none() {
        return act();
    }
    revert();
    let done = act();
    // It could before.
    let _ = assume(token);
    done
}

/// Starts a thread of this library's own, which is the process's.
///
/// # Errors
/// The system's.
pub fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name(name.into());
    as_process(|| thread.spawn(run)).map(drop)
}

/// After a token was changed that the process or the calling thread may have.
pub fn changed(token: &Arc<TokenObject>) {
    if Arc::ptr_eq(token, &TokenObject::of_process()) {
        context::set_for_process(token.says());
    } else if of_thread().is_some_and(|own| Arc::ptr_eq(token, &own)) {
        context::set_for_thread(Some(token.says()));
    }
}

/// Whether the calling thread may open anything.
///
/// # Errors
/// `ERROR_BAD_IMPERSONATION_LEVEL` if it only identifies a client, or not even that;
/// `ERROR_ACCESS_DENIED` if it acts for nobody, whom the kernel would take for the process.
pub fn may_open() -> Result<()> {
    match of_thread() {
        Some(token) if token.level < Some(Level::Impersonation) => {
            Err(Failure::BAD_IMPERSONATION_LEVEL)
        }
        Some(token) if token.user.is_none() => Err(ErrorKind::AccessDenied.into()),
        _ => Ok(()),
    }
}
