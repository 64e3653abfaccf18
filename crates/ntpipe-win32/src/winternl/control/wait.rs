//! `FSCTL_PIPE_WAIT`: waits in its call, whatever kind of handle it is.

use ntpipe::{ErrorKind, Recv, Timeout};

use super::filled;
use crate::failure::{Failure, Result};
use crate::object::wait::INFINITE;
use crate::winternl::answer::Given;
use crate::winternl::events::milliseconds;

/// Where the name begins in `FILE_PIPE_WAIT_FOR_BUFFER`.
const NAME: usize = 14;
/// The size of that structure with a name of one unit.
const LEAST: usize = 16;

/// # Errors
/// `STATUS_OBJECT_NAME_NOT_FOUND` if there is no such pipe, `STATUS_IO_TIMEOUT` when the time is over,
/// `STATUS_INVALID_PARAMETER` for a request that is cut off.
pub(super) fn wait(request: &[u8]) -> Result<Recv> {
    let invalid = || Failure::from(ErrorKind::InvalidParameter);
    if request.len() < LEAST {
        return Err(invalid());
    }
    let given = Given(request);
    let (timeout, len) = (given.u64(0)?.cast_signed(), given.u32(8)? as usize);
    let end = NAME.checked_add(len).ok_or_else(invalid)?;
    let name = request.get(NAME..end).ok_or_else(invalid)?;
    let units = name.as_chunks().0.iter().copied().map(u16::from_le_bytes);
    let name: String =
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    let specified = request[12] != 0;
    let timeout = match milliseconds(Some(timeout)) {
        _ if !specified => Timeout::Default,
        INFINITE => Timeout::Never,
        ms => Timeout::After(std::time::Duration::from_millis(ms.into())),
    };
    let waited = ntpipe::wait_named_pipe(format!(r"\\.\pipe\{name}"), timeout);
    match waited {
        Err(error) if error.kind() == ErrorKind::BadPathname => Err(ErrorKind::InvalidName.into()),
        waited => Ok(waited.map(|()| filled(0))?),
    }
}

#[cfg(test)]
mod tests {
    use super::wait;

    fn request(name: &str, len: u32) -> Vec<u8> {
        let mut request = (-10_000i64).to_le_bytes().to_vec();
        request.extend(len.to_le_bytes());
        request.extend([1, 0]);
        request.extend(name.encode_utf16().flat_map(u16::to_le_bytes));
        request
    }

    #[test]
    fn a_request_that_is_cut_off_is_refused() {
        let refused = |request: &[u8]| wait(request).map_err(|failure| failure.nt);
        assert_eq!(refused(&request("x", 2)[..15]).err(), Some(0xC000_000D));
        assert_eq!(refused(&request("x", 4)).err(), Some(0xC000_000D));
        assert_eq!(refused(&request("x", u32::MAX)).err(), Some(0xC000_000D));
        assert_eq!(refused(&request("no-such-pipe-here", 34)).err(), Some(0xC000_0034));
    }
}
