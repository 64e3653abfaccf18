//! Who sleeps on a bell, and who rings it.

use loom::thread;
use ntpipe_shm::doorbell::{Doorbell, SLEEPER};
use ntpipe_shm::ring::{Consumer, Producer, Seen};
use ntpipe_shm::sync::Ordering::{Acquire, Release};

use super::{check, segment};

#[test]
fn a_sleeper_is_woken_by_the_news_it_missed() {
    check(|| {
        let segment = segment(64);
        let mut producer = Producer::new(segment.clone(), 0);
        let mut consumer = Consumer::new(segment.clone(), 0);
        let shared = segment.clone();
        let sender = thread::spawn(move || {
            for message in [1, 2] {
                producer.push(&[message], 0, false).unwrap().unwrap();
                Doorbell(&shared.side(0).data_bell).ring();
            }
        });
        for message in [1, 2] {
            loop {
                match consumer.front().unwrap() {
                    Seen::Record(front) => {
                        let mut into = [0];
                        consumer.take(front, &mut into).unwrap().unwrap();
                        assert_eq!(into, [message]);
                        break;
                    }
                    Seen::Empty(seen) => {
                        let bell = Doorbell(&segment.side(0).data_bell);
                        let announced = bell.announce(SLEEPER);
                        if consumer.tail_word() == seen {
                            // Never returns if the ring was missed: a deadlock then.
                            assert!(bell.wait(announced, None));
                        }
                    }
                    Seen::Cut => unreachable!("nothing was withdrawn"),
                }
            }
        }
        sender.join().unwrap();
    });
}

#[test]
fn a_sleeper_learns_that_the_peer_left() {
    check(|| {
        let segment = segment(8);
        let shared = segment.clone();
        let sleeper = thread::spawn(move || {
            let side = shared.side(0);
            let bell = Doorbell(&side.room_bell);
            while side.life.load(Acquire) == 0 {
                let announced = bell.announce(SLEEPER);
                if side.life.load(Acquire) == 0 {
                    assert!(bell.wait(announced, None));
                }
            }
        });
        segment.side(0).life.store(1, Release);
        Doorbell(&segment.side(0).room_bell).ring();
        sleeper.join().unwrap();
    });
}
