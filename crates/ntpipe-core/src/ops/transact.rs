//! `TransactNamedPipe`: a request and its reply in one call.
//!
//= learn: TransactNamedPipe

use super::{Reader, Step, WriteProgress, Writer};
use crate::connection::PeerLife;
use crate::error::{ErrorKind, Result};
use crate::mode::{PipeType, ReadMode};

/// Sends the request, after checking that the end may transact. The reply is then read as usual.
///
/// # Errors
///
/// `ERROR_BAD_PIPE` on a byte pipe, in byte-read mode or when the peer is gone, `ERROR_PIPE_BUSY` when
/// unread data is there, `ERROR_PIPE_NOT_CONNECTED` when the server disconnected.
pub fn request(
    reader: &mut Reader,
    writer: &mut Writer,
    mode: ReadMode,
    data: &[u8],
    progress: &mut WriteProgress,
) -> Result<Step<()>> {
    let _write = writer.hold()?;
    if progress.has_begun() {
        return writer.post(data, progress);
    }
    let _read = reader.hold()?;
    let connection = &reader.connection;
    if connection.pipe_type() == PipeType::Byte || mode == ReadMode::Byte {
        return Err(ErrorKind::BadPipe.into());
    }
    match connection.peer_life() {
        PeerLife::Here => {}
        PeerLife::Severed => return Err(ErrorKind::PipeNotConnected.into()),
        PeerLife::Gone => return Err(ErrorKind::BadPipe.into()),
    }
    if reader.foreign.is_some() || !reader.is_empty()? {
        return Err(ErrorKind::PipeBusy.into());
    }
    writer.post(data, progress)
}
