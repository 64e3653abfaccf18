//! `securitybaseapi.h`: identifiers, lists, descriptors, tokens.

mod acl;
mod check;
pub(crate) mod descriptor;
mod impersonate;
pub(crate) mod object;
mod sid;
mod token;
mod well_known;

pub use acl::*;
pub use check::*;
pub(crate) use descriptor::given;
pub use descriptor::*;
pub use impersonate::*;
pub use object::*;
pub use sid::*;
pub use token::*;
pub use well_known::*;
