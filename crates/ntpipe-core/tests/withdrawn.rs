//! What looks without taking passes what was withdrawn, and gives its room back.
#![allow(missing_docs)]

use ntpipe_core::greeting;
use ntpipe_core::instance::Instance;
use ntpipe_core::mode::{ReadMode, WaitMode};
use ntpipe_core::ops::{Cancelled, Reader, Step, WriteProgress, Writer};
use ntpipe_shm::doorbell::{Doorbell, SLEEPER};

#[path = "support/scratch.rs"]
mod scratch;
use scratch::{Scratch, name, params};

/// The bell of a writer that sleeps since the ring is full of withdrawn records rings.
fn a_look_wakes(look: impl Fn(&mut Reader)) {
    let s = Scratch::new();
    let mut server = Instance::new(s.ns.create(&name(), &params()).unwrap());
    let client = greeting::send(s.ns.open(&name(), true, true).unwrap()).unwrap().unwrap();
    server.settle().unwrap();
    let connection = server.newcomer().unwrap();
    let (mut writer, mut reader) = (Writer::new(connection.clone()), Reader::new(client));

    let mut first = WriteProgress::default();
    let waits = writer.write(&[1; 100_000], WaitMode::Wait, &mut first).unwrap();
    assert!(matches!(waits, Step::Wait(_)) && first.placed() > 0);
    assert_eq!(writer.cancel(&first).unwrap(), Cancelled::Done);
    let mut second = WriteProgress::default();
    let waits = writer.write(&[2; 10_000], WaitMode::Wait, &mut second).unwrap();
    let Step::Wait(pending) = waits else { panic!("there was room") };
    assert_eq!(second.placed(), 0);

    let bell = Doorbell(pending.bell(&connection));
    let announced = bell.announce(SLEEPER);
    for _ in 0..100 {
        look(&mut reader);
    }
    assert!(pending.is_over(&connection));
    assert_ne!(bell.announce(SLEEPER), announced, "it rang");
    let _ = writer.write(&[2; 10_000], WaitMode::Wait, &mut second).unwrap();
    assert_eq!(reader.peek(&mut []).unwrap().available, 10_000);
}

#[test]
fn a_peek_wakes_who_waits_for_room() {
    a_look_wakes(|reader| assert_eq!(reader.peek(&mut []).unwrap().available, 0));
}

#[test]
fn a_read_that_takes_nothing_wakes_who_waits_for_room() {
    a_look_wakes(|reader| {
        assert!(reader.read_at_once(&mut [0; 8], ReadMode::Byte).is_none());
    });
}
