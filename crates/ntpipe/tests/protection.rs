//! The security descriptor of a pipe: what is asked and set through one end counts for all.

use ntpipe::{ClientOptions, ErrorKind, ServerOptions};
use ntpipe_core::namespace::Policy;
use ntpipe_core::security::Descriptor;

fn descriptor(text: &str) -> Descriptor {
    Descriptor::parse(text).unwrap()
}

fn options(text: &str) -> ServerOptions {
    let mut options = ServerOptions::new();
    options.policy(Policy::of(descriptor(text)).unwrap(), false);
    options
}

#[test]
fn it_is_the_pipes_and_a_client_keeps_it() {
    let name = format!(r"\\.\pipe\protection-{}", std::process::id());
    let first = options("D:(A;;GA;;;WD)(A;;GA;;;BA)(A;;GR;;;SY)").create(&name).unwrap();
    let second = options("D:").create(&name).unwrap();
    let client = ClientOptions::new().open(&name).unwrap();
    let entries = |dacl: Option<Option<Vec<_>>>| dacl.unwrap().unwrap().len();
    let count = || {
        [first.descriptor(), second.descriptor(), client.descriptor()]
            .map(|descriptor| entries(descriptor.unwrap().dacl))
    };
    assert_eq!(count(), [3; 3]);
    first.set_descriptor(descriptor("D:(A;;GA;;;WD)")).unwrap();
    assert_eq!(count(), [1; 3]);
    client.set_descriptor(descriptor("D:(A;;GA;;;WD)(A;;GR;;;BA)")).unwrap();
    assert_eq!(count(), [2; 3]);
    drop((first, second));
    assert_eq!(entries(client.descriptor().unwrap().dacl), 2);
    let _other = options("D:(A;;GA;;;OW)").create(&name).unwrap();
    assert_eq!(entries(client.descriptor().unwrap().dacl), 2);
    let denied = client.set_descriptor(descriptor("D:")).unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::NotFound);
}

#[test]
fn what_changed_holds_for_instances_that_listen_already_and_later() {
    let name = format!(r"\\.\pipe\protection-change-{}", std::process::id());
    let server = options("D:(A;;GR;;;WD)").create(&name).unwrap();
    let writes = || ClientOptions::new().read(false).open(&name).map(drop).map_err(|e| e.kind());
    assert_eq!(writes(), Err(ErrorKind::AccessDenied));
    server.set_descriptor(descriptor("D:(A;;GA;;;WD)(A;;GA;;;S-1-22-2-12345)")).unwrap();
    assert_eq!(writes(), Ok(()));
    server.set_descriptor(descriptor("D:(D;;GW;;;WD)(A;;GA;;;WD)")).unwrap();
    let later = ServerOptions::new().create(&name).unwrap();
    assert_eq!(writes(), Err(ErrorKind::AccessDenied));
    later.set_descriptor(descriptor("D:NO_ACCESS_CONTROL")).unwrap();
    assert_eq!(writes(), Ok(()));
}

#[test]
fn a_later_instance_takes_no_ownership() {
    let name = format!(r"\\.\pipe\protection-owner-{}", std::process::id());
    let text = format!("O:S-1-22-1-{}G:SYD:(A;;GA;;;WD)", rustix::process::geteuid().as_raw());
    let policy = || Policy::of(descriptor(&text)).unwrap();
    let first = ServerOptions::new().policy(policy(), true).create(&name).unwrap();
    assert_eq!(first.descriptor().unwrap().text(), text);
    let later = ServerOptions::new().policy(policy(), true).create(&name);
    assert_eq!(later.map(drop).unwrap_err().kind(), ErrorKind::AccessDenied);
}
