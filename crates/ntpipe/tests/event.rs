//! Events, and waiting for them together with pipe ends and processes.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ntpipe::{
    ChildProcess, ClientOptions, ErrorKind, Event, NamedPipeClient, NamedPipeServer, ServerOptions,
    Waitable, wait_all, wait_any,
};
use ntpipe_shm::generation::{Ended, in_copy, is_alone};

const ROLE: &str = "NTPIPE_TEST_ROLE";
const SOON: Duration = Duration::from_millis(20);
/// Longer than anything takes that does not hang.
const LONG: Duration = Duration::from_secs(60);

fn unique(name: &str) -> String {
    format!("test-event-{name}-{}", std::process::id())
}

fn event(manual: bool, initially: bool) -> Event {
    Event::new(manual, initially).unwrap()
}

fn pipe(name: &str) -> (NamedPipeServer, NamedPipeClient) {
    let name = unique(name);
    let server = ServerOptions::new().create(&name).unwrap();
    let client = ClientOptions::new().open(&name).unwrap();
    server.connect().unwrap();
    (server, client)
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
fn a_manual_event_stays_set_until_it_is_reset() {
    let event = event(true, false);
    assert!(!event.wait_timeout(Duration::ZERO).unwrap());
    event.set();
    event.wait().unwrap();
    assert!(event.wait_timeout(Duration::ZERO).unwrap() && event.is_set());
    event.reset();
    assert!(!event.wait_timeout(SOON).unwrap() && !event.is_set());
}

#[test]
fn an_auto_event_releases_one_wait_per_set() {
    let event = event(false, true);
    event.wait().unwrap();
    assert!(!event.is_set() && !event.wait_timeout(SOON).unwrap());
    event.set();
    event.set();
    assert!(event.wait_timeout(LONG).unwrap());
    assert!(!event.wait_timeout(Duration::ZERO).unwrap());
}

#[test]
fn a_timeout_takes_as_long_as_it_says() {
    let (one, two) = (event(true, false), event(false, false));
    let start = Instant::now();
    assert_eq!(wait_any(&[&one, &two], Some(SOON)).unwrap(), None);
    assert!(!one.wait_timeout(SOON).unwrap());
    assert!(start.elapsed() >= 2 * SOON);
}

#[test]
fn a_pulse_releases_who_waits_and_leaves_nothing() {
    for manual in [true, false] {
        let event = event(manual, true);
        event.pulse();
        assert!(!event.is_set());
        let waiter = thread::spawn({
            let event = event.clone();
            move || event.wait_timeout(LONG).unwrap()
        });
        while !waiter.is_finished() {
            event.pulse();
            thread::yield_now();
        }
        assert!(waiter.join().unwrap());
        assert!(!event.is_set() && !event.wait_timeout(Duration::ZERO).unwrap());
    }
}

#[test]
fn no_wake_is_lost_between_two_threads() {
    let (ping, pong) = (event(false, false), event(false, false));
    let (server, _client) = pipe("threads");
    const ROUNDS: u32 = 20_000;
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..ROUNDS {
                assert_eq!(wait_any(&[&server, &ping], Some(LONG)).unwrap(), Some(1));
                pong.set();
            }
        });
        for _ in 0..ROUNDS {
            ping.set();
            assert!(pong.wait_timeout(LONG).unwrap());
        }
    });
}

#[test]
fn a_copy_that_drops_a_named_event_takes_it_from_nobody() {
    if !is_alone("a_copy_that_drops_a_named_event_takes_it_from_nobody") {
        return;
    }
    let name = unique("copied");
    let mut event = Some(Event::create(&name, true, false).unwrap());
    let dropped = in_copy(|| {
        drop(event.take());
        true
    });
    assert_eq!(dropped, Ok(Ended::Well));
    let again = Event::open(&name).unwrap();
    again.set();
    assert!(event.unwrap().is_set());
}

#[test]
fn a_named_event_is_one_event_in_two_processes() {
    let test = "a_named_event_is_one_event_in_two_processes";
    if let Some(name) = role() {
        let ping = Event::open(format!("{name}-ping")).unwrap();
        let pong = Event::create(format!("{name}-pong"), true, true).unwrap();
        assert!(!ping.created_new() && !pong.created_new() && !pong.is_set());
        for _ in 0..1000 {
            assert!(ping.wait_timeout(LONG).unwrap());
            pong.set();
        }
        return;
    }
    let name = unique("named");
    let (ping, pong) = (format!("{name}-ping"), format!("{name}-pong"));
    assert_eq!(Event::open(&ping).unwrap_err().kind(), ErrorKind::NotFound);
    let ping = Event::create(ping, false, false).unwrap();
    let pong = Event::create(pong, false, false).unwrap();
    assert!(ping.created_new() && pong.created_new());
    let mut child = spawn(test, &name);
    for _ in 0..1000 {
        ping.set();
        assert!(pong.wait_timeout(LONG).unwrap());
    }
    assert!(child.wait().unwrap().success());
    let listed = ntpipe::list().unwrap();
    assert!(!listed.iter().any(|entry| entry.name.contains(&name) || entry.name.starts_with('.')));
    let upper = Event::open(format!("{}-PING", name.to_uppercase())).unwrap_err().kind();
    let pipe = Event::open(format!(r"\\.\pipe\{name}-ping")).unwrap_err().kind();
    assert_eq!((upper, pipe), (ErrorKind::NotFound, ErrorKind::PathNotFound));
    let name = format!(r"Local\{name}-ping");
    assert!(!Event::create(&name, true, true).unwrap().is_set());
    drop(ping);
    assert_eq!(Event::open(&name).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_killed_process_leaves_no_signal_behind() {
    let test = "a_killed_process_leaves_no_signal_behind";
    if let Some(name) = role() {
        let event = Event::create(&name, true, true).unwrap();
        assert!(event.is_set());
        println!("it is set");
        Event::new(true, false).unwrap().wait().unwrap();
    }
    let name = unique("stale");
    for remake in [true, false] {
        let mut child = spawn(test, &name);
        await_line(&mut child, "it is set");
        assert!(Event::open(&name).unwrap().is_set());
        child.kill().unwrap();
        child.wait().unwrap();
        if remake {
            let event = Event::create(&name, false, false).unwrap();
            assert!(event.created_new() && !event.is_set());
        } else {
            assert_eq!(Event::open(&name).unwrap_err().kind(), ErrorKind::NotFound);
        }
    }
}

#[test]
fn wait_any_sees_events_ends_children_and_clients() {
    let name = unique("any");
    let event = event(false, false);
    let (server, client) = pipe("any-data");
    let listening = ServerOptions::new().create(&name).unwrap();
    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let exit = ChildProcess::new(&mut child).unwrap();
    let all: [&dyn Waitable; 4] = [&event, &client, &exit, &listening];
    let wait = |timeout| wait_any(&all, Some(timeout)).unwrap();
    assert_eq!(wait(SOON), None);

    thread::scope(|scope| {
        scope.spawn(|| event.set());
        assert_eq!(wait(LONG), Some(0));
    });
    assert!(!event.is_set());

    thread::scope(|scope| {
        scope.spawn(|| server.send(b"x").unwrap());
        assert_eq!(wait(LONG), Some(1));
    });
    assert_eq!(client.recv(&mut [0; 8]).unwrap().len, 1);
    assert_eq!(wait(Duration::ZERO), None);

    let guest = thread::scope(|scope| {
        let guest = scope.spawn(|| ClientOptions::new().open(&name).unwrap());
        assert_eq!(wait(LONG), Some(3));
        guest.join().unwrap()
    });
    listening.connect().unwrap();
    // Told once; from now on it is about data.
    assert_eq!(wait(Duration::ZERO), None);
    guest.send(b"y").unwrap();
    assert_eq!(wait(LONG), Some(3));
    assert_eq!(listening.recv(&mut [0; 8]).unwrap().len, 1);

    drop(child.stdin.take());
    assert_eq!(wait(LONG), Some(2));
    assert!(child.wait().unwrap().success());
    assert_eq!(wait_any(&[&ChildProcess::new(&mut child).unwrap()], None).unwrap(), Some(0));

    drop(server);
    assert_eq!(wait(LONG), Some(1));
}

#[test]
fn an_end_is_ready_when_its_peer_is_killed() {
    let test = "an_end_is_ready_when_its_peer_is_killed";
    if let Some(name) = role() {
        let _client = ClientOptions::new().open(&name).unwrap();
        println!("it is open");
        Event::new(true, false).unwrap().wait().unwrap();
    }
    let (name, never) = (unique("killed"), event(true, false));
    let server = ServerOptions::new().create(&name).unwrap();
    let mut child = spawn(test, &name);
    assert_eq!(wait_any(&[&never, &server], Some(LONG)).unwrap(), Some(1));
    await_line(&mut child, "it is open");
    thread::scope(|scope| {
        scope.spawn(|| child.kill().unwrap());
        assert_eq!(wait_any(&[&never, &server], Some(LONG)).unwrap(), Some(1));
    });
    child.wait().unwrap();
}

#[test]
fn a_disconnect_ends_the_wait_for_a_client() {
    let (name, never) = (unique("disconnect"), event(true, false));
    let server = ServerOptions::new().create(name).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| server.disconnect().unwrap());
        assert_eq!(wait_any(&[&never, &server], Some(LONG)).unwrap(), Some(1));
    });
}

#[test]
fn wait_all_takes_all_or_nothing() {
    let (one, two, gate) = (event(false, true), event(false, false), event(true, true));
    assert!(!wait_all(&[&one, &two, &gate], Some(SOON)).unwrap());
    assert!(one.is_set());
    thread::scope(|scope| {
        scope.spawn(|| two.set());
        assert!(wait_all(&[&one, &two, &gate], Some(LONG)).unwrap());
    });
    assert!(!one.is_set() && !two.is_set() && gate.is_set());
}

#[test]
fn two_who_wait_for_all_do_not_starve_each_other() {
    const ROUNDS: u32 = 5000;
    let (one, two, stop) = (event(false, false), event(false, false), event(true, false));
    let (done, name) = (event(false, false), unique("all"));
    let named = Event::create(&name, false, false).unwrap();
    let set_all = || [&one, &named, &two].into_iter().for_each(Event::set);
    let take = |order: [&dyn Waitable; 3]| {
        let mut taken = 0;
        while wait_all(&order, Some(LONG)).unwrap() && !stop.is_set() {
            taken += 1;
            done.set();
        }
        taken
    };
    let taken: u32 = thread::scope(|scope| {
        let here = scope.spawn(|| take([&one, &two, &named]));
        let there = scope.spawn(|| take([&named, &two, &one]));
        for _ in 0..ROUNDS {
            set_all();
            assert!(done.wait_timeout(LONG).unwrap());
        }
        stop.set();
        while !here.is_finished() || !there.is_finished() {
            set_all();
            thread::yield_now();
        }
        here.join().unwrap() + there.join().unwrap()
    });
    assert_eq!(taken, ROUNDS);
}

#[test]
fn a_wait_is_for_1_to_64_things() {
    let set = event(true, true);
    let things = |count| vec![&set as &dyn Waitable; count];
    let kind = |result: ntpipe::Result<Option<usize>>| result.unwrap_err().kind();
    assert_eq!(kind(wait_any(&[], None)), ErrorKind::InvalidParameter);
    assert_eq!(kind(wait_any(&things(65), None)), ErrorKind::InvalidParameter);
    assert_eq!(wait_any(&things(64), None).unwrap(), Some(0));
    let twice = wait_all(&things(2), None).unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::InvalidParameter);
    let events: Vec<_> = (0..64).map(|_| event(false, false)).collect();
    let all: Vec<_> = events.iter().map(|event| event as &dyn Waitable).collect();
    thread::scope(|scope| {
        scope.spawn(|| events[63].set());
        assert_eq!(wait_any(&all, Some(LONG)).unwrap(), Some(63));
    });
}
