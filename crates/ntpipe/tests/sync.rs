//! Mutexes, semaphores, timers, and waiting for them together with other things.

use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ntpipe::sync::{Acquired, Mutex, Semaphore, Shareable, Timer, Waited, When, wait};
use ntpipe::{ChildProcess, ErrorKind, Event, Waitable, wait_all, wait_any};

const ROLE: &str = "NTPIPE_TEST_ROLE";
const NOW: Duration = Duration::ZERO;
const SOON: Duration = Duration::from_millis(20);
/// Longer than anything takes that does not hang.
const LONG: Duration = Duration::from_secs(60);

fn unique(name: &str) -> String {
    format!("test-sync-{name}-{}", std::process::id())
}

/// Runs this test again in another process, where `role` finds these words.
fn spawn(test: &str, words: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(ROLE, words)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

fn await_line(child: &mut Child, wanted: &str) {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let found = lines.map_while(Result::ok).any(|line| line.contains(wanted));
    assert!(found, "the child ended without {wanted}");
}

#[test]
fn a_mutex_keeps_other_threads_out_until_its_owner_has_released_it_as_often() {
    let mutex = Mutex::new(true).unwrap();
    assert_eq!(mutex.acquire().unwrap(), Acquired::Released);
    let other = |timeout| {
        let mutex = mutex.clone();
        thread::spawn(move || mutex.acquire_timeout(timeout).unwrap()).join().unwrap()
    };
    assert_eq!(other(SOON), None);
    mutex.release().unwrap();
    assert_eq!(other(NOW), None);
    mutex.release().unwrap();
    assert_eq!(mutex.release().unwrap_err().kind(), ErrorKind::NotOwner);
    assert_eq!(other(LONG), Some(Acquired::Released));
    // That thread has ended without releasing it.
    assert_eq!(mutex.acquire().unwrap(), Acquired::Abandoned);
    mutex.release().unwrap();
    assert_eq!(mutex.acquire().unwrap(), Acquired::Released);
}

#[test]
fn a_mutex_lets_one_thread_in_at_a_time() {
    let mutex = Mutex::new(false).unwrap();
    let (counter, rounds) = (AtomicU32::new(0), 5_000);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..rounds {
                    mutex.acquire().unwrap();
                    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                    mutex.release().unwrap();
                }
            });
        }
    });
    assert_eq!(counter.into_inner(), 4 * rounds);
}

#[test]
fn whoever_waits_for_a_mutex_gets_it_when_the_process_that_owns_it_is_killed() {
    if let Some(name) = role() {
        assert_eq!(Mutex::open(name).unwrap().acquire().unwrap(), Acquired::Released);
        println!("owned");
        thread::sleep(LONG);
    }
    let name = unique("killed");
    let mutex = Mutex::create(&name, false).unwrap();
    assert!(mutex.created_new() && !Mutex::create(&name, true).unwrap().created_new());
    let test = "whoever_waits_for_a_mutex_gets_it_when_the_process_that_owns_it_is_killed";
    let mut child = spawn(test, &name);
    await_line(&mut child, "owned");
    assert_eq!(mutex.acquire_timeout(SOON).unwrap(), None);
    let waiter = thread::spawn({
        let mutex = mutex.clone();
        move || (mutex.acquire_timeout(LONG).unwrap(), mutex.release().is_ok())
    });
    thread::sleep(SOON);
    child.kill().unwrap();
    assert_eq!(waiter.join().unwrap(), (Some(Acquired::Abandoned), true));
    child.wait().unwrap();
    assert_eq!(mutex.acquire_timeout(NOW).unwrap(), Some(Acquired::Released));
}

#[test]
fn a_mutex_of_a_process_that_is_no_more_is_found_abandoned() {
    if let Some(name) = role() {
        let mutex = Mutex::open(name).unwrap();
        mutex.acquire().unwrap();
        // Ends the process without the end of its threads.
        std::process::exit(0);
    }
    let name = unique("exited");
    let (mutex, event) = (Mutex::create(&name, false).unwrap(), Event::new(true, true).unwrap());
    let test = "a_mutex_of_a_process_that_is_no_more_is_found_abandoned";
    assert!(spawn(test, &name).wait().unwrap().success());
    let things: [&dyn Waitable; 2] = [&event, &mutex];
    assert_eq!(wait(&things, true, None, Some(NOW)).unwrap(), Waited::Abandoned(1));
    mutex.release().unwrap();
    assert_eq!(wait(&things, true, None, Some(NOW)).unwrap(), Waited::Ready(0));
}

#[test]
fn processes_share_a_semaphore_and_a_timer_by_their_names() {
    if let Some(name) = role() {
        let semaphore = Semaphore::open(format!("{name}-s")).unwrap();
        Timer::open(format!("{name}-t")).unwrap().wait().unwrap();
        assert_eq!(semaphore.release(2).unwrap(), 0);
        return;
    }
    let name = unique("named");
    let semaphore = Semaphore::create(format!("{name}-s"), 0, 2).unwrap();
    let timer = Timer::create(format!("Local\\{name}-t"), false).unwrap();
    let mut child = spawn("processes_share_a_semaphore_and_a_timer_by_their_names", &name);
    assert!(!semaphore.wait_timeout(SOON).unwrap());
    timer.set(When::After(SOON), NOW);
    semaphore.wait().unwrap();
    semaphore.wait().unwrap();
    assert!(child.wait().unwrap().success() && !timer.is_set());
    assert!(!semaphore.wait_timeout(NOW).unwrap());
}

#[test]
fn a_name_stands_for_one_kind_of_thing() {
    let name = unique("kind");
    let mutex = Mutex::create(&name, false).unwrap();
    let kinds = [
        Event::open(&name).unwrap_err().kind(),
        Event::create(&name, true, true).unwrap_err().kind(),
        Semaphore::create(&name, 0, 1).unwrap_err().kind(),
        Timer::open(&name).unwrap_err().kind(),
    ];
    assert_eq!(kinds, [ErrorKind::InvalidHandle; 4]);
    drop(mutex);
    assert_eq!(Mutex::open(&name).unwrap_err().kind(), ErrorKind::NotFound);
    assert!(Timer::create(&name, true).unwrap().created_new());
}

#[test]
fn a_semaphore_takes_no_more_than_its_maximum() {
    let semaphore = Semaphore::new(1, 2).unwrap();
    assert_eq!(semaphore.release(2).unwrap_err().kind(), ErrorKind::TooManyPosts);
    assert_eq!((semaphore.release(1).unwrap(), semaphore.release(0).is_err()), (1, true));
    for (initially, maximum) in [(0, 0), (3, 2), (0, 1 << 31)] {
        let kind = Semaphore::new(initially, maximum).unwrap_err().kind();
        assert_eq!(kind, ErrorKind::InvalidParameter);
    }
}

#[test]
fn every_permit_releases_one_wait() {
    let semaphore = Semaphore::new(0, 1_000).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..1_000).for_each(|_| assert!(semaphore.wait_timeout(LONG).unwrap())));
        }
        let mut given = 0;
        while given < 4_000 {
            match semaphore.release(3.min(4_000 - given)) {
                Ok(_) => given += 3.min(4_000 - given),
                Err(_) => thread::yield_now(),
            }
        }
    });
    assert!(!semaphore.wait_timeout(NOW).unwrap());
}

#[test]
fn a_timer_ends_a_wait_when_it_is_due_and_sooner_when_it_is_set_sooner() {
    let (timer, start) = (Timer::new(true).unwrap(), Instant::now());
    timer.set(When::After(SOON), NOW);
    timer.wait().unwrap();
    assert!(start.elapsed() >= SOON && timer.is_set());
    timer.set(When::After(LONG), NOW);
    let waiter = thread::spawn({
        let timer = timer.clone();
        move || timer.wait_timeout(LONG).unwrap()
    });
    thread::sleep(SOON);
    assert!(!timer.is_set());
    timer.set(When::At(SOON), NOW);
    assert!(waiter.join().unwrap());
    timer.cancel();
    assert!(timer.is_set());
}

#[test]
fn all_are_taken_together_or_none() {
    let (mutex, semaphore) = (Mutex::new(false).unwrap(), Semaphore::new(1, 1).unwrap());
    let (timer, event) = (Timer::new(false).unwrap(), Event::new(false, false).unwrap());
    timer.set(When::After(NOW), NOW);
    let things: [&dyn Waitable; 4] = [&mutex, &semaphore, &timer, &event];
    assert!(!wait_all(&things, Some(SOON)).unwrap());
    assert!(timer.is_set() && mutex.release().is_err());
    event.set();
    assert!(wait_all(&things, Some(LONG)).unwrap());
    assert!(!timer.is_set() && !event.is_set() && !semaphore.wait_timeout(NOW).unwrap());
    mutex.release().unwrap();
    let twice: [&dyn Waitable; 2] = [&semaphore, &semaphore];
    assert_eq!(wait_all(&twice, None).unwrap_err().kind(), ErrorKind::InvalidParameter);
}

#[test]
fn an_alert_ends_a_wait_for_which_nothing_is_ready() {
    let (alert, event) = (Event::new(true, true).unwrap(), Event::new(false, true).unwrap());
    let things: [&dyn Waitable; 1] = [&event];
    assert_eq!(wait(&things, false, Some(&alert), None).unwrap(), Waited::Ready(0));
    assert_eq!(wait(&things, false, Some(&alert), None).unwrap(), Waited::Alerted);
    assert_eq!(wait(&[], false, Some(&alert), Some(NOW)).unwrap(), Waited::Alerted);
    alert.reset();
    assert_eq!(wait(&[], false, Some(&alert), Some(SOON)).unwrap(), Waited::TimedOut);
    let waiter = thread::spawn({
        let (alert, event) = (alert.clone(), event.clone());
        move || wait(&[&event], true, Some(&alert), Some(LONG)).unwrap()
    });
    thread::sleep(SOON);
    alert.set();
    assert_eq!(waiter.join().unwrap(), Waited::Alerted);
    assert_eq!(wait(&[], false, None, None).unwrap_err().kind(), ErrorKind::InvalidParameter);
}

#[test]
fn a_descriptor_is_ready_when_it_is_readable() {
    let (reader, writer) = std::io::pipe().unwrap();
    let (reader, event) = (OwnedFd::from(reader), Event::new(false, false).unwrap());
    let things: [&dyn Waitable; 2] = [&event, &reader];
    assert_eq!(wait_any(&things, Some(SOON)).unwrap(), None);
    let closer = thread::spawn(move || {
        thread::sleep(SOON);
        drop(writer);
    });
    assert_eq!(wait_any(&things, Some(LONG)).unwrap(), Some(1));
    closer.join().unwrap();
    let mut child = Command::new("true").spawn().unwrap();
    let process = ChildProcess::new(&mut child).unwrap();
    assert_eq!(wait_any(&[&event, &process], Some(LONG)).unwrap(), Some(1));
    child.wait().unwrap();
}

#[test]
fn what_is_given_to_another_holder_is_the_same_thing() {
    let mutex = Mutex::shareable(true).unwrap();
    let lease = mutex.lease().unwrap();
    let same = Mutex::adopt(lease.memory, &lease.place).unwrap();
    assert!(!same.created_new());
    same.release().unwrap();
    assert_eq!(mutex.release().unwrap_err().kind(), ErrorKind::NotOwner);
    let lease = mutex.lease().unwrap();
    let kind = Event::adopt(lease.memory, &lease.place).unwrap_err().kind();
    assert_eq!(kind, ErrorKind::InvalidHandle);
    let lease = same.lease().unwrap();
    for place in ["", "x", "-1", "18446744073709551615", "=x", "=../x"] {
        let memory = lease.memory.try_clone().unwrap();
        let kind = Mutex::adopt(memory, place).unwrap_err().kind();
        assert!(matches!(kind, ErrorKind::InvalidHandle), "{place}: {kind:?}");
    }
    let own = Event::new(true, true).unwrap();
    assert_eq!(own.lease().unwrap_err().kind(), ErrorKind::NotSupported);
    let twice: [&dyn Waitable; 2] = [&mutex, &same];
    assert_eq!(wait_all(&twice, None).unwrap_err().kind(), ErrorKind::InvalidParameter);
}
