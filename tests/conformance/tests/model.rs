//! The cases before a model: pipes in one process under one lock, as plain as the rules allow.
//!
//! It shows that the cases agree with each other, and that a failure elsewhere is the door's.

#![allow(missing_docs, reason = "a test")]

#[path = "model/world.rs"]
mod world;

#[path = "model/door.rs"]
mod door;

use ntpipe_conformance::{cases, run};

#[test]
fn every_case_agrees_with_the_model() {
    for section in cases::SECTIONS {
        run(&door::Model::default(), &cases::of(section));
    }
}
