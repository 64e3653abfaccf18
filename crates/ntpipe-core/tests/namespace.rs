//! How names become connections, row by row of what Windows does.
#![allow(missing_docs)]

use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use ntpipe_core::mode::{Access, PipeType};
use ntpipe_core::namespace::{CreateParams, Listener, Namespace};
use ntpipe_core::{ErrorKind, PipeName, Result, Rights, Security};

#[path = "support/scratch.rs"]
mod scratch;
use scratch::{Scratch, name, params};

fn files(s: &Scratch) -> Vec<String> {
    let dir = std::fs::read_dir(s.path.join(name().directory())).unwrap();
    let mut files: Vec<_> =
        dir.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    files
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

fn readable(fd: impl AsFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut fds = [PollFd::new(&fd, PollFlags::IN)];
    poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() == 1
}

#[test]
fn a_client_meets_its_server() {
    let s = Scratch::new();
    let server = s.ns.create(&name(), &params()).unwrap();
    assert!(server.listening.try_accept().unwrap().is_none());
    let client = s.ns.open(&PipeName::new(r"test\ONE").unwrap(), true, true).unwrap();
    assert_eq!((client.in_quota, client.out_quota), (1, 2));
    assert_eq!(client.meta.name.as_str(), r"Test\One");
    assert_eq!(client.meta.default_timeout_ms, 50);
    assert!(readable(&server.listening));
    let far = server.listening.try_accept().unwrap().unwrap();
    assert!(server.listening.try_accept().unwrap().is_none());
    rustix::io::write(&client.socket, b"x").unwrap();
    assert!(readable(&far));
    let all = Rights { read: true, write: true };
    assert_eq!(server.pipe.rights_of(&far).unwrap(), all);
}

#[test]
fn each_instance_lets_one_client_in() {
    let s = Scratch::new();
    assert_eq!(kind(s.ns.open(&name(), true, true)), ErrorKind::NotFound);
    let server = s.ns.create(&name(), &params()).unwrap();
    let first = s.ns.open(&name(), true, true).unwrap();
    assert_eq!(kind(s.ns.open(&name(), true, true)), ErrorKind::PipeBusy);
    server.listening.try_accept().unwrap().unwrap();
    assert_eq!(kind(s.ns.open(&name(), true, true)), ErrorKind::PipeBusy);
    drop(first);
    assert_eq!(kind(s.ns.open(&name(), true, true)), ErrorKind::PipeBusy);
    drop(server);
    assert_eq!(kind(s.ns.open(&name(), true, true)), ErrorKind::NotFound);
    assert_eq!(std::fs::read_dir(&s.path).unwrap().count(), 0);
}

#[test]
fn a_queued_client_occupies_the_instance_even_if_its_file_stays() {
    let s = Scratch::new();
    let server = s.ns.create(&name(), &params()).unwrap();
    let files = files(&s);
    let dir = s.path.join(name().directory());
    let socket = dir.join(files.iter().find(|file| file.starts_with("l0")).unwrap());
    std::fs::hard_link(&socket, dir.join("keep")).unwrap();
    let _first = s.ns.open(&name(), true, true).unwrap();
    std::fs::rename(dir.join("keep"), &socket).unwrap();
    assert_eq!(kind(s.ns.open(&name(), true, true)), ErrorKind::PipeBusy);
    assert!(server.listening.try_accept().unwrap().is_some());
    assert!(!socket.exists());
}

#[test]
fn the_first_instance_sets_the_limit_and_the_type() {
    let s = Scratch::new();
    for bad in [0, 256] {
        let params = CreateParams { max_instances: bad, ..params() };
        assert_eq!(kind(s.ns.create(&name(), &params)), ErrorKind::InvalidParameter);
    }
    let params = CreateParams { max_instances: 2, pipe_type: PipeType::Message, ..params() };
    let one = s.ns.create(&name(), &params).unwrap();
    let later = CreateParams {
        max_instances: 9,
        pipe_type: PipeType::Byte,
        in_quota: 7,
        out_quota: 8,
        default_timeout_ms: 3,
        ..params
    };
    let two = s.ns.create(&name(), &later).unwrap();
    assert_eq!(two.pipe.meta(), one.pipe.meta());
    assert_eq!(two.pipe.meta().pipe_type, PipeType::Message);
    assert_eq!((two.place.in_quota(), two.place.out_quota()), (7, 8));
    assert_eq!(one.place.instances().unwrap(), 2);
    assert_eq!(kind(s.ns.create(&name(), &later)), ErrorKind::PipeBusy);
    let first = CreateParams { first: true, ..later };
    assert_eq!(kind(s.ns.create(&name(), &first)), ErrorKind::PipeBusy);
    drop(one);
    assert_eq!(kind(s.ns.create(&name(), &first)), ErrorKind::AccessDenied);
    drop(two);
    let again = s.ns.create(&name(), &first).unwrap();
    assert_eq!(again.pipe.meta().pipe_type, PipeType::Byte);
}

#[test]
fn all_instances_have_the_same_directions() {
    let s = Scratch::new();
    let _one = s.ns.create(&name(), &params()).unwrap();
    let other = CreateParams { access: Access::Inbound, ..params() };
    assert_eq!(kind(s.ns.create(&name(), &other)), ErrorKind::AccessDenied);
}

#[test]
fn a_client_goes_in_the_pipes_directions_only() {
    let s = Scratch::new();
    for (access, read, write) in [(Access::Inbound, false, true), (Access::Outbound, true, false)] {
        let _server = s.ns.create(&name(), &CreateParams { access, ..params() }).unwrap();
        assert_eq!(kind(s.ns.open(&name(), true, true)), ErrorKind::AccessDenied);
        assert_eq!(kind(s.ns.open(&name(), !read, !write)), ErrorKind::AccessDenied);
        assert!(s.ns.listening(&name()).unwrap());
        s.ns.open(&name(), read, write).unwrap();
    }
    let _server = s.ns.create(&name(), &params()).unwrap();
    s.ns.open(&name(), false, false).unwrap();
}

#[test]
fn security_denies_what_it_does_not_allow() {
    let s = Scratch::new();
    let security = Security::sddl("D:(A;;GR;;;WD)").unwrap();
    let _server =
        s.ns.create(&name(), &CreateParams { policy: security.into(), ..params() }).unwrap();
    assert_eq!(kind(s.ns.open(&name(), true, true)), ErrorKind::AccessDenied);
    s.ns.open(&name(), true, false).unwrap();
    let nobody = PipeName::new("nobody").unwrap();
    let security = Security::sddl("D:").unwrap();
    let _server =
        s.ns.create(&nobody, &CreateParams { policy: security.into(), ..params() }).unwrap();
    assert_eq!(kind(s.ns.open(&nobody, true, false)), ErrorKind::AccessDenied);
}

#[test]
fn the_oldest_listening_instance_is_taken() {
    let s = Scratch::new();
    let make = |quota| s.ns.create(&name(), &CreateParams { in_quota: quota, ..params() }).unwrap();
    let mut servers: Vec<Listener> = (10..13).map(make).collect();
    assert_eq!(s.ns.open(&name(), true, true).unwrap().in_quota, 10);
    // One that listens again goes to the back.
    servers[1].listening = servers[1].place.listen().unwrap();
    assert_eq!(s.ns.open(&name(), true, true).unwrap().in_quota, 12);
    assert_eq!(s.ns.open(&name(), true, true).unwrap().in_quota, 11);
    assert_eq!(kind(s.ns.open(&name(), true, true)), ErrorKind::PipeBusy);
    assert_eq!(s.ns.instances(&name()).unwrap(), 3);
}

#[test]
fn leftovers_without_locks_are_swept() {
    let s = Scratch::new();
    let dir = s.path.join(name().directory());
    std::fs::create_dir(&dir).unwrap();
    for (file, content) in [
        ("pipe", "half"),
        ("lock", "x"),
        ("t.pipe", ""),
        ("t7", ""),
        ("l00000000000000000001.9.9", ""),
    ] {
        std::fs::write(dir.join(file), content).unwrap();
    }
    assert_eq!(kind(s.ns.open(&name(), true, true)), ErrorKind::NotFound);
    assert_eq!(kind(s.ns.listening(&name())), ErrorKind::NotFound);
    assert!(s.ns.list().unwrap().is_empty());
    let params = CreateParams { first: true, ..params() };
    let _server = s.ns.create(&name(), &params).unwrap();
    assert_eq!(files(&s).len(), 3);
    assert_eq!(s.ns.open(&name(), true, true).unwrap().in_quota, 1);
}

/// Not a test of its own: the server that others kill.
#[test]
fn child_server() {
    let Some(root) = std::env::var_os("NTNS_CHILD_ROOT") else { return };
    let ns = Namespace::at(PathBuf::from(root)).unwrap();
    let _server = ns.create(&name(), &CreateParams { in_quota: 99, ..params() }).unwrap();
    println!("\nready");
    std::io::read_to_string(std::io::stdin()).unwrap();
}

fn spawn_server(s: &Scratch) -> Child {
    use std::io::BufRead;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child_server", "--exact", "--nocapture", "--test-threads=1"])
        .env("NTNS_CHILD_ROOT", &s.path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = std::io::BufReader::new(child.stdout.as_mut().unwrap());
    assert!(out.lines().any(|line| line.unwrap() == "ready"));
    child
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_server_leaves_nothing_in_the_way() {
    let s = Scratch::new();
    let child = spawn_server(&s);
    assert!(s.ns.listening(&name()).unwrap());
    let entry = s.ns.list().unwrap().remove(0);
    assert_eq!(entry.pids, [child.id()]);
    kill(child);
    assert_eq!(kind(s.ns.open(&name(), true, true)), ErrorKind::NotFound);
    assert!(s.ns.list().unwrap().is_empty());
    let first = CreateParams { first: true, ..params() };
    let _server = s.ns.create(&name(), &first).unwrap();
    assert_eq!(s.ns.open(&name(), true, true).unwrap().in_quota, 1);
}

#[test]
fn a_killed_server_frees_its_place_among_others() {
    let s = Scratch::new();
    let two = CreateParams { max_instances: 2, ..params() };
    let one = s.ns.create(&name(), &two).unwrap();
    let child = spawn_server(&s);
    assert_eq!(s.ns.instances(&name()).unwrap(), 2);
    assert_eq!(kind(s.ns.create(&name(), &two)), ErrorKind::PipeBusy);
    let _client = s.ns.open(&name(), true, true).unwrap();
    kill(child);
    assert_eq!(kind(s.ns.open(&name(), true, true)), ErrorKind::PipeBusy);
    assert!(!s.ns.listening(&name()).unwrap());
    let again = s.ns.create(&name(), &two).unwrap();
    assert_eq!(files(&s).len(), 3);
    drop(one);
    assert!(s.ns.listening(&name()).unwrap());
    drop(again);
    assert_eq!(kind(s.ns.listening(&name())), ErrorKind::NotFound);
}

#[test]
fn the_pipe_outlives_its_first_process() {
    let s = Scratch::new();
    let child = spawn_server(&s);
    let joined = s.ns.create(&name(), &params()).unwrap();
    kill(child);
    let client = s.ns.open(&name(), true, true).unwrap();
    assert_eq!(client.in_quota, 1);
    assert!(joined.listening.try_accept().unwrap().is_some());
}

#[test]
fn a_list_tells_all_and_touches_nothing() {
    let s = Scratch::new();
    let limited = CreateParams { max_instances: 4, access: Access::Inbound, ..params() };
    let _one = s.ns.create(&name(), &limited).unwrap();
    let _two = s.ns.create(&name(), &limited).unwrap();
    let other = PipeName::new("other").unwrap();
    let _other = s.ns.create(&other, &params()).unwrap();
    s.ns.open(&name(), false, true).unwrap();
    std::fs::write(s.path.join("stray"), "").unwrap();
    for _ in 0..2 {
        let list = s.ns.list().unwrap();
        assert_eq!(list.len(), 2);
        assert_eq!(list[0].name, other);
        let entry = &list[1];
        assert_eq!(entry.name.as_str(), r"Test\One");
        assert_eq!((entry.instances, entry.listening), (2, 1));
        assert_eq!((entry.meta.max_instances, entry.meta.access), (4, Access::Inbound));
        assert_eq!(entry.owner_uid, rustix::process::geteuid().as_raw());
        assert_eq!(entry.pids, [std::process::id()]);
        assert!(entry.path.is_dir());
    }
}

#[test]
fn a_watch_tells_when_an_instance_may_have_appeared() {
    let s = Scratch::new();
    let mut watch = s.ns.watch(&name()).unwrap();
    assert!(!readable(&watch));
    let server = s.ns.create(&name(), &params()).unwrap();
    assert!(readable(&watch));
    watch.clear().unwrap();
    assert!(!readable(&watch));
    s.ns.open(&name(), true, true).unwrap();
    assert!(!readable(&watch));
    let again = server.place.listen().unwrap();
    assert!(readable(&watch));
    watch.clear().unwrap();
    drop((server, again));
    assert!(readable(&watch));
    watch.clear().unwrap();
    let _server = s.ns.create(&name(), &params()).unwrap();
    assert!(readable(&watch));
}

#[test]
fn a_watch_tells_when_the_last_server_is_killed() {
    use rustix::event::{PollFd, PollFlags, poll};
    let s = Scratch::new();
    let child = spawn_server(&s);
    let own = s.ns.create(&name(), &params()).unwrap();
    let mut watch = s.ns.watch(&name()).unwrap();
    s.ns.open(&name(), true, true).unwrap();
    s.ns.open(&name(), true, true).unwrap();
    assert!(watch.sees_all() && !readable(&watch));
    drop(own);
    watch.clear().unwrap();
    assert!(watch.sees_all() && !readable(&watch) && !s.ns.listening(&name()).unwrap());
    kill(child);
    poll(&mut [PollFd::new(&watch, PollFlags::IN)], None).unwrap();
    assert_eq!(kind(s.ns.listening(&name())), ErrorKind::NotFound);
    watch.clear().unwrap();
    assert!(!readable(&watch), "told once");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the rule is for what is tested")]
fn threads_create_and_drop_without_losing_count() {
    let s = Scratch::new();
    let limited = CreateParams { max_instances: 4, ..params() };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let server = s.ns.create(&name(), &limited).unwrap();
                    assert!((1..=4).contains(&server.place.instances().unwrap()));
                }
            });
        }
    });
    assert_eq!(std::fs::read_dir(&s.path).unwrap().count(), 0);
}

#[test]
fn a_pipe_whose_directory_was_removed_by_force_is_made_anew() {
    let s = Scratch::new();
    let old = s.ns.create(&name(), &params()).unwrap();
    std::fs::remove_dir_all(s.path.join(name().directory())).unwrap();
    assert_eq!(kind(s.ns.open(&name(), true, true)), ErrorKind::NotFound);
    let messages = CreateParams { pipe_type: PipeType::Message, max_instances: 2, ..params() };
    let first = s.ns.create(&name(), &messages).unwrap();
    let second = s.ns.create(&name(), &params()).unwrap();
    for server in [&first, &second] {
        assert_eq!(server.pipe.meta().pipe_type, PipeType::Message);
        assert_eq!(server.place.instances().unwrap(), 2);
    }
    assert_eq!(kind(s.ns.create(&name(), &params())), ErrorKind::PipeBusy);
    drop(old);
    s.ns.open(&name(), true, true).unwrap();
    assert_eq!(kind(s.ns.create(&name(), &params())), ErrorKind::PipeBusy);
}

#[test]
fn a_place_that_is_carried_does_not_hide_that_a_server_died() {
    let s = Scratch::new();
    let _first = s.ns.create(&name(), &params()).unwrap();
    let server = spawn_server(&s);
    let second = s.ns.create(&name(), &params()).unwrap();
    kill(server);
    second.place.carry().unwrap();
    let _third = s.ns.create(&name(), &params()).unwrap();
    assert_eq!(files(&s).iter().filter(|file| file.starts_with('l')).count(), 4, "the lock, and 3");
}
