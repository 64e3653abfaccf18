//! The cases, one file per section.
//!
//! A case is named `what__condition__result`.

#![allow(non_snake_case, reason = "the double underscore parts what, condition and result")]

use crate::{Case, Door};

/// The cases of these names.
macro_rules! cases {
    ($($case:ident),+ $(,)?) => {
        /// The cases of this section.
        #[must_use]
        pub fn all<D: crate::Door>() -> Vec<crate::Case<D>> {
            vec![$((concat!(module_path!(), "::", stringify!($case)), $case::<D> as fn(&D))),+]
        }
    };
}

pub mod anonymous;
pub mod bytes;
pub mod create;
pub mod disconnect;
pub mod flush;
pub mod listen;
pub mod messages;
pub mod nowait;
pub mod open;
pub mod peek;
pub mod quota;
pub mod state;
pub mod transact;
pub mod wait;

/// The names of the sections.
pub const SECTIONS: &[&str] = &[
    "create",
    "open",
    "listen",
    "disconnect",
    "bytes",
    "quota",
    "messages",
    "nowait",
    "peek",
    "transact",
    "wait",
    "state",
    "flush",
    "anonymous",
];

/// The cases of a section.
///
/// # Panics
///
/// If there is no such section.
#[must_use]
pub fn of<D: Door>(section: &str) -> Vec<Case<D>> {
    match section {
        "create" => create::all(),
        "open" => open::all(),
        "listen" => listen::all(),
        "disconnect" => disconnect::all(),
        "bytes" => bytes::all(),
        "quota" => quota::all(),
        "messages" => messages::all(),
        "nowait" => nowait::all(),
        "peek" => peek::all(),
        "transact" => transact::all(),
        "wait" => wait::all(),
        "state" => state::all(),
        "flush" => flush::all(),
        "anonymous" => anonymous::all(),
        _ => panic!("no section {section}"),
    }
}
