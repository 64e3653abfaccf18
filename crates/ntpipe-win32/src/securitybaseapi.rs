//! `securitybaseapi.h`: identifiers, lists, descriptors, tokens. What impersonation changes in the system is
//! said in [`token`](crate::token), who the identifiers mean in [`security`](crate::security).

mod acl;
mod check;
pub(crate) mod descriptor;
mod impersonate;
pub(crate) mod object;
mod sid;
mod token;
mod well_known;

pub(crate) use acl::is_valid as is_valid_acl;
pub use acl::*;
pub use check::*;
pub(crate) use descriptor::given;
pub use descriptor::*;
pub use impersonate::*;
pub use object::*;
pub use sid::*;
pub use token::*;
pub use well_known::*;

#[cfg(test)]
mod tests;
