//! `PIPE_NOWAIT`.

use crate::code::{BROKEN_PIPE, NO_DATA};
use crate::door::{Create, Door};
use crate::support::{Pair, available, bytes, fails, messages, pair, part, reading, reads, writes};

cases![
    read__empty__232,
    read__empty_and_peer_closed__109,
    read__data_there__taken,
    write__exactly_the_free_quota__all,
    write__bytes_more_than_fits__nothing,
    write__reader_waiting_and_rest_does_not_fit__only_the_readers_part,
    write__reader_waiting_and_rest_fits__all,
    write__message_does_not_fit__nothing_and_the_reader_waits_on,
    write__peer_closed__232,
    state__switched_back__waits_again,
];

/// A byte pipe whose client does not wait.
#[track_caller]
fn hasty<D: Door>(d: &D, quota: u32) -> Pair<D::Handle> {
    let pair = bytes(d, quota);
    d.set_state(&pair.client, false, true).expect("do not wait");
    pair
}

//= observed: PIPE_EMPTY at once, on either end
fn read__empty__232<D: Door>(d: &D) {
    let client = hasty(d, 100);
    fails(d.read(&client.client, 1), NO_DATA);
    fails(d.read(&client.client, 0), NO_DATA);
    let server = pair(d, |name| Create::messages(name).nowait());
    fails(d.read(&server.server, 1), NO_DATA);
}

//= observed: the close is told
fn read__empty_and_peer_closed__109<D: Door>(d: &D) {
    let pair = hasty(d, 100);
    writes(d, &pair.server, b"x");
    d.close(&pair.server).expect("close");
    reads(d, &pair.client, 10, b"x");
    fails(d.read(&pair.client, 1), BROKEN_PIPE);
}

//= observed: what is there is read as ever
fn read__data_there__taken<D: Door>(d: &D) {
    let pair = messages(d, 100);
    d.set_state(&pair.client, true, true).expect("do not wait");
    writes(d, &pair.server, b"message");
    assert_eq!(d.read(&pair.client, 3), Err(part(b"mes")));
    reads(d, &pair.client, 100, b"sage");
    fails(d.read(&pair.client, 1), NO_DATA);
}

//= observed: a write of the free quota
fn write__exactly_the_free_quota__all<D: Door>(d: &D) {
    let pair = hasty(d, 512);
    writes(d, &pair.client, &[1; 512]);
    assert_eq!(available(d, &pair.server), 512);
}

//= observed: TRUE and 0 bytes; the documentation says "as many as fit"
fn write__bytes_more_than_fits__nothing<D: Door>(d: &D) {
    let pair = hasty(d, 512);
    assert_eq!(d.write(&pair.client, &[1; 513]), Ok(0));
    assert_eq!(available(d, &pair.server), 0);
    writes(d, &pair.client, &[1; 500]);
    assert_eq!(d.write(&pair.client, &[1; 13]), Ok(0));
    assert_eq!(available(d, &pair.server), 500);
    writes(d, &pair.client, &[1; 12]);
}

//= observed: the waiting reader gets its part, nothing is queued
fn write__reader_waiting_and_rest_does_not_fit__only_the_readers_part<D: Door>(d: &D) {
    let pair = hasty(d, 512);
    let mut read = reading(d, &pair.server, 3);
    read.asleep();
    assert_eq!(d.write(&pair.client, &[7; 516]), Ok(3));
    assert_eq!(read.returned(), Ok(vec![7; 3]));
    assert_eq!(available(d, &pair.server), 0);
}

//= observed: 1 byte to the reader, 512 queued
fn write__reader_waiting_and_rest_fits__all<D: Door>(d: &D) {
    let pair = hasty(d, 512);
    let mut read = reading(d, &pair.server, 1);
    read.asleep();
    assert_eq!(d.write(&pair.client, &[7; 513]), Ok(513));
    assert_eq!(read.returned(), Ok(vec![7]));
    assert_eq!(available(d, &pair.server), 512);
}

//= observed: by Windows in Wine's tests, the waiting reader counted; Wine writes to the reader
fn write__message_does_not_fit__nothing_and_the_reader_waits_on<D: Door>(d: &D) {
    let pair = messages(d, 512);
    d.set_state(&pair.client, true, true).expect("do not wait");
    assert_eq!(d.write(&pair.client, &[1; 513]), Ok(0));
    let mut read = reading(d, &pair.server, 100);
    read.asleep();
    assert_eq!(d.write(&pair.client, &[1; 613]), Ok(0));
    read.asleep();
    writes(d, &pair.client, &[2; 612]);
    assert_eq!(read.returned(), Err(part(&[2; 100])));
    reads(d, &pair.server, 1000, &[2; 512]);
}

//= observed: as with PIPE_WAIT
fn write__peer_closed__232<D: Door>(d: &D) {
    let pair = hasty(d, 512);
    d.close(&pair.server).expect("close");
    fails(d.write(&pair.client, &[1; 513]), NO_DATA);
    fails(d.write(&pair.client, b"x"), NO_DATA);
}

//= learn: SetNamedPipeHandleState
fn state__switched_back__waits_again<D: Door>(d: &D) {
    let pair = hasty(d, 512);
    fails(d.read(&pair.client, 1), NO_DATA);
    d.set_state(&pair.client, false, false).expect("wait");
    let mut read = reading(d, &pair.client, 1);
    read.asleep();
    writes(d, &pair.server, b"x");
    assert_eq!(read.returned(), Ok(b"x".to_vec()));
}
