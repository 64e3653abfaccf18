//! The blocking API of `ntpipe` before every case, a test for each section.

use ntpipe_conformance::rust_door::RustDoor;
use ntpipe_conformance::{cases, run};

#[test]
fn create() {
    run(&RustDoor, &cases::create::all());
}

#[test]
fn open() {
    run(&RustDoor, &cases::open::all());
}

#[test]
fn listen() {
    run(&RustDoor, &cases::listen::all());
}

#[test]
fn disconnect() {
    run(&RustDoor, &cases::disconnect::all());
}

#[test]
fn bytes() {
    run(&RustDoor, &cases::bytes::all());
}

#[test]
fn quota() {
    run(&RustDoor, &cases::quota::all());
}

#[test]
fn messages() {
    run(&RustDoor, &cases::messages::all());
}

#[test]
fn nowait() {
    run(&RustDoor, &cases::nowait::all());
}

#[test]
fn peek() {
    run(&RustDoor, &cases::peek::all());
}

#[test]
fn transact() {
    run(&RustDoor, &cases::transact::all());
}

#[test]
fn wait() {
    run(&RustDoor, &cases::wait::all());
}

#[test]
fn state() {
    run(&RustDoor, &cases::state::all());
}

#[test]
fn flush() {
    run(&RustDoor, &cases::flush::all());
}

#[test]
fn anonymous() {
    run(&RustDoor, &cases::anonymous::all());
}
