//! Events: what a set, a reset and a pulse do to those who wait, come and leave.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::thread;
use ntpipe_shm::futex;
use ntpipe_shm::signal::{Signal, Ticket, initial};
use ntpipe_shm::sync::{AtomicU32, Ordering::Relaxed};

use super::{check, check_up_to};

const MANUAL: bool = true;
const AUTO: bool = false;

/// An event of one model.
#[derive(Clone)]
struct Event {
    word: Arc<AtomicU32>,
    manual: bool,
}

impl Event {
    fn new(manual: bool) -> Self {
        Self { word: Arc::new(AtomicU32::new(initial(false))), manual }
    }

    fn signal(&self) -> Signal<'_> {
        Signal::new(&self.word, self.manual)
    }

    /// Begins a wait, as every wait does before its first look.
    fn enter(&self) -> Ticket {
        let mut ticket = self.signal().begin();
        self.signal().enter(&mut ticket);
        ticket
    }

    /// Waits to the end. Never returns if it is not released or not woken, a deadlock then.
    fn wait(&self, ticket: &mut Ticket) {
        loop {
            let (word, seen) = self.signal().announce();
            if self.signal().take(ticket) {
                return;
            }
            futex::wait(word, seen, None);
        }
    }

    /// Looks once, and goes; whether it was released.
    fn look(&self, mut ticket: Ticket) -> bool {
        let taken = self.signal().take(&mut ticket);
        if !taken {
            self.signal().leave(&mut ticket);
        }
        taken
    }

    /// What is left when all threads are done: the word of an event, and no waiter or grant.
    fn is_set_and_clean(&self) -> bool {
        let word = self.word.load(Relaxed);
        assert!(word <= 1, "waiters or grants are left behind: {word:#x}");
        word == 1
    }
}

#[test]
fn whoever_is_released_sees_what_came_before_the_set() {
    for manual in [MANUAL, AUTO] {
        check(move || {
            let event = Event::new(manual);
            let written = Arc::new(UnsafeCell::new(()));
            let setter = thread::spawn({
                let (event, written) = (event.clone(), written.clone());
                move || {
                    written.with_mut(|_| ());
                    event.signal().set();
                }
            });
            event.wait(&mut event.enter());
            written.with(|_| ());
            setter.join().unwrap();
            assert!(manual || !event.is_set_and_clean());
        });
    }
}

#[test]
fn a_manual_set_or_pulse_releases_all_who_wait_though_a_reset_follows() {
    for pulse in [false, true] {
        check(move || {
            let event = Event::new(MANUAL);
            let waiters = [(); 2].map(|()| {
                let (event, mut ticket) = (event.clone(), event.enter());
                thread::spawn(move || event.wait(&mut ticket))
            });
            if pulse {
                event.signal().pulse();
            } else {
                event.signal().set();
                event.signal().reset();
            }
            for waiter in waiters {
                waiter.join().unwrap();
            }
            assert!(!event.signal().is_set());
        });
    }
}

#[test]
fn two_auto_sets_or_pulses_release_two_waiters() {
    for pulse in [false, true] {
        check_up_to(2, move || {
            let event = Event::new(AUTO);
            let waiters = [(); 2].map(|()| {
                let (event, mut ticket) = (event.clone(), event.enter());
                thread::spawn(move || event.wait(&mut ticket))
            });
            for _ in 0..2 {
                if pulse {
                    event.signal().pulse();
                } else {
                    event.signal().set();
                }
            }
            for waiter in waiters {
                waiter.join().unwrap();
            }
            assert!(!event.is_set_and_clean());
        });
    }
}

#[test]
fn a_set_more_than_there_are_waiters_stays() {
    check(|| {
        let event = Event::new(AUTO);
        let (waiting, mut ticket) = (event.clone(), event.enter());
        let waiting = thread::spawn(move || waiting.wait(&mut ticket));
        event.signal().set();
        event.signal().set();
        waiting.join().unwrap();
        assert!(event.is_set_and_clean());
    });
}

#[test]
fn an_auto_set_releases_exactly_one_or_stays() {
    check(|| {
        let event = Event::new(AUTO);
        // One is counted before the set; the other comes when it likes.
        let (early, ticket) = (event.clone(), event.enter());
        let early = thread::spawn(move || early.look(ticket));
        let late = event.clone();
        let late = thread::spawn(move || late.look(late.enter()));
        event.signal().set();
        let released = [early, late].map(|waiter| waiter.join().unwrap());
        let released = released.iter().filter(|released| **released).count();
        assert_eq!(released + usize::from(event.is_set_and_clean()), 1);
    });
}

#[test]
fn a_grant_goes_to_the_waiter_that_stays() {
    check(|| {
        let event = Event::new(AUTO);
        let (staying, mut ticket) = (event.clone(), event.enter());
        let staying = thread::spawn(move || staying.wait(&mut ticket));
        let (leaving, ticket) = (event.clone(), event.enter());
        let leaving = thread::spawn(move || leaving.look(ticket));
        event.signal().set();
        if leaving.join().unwrap() {
            // It was released itself; the other one still waits.
            event.signal().set();
        }
        staying.join().unwrap();
        assert!(!event.is_set_and_clean());
    });
}

#[test]
fn a_pulse_leaves_nothing_behind_when_nobody_waits() {
    for manual in [MANUAL, AUTO] {
        check(move || {
            let event = Event::new(manual);
            let pulsing = event.clone();
            let pulsing = thread::spawn(move || pulsing.signal().pulse());
            event.signal().set();
            event.signal().reset();
            pulsing.join().unwrap();
            assert!(!event.signal().is_available());
        });
    }
}

#[test]
fn what_a_wait_gives_back_releases_another() {
    check(|| {
        let event = Event::new(AUTO);
        event.signal().set();
        let (waiting, mut ticket) = (event.clone(), event.enter());
        let waiting = thread::spawn(move || waiting.wait(&mut ticket));
        // A wait for all takes one, misses another, and gives back.
        let mut passing = event.signal().begin();
        if event.signal().take(&mut passing) {
            event.signal().give_back();
        }
        waiting.join().unwrap();
        assert!(!event.is_set_and_clean());
    });
}
