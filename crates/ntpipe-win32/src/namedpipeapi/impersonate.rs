//! A server that takes on its client's identity.

use std::sync::Arc;

use ntpipe::ErrorKind;

use crate::boundary::succeeds;
use crate::failure::{Failure, Result};
use crate::handle;
use crate::object::PipeObject;
use crate::object::token::{Level, TokenObject, User};
use crate::token;
use crate::types::{BOOL, HANDLE};

/// `ImpersonateNamedPipeClient`. How much of it is real is said in [`token`].
#[unsafe(no_mangle)]
pub extern "C" fn ImpersonateNamedPipeClient(pipe: HANDLE) -> BOOL {
    succeeds(|| impersonate(&*handle::with(pipe, |entry| entry.object.pipe().cloned())?))
}

/// The calling thread takes on the identity of this end's client.
///
/// # Errors
/// `ERROR_CANNOT_IMPERSONATE` without one, `ERROR_INVALID_FUNCTION` on a client's end.
pub(crate) fn impersonate(pipe: &PipeObject) -> Result<()> {
    token::assume(Some(client_of(pipe)?))
}

/// The client's token, as its server may have it now.
fn client_of(object: &PipeObject) -> Result<Arc<TokenObject>> {
    let server = object.server()?;
    // Listening and disconnected are the same here: nobody is there.
    let nobody = |_| Failure::from(ErrorKind::CannotImpersonate);
    let peer = server.peer().map_err(nobody)?;
    let told = server.peer_context().map_err(nobody)?;
    let groups = server.peer_groups().map_err(nobody)?;
    let user = User { uid: peer.uid, gid: peer.gid, groups };
    let token = TokenObject::of_client(user, peer.session, told)?;
    let own = rustix::process::geteuid().as_raw();
    let acts = token.level >= Some(Level::Impersonation)
        && token.user.as_ref().is_some_and(|user| user.uid != own);
    if acts && !token::may_switch() {
        return token.duplicate(Some(Level::Identification));
    }
    Ok(token)
}

/// The client's user, by name.
pub(super) fn user_of(pipe: HANDLE) -> Result<String> {
    let object = handle::with(pipe, |entry| entry.object.pipe().cloned())?;
    let token = client_of(&object)?;
    match &token.user {
        Some(user) if token.level >= Some(Level::Identification) => {
            Ok(crate::account::name(user.uid))
        }
        _ => Err(Failure::BAD_IMPERSONATION_LEVEL),
    }
}

#[cfg(test)]
mod tests;
