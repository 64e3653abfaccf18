//! The flag `--acl`: who may open a pipe.

use ntpipe::Security;

/// `current-user`, `everyone`, an octal mode of up to four digits, or a security descriptor.
pub(crate) fn security(acl: &str) -> ntpipe::Result<Security> {
    let mode = || u32::from_str_radix(acl, 8).ok().filter(|_| acl.len() <= 4);
    match acl {
        "current-user" => Ok(Security::current_user()),
        "everyone" => Ok(Security::everyone()),
        _ => mode().map_or_else(|| Security::sddl(acl), |mode| Ok(Security::unix_mode(mode))),
    }
}
