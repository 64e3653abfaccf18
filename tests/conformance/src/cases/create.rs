//! `CreateNamedPipe`: names, limits, modes.

use crate::code::{
    ACCESS_DENIED, FILENAME_TOO_LONG, INVALID_NAME, INVALID_PARAMETER, NOT_FOUND, PATH_NOT_FOUND,
    PIPE_BUSY,
};
use crate::door::{Access, Create, Door, Open};
use crate::support::{accepted, fails, pair, reads, unique, writes};

cases![
    create__name_outside_the_pipes__123,
    create__empty_name__123,
    create__other_computer__3,
    create__name_longer_than_256__206,
    create__name_of_256__ok,
    create__no_instances_or_more_than_255__87,
    create__255__reported_as_unlimited,
    create__no_direction__87,
    create__byte_type_read_in_messages__87,
    create__first_but_exists__5,
    create__first_but_limit_reached__231,
    create__plain_after_first__ok,
    create__beyond_the_limit__231,
    create__later_limit__ignored,
    create__other_access__5,
    create__other_type__first_one_counts,
    create__sizes__are_per_instance,
    create__case_of_the_name__ignored,
    create__odd_characters__allowed,
    create__trailing_backslash__part_of_the_name,
    create__slashes_and_verbatim_prefix__same_pipe,
    create__last_instance_closed__name_is_free,
    create__old_client_alive__name_is_free_for_first,
    create__server_closed_once__handle_is_stale,
];

//= observed: a name that is not under `\\.\pipe\`
fn create__name_outside_the_pipes__123<D: Door>(d: &D) {
    fails(d.create(&Create::bytes(r"\\.\pip\name")), INVALID_NAME);
}

//= observed: status OBJECT_NAME_INVALID
fn create__empty_name__123<D: Door>(d: &D) {
    fails(d.create(&Create::bytes(r"\\.\pipe\")), INVALID_NAME);
}

//= learn: Pipe Names
// The server part of a created pipe must be a dot; Wine's code.
fn create__other_computer__3<D: Door>(d: &D) {
    fails(d.create(&Create::bytes(r"\\otherhost\pipe\name")), PATH_NOT_FOUND);
}

//= learn: CreateNamedPipe
// The page names the limit and no code; Wine's code.
fn create__name_longer_than_256__206<D: Door>(d: &D) {
    let name = padded(257);
    fails(d.create(&Create::bytes(&name)), FILENAME_TOO_LONG);
}

//= learn: CreateNamedPipe
fn create__name_of_256__ok<D: Door>(d: &D) {
    let name = padded(256);
    let _server = d.create(&Create::bytes(&name)).expect("create");
    d.open(&name, Open::BOTH).expect("open");
}

fn padded(len: usize) -> String {
    let mut name = unique("");
    name.extend(std::iter::repeat_n('x', len - name.len()));
    name
}

//= learn: CreateNamedPipe
fn create__no_instances_or_more_than_255__87<D: Door>(d: &D) {
    let name = unique("limit");
    fails(d.create(&Create::bytes(&name).max(0)), INVALID_PARAMETER);
    fails(d.create(&Create::bytes(&name).max(256)), INVALID_PARAMETER);
}

//= learn: GetNamedPipeInfo
fn create__255__reported_as_unlimited<D: Door>(d: &D) {
    let name = unique("unlimited");
    let server = d.create(&Create::bytes(&name).max(255)).expect("create");
    assert_eq!(d.info(&server).expect("info").max_instances, 255);
}

//= observed: none of the PIPE_ACCESS bits
fn create__no_direction__87<D: Door>(d: &D) {
    let name = unique("access");
    fails(d.create(&Create::bytes(&name).access(Access::None)), INVALID_PARAMETER);
}

//= observed: PIPE_TYPE_BYTE with PIPE_READMODE_MESSAGE
fn create__byte_type_read_in_messages__87<D: Door>(d: &D) {
    let name = unique("mode");
    let options = Create { read_message: true, ..Create::bytes(&name) };
    fails(d.create(&options), INVALID_PARAMETER);
}

//= learn: CreateNamedPipe
//= observed: .NET's tests on Windows
fn create__first_but_exists__5<D: Door>(d: &D) {
    let name = unique("first");
    let _server = d.create(&Create::bytes(&name)).expect("create");
    fails(d.create(&Create { first: true, ..Create::bytes(&name) }), ACCESS_DENIED);
}

//= observed: the limit is checked before the flag
fn create__first_but_limit_reached__231<D: Door>(d: &D) {
    let name = unique("first");
    let _server = d.create(&Create::bytes(&name).max(1)).expect("create");
    fails(d.create(&Create { first: true, ..Create::bytes(&name).max(1) }), PIPE_BUSY);
}

//= observed: FILE_FLAG_FIRST_PIPE_INSTANCE binds nobody else
fn create__plain_after_first__ok<D: Door>(d: &D) {
    let name = unique("first");
    let _first = d.create(&Create { first: true, ..Create::bytes(&name) }).expect("create");
    d.create(&Create::bytes(&name)).expect("a second instance");
}

//= observed: more instances than the limit
fn create__beyond_the_limit__231<D: Door>(d: &D) {
    let name = unique("limit");
    let options = Create::bytes(&name).max(2);
    let _first = d.create(&options).expect("create");
    let second = d.create(&options).expect("create");
    fails(d.create(&options), PIPE_BUSY);
    d.close(&second).expect("close");
    d.create(&options).expect("in place of the closed one");
}

//= observed: first 3, later 2 or 4: three are allowed, the fourth fails
fn create__later_limit__ignored<D: Door>(d: &D) {
    for later in [2, 4] {
        let name = unique("limit");
        let _first = d.create(&Create::bytes(&name).max(3)).expect("create");
        let _second = d.create(&Create::bytes(&name).max(later)).expect("create");
        let third = d.create(&Create::bytes(&name).max(later)).expect("create");
        fails(d.create(&Create::bytes(&name).max(later)), PIPE_BUSY);
        assert_eq!(d.info(&third).expect("info").max_instances, 3);
    }
}

//= observed: first DUPLEX, then INBOUND
fn create__other_access__5<D: Door>(d: &D) {
    let name = unique("access");
    let _server = d.create(&Create::bytes(&name)).expect("create");
    fails(d.create(&Create::bytes(&name).access(Access::Inbound)), ACCESS_DENIED);
}

//= observed: a later instance of another type succeeds and has the first one's type
// The documentation says that it fails.
fn create__other_type__first_one_counts<D: Door>(d: &D) {
    let name = unique("type");
    let _first = d.create(&Create::bytes(&name)).expect("create");
    let options = Create { type_message: true, default_ms: 7, ..Create::bytes(&name).quota(99) };
    let second = d.create(&options).expect("create");
    assert!(!d.info(&second).expect("info").type_message);
}

//= model: a later instance has its own sizes
fn create__sizes__are_per_instance<D: Door>(d: &D) {
    let name = unique("sizes");
    let _first = d.create(&Create::bytes(&name).quota(100)).expect("create");
    let options = Create { out_size: 200, in_size: 300, ..Create::bytes(&name) };
    let second = d.info(&d.create(&options).expect("create")).expect("info");
    assert_eq!((second.out_size, second.in_size), (200, 300));
}

//= learn: Pipe Names
fn create__case_of_the_name__ignored<D: Door>(d: &D) {
    let name = unique("MixedCase");
    let _server = d.create(&Create::bytes(&name).max(1)).expect("create");
    fails(d.create(&Create::bytes(&name.to_uppercase()).max(1)), PIPE_BUSY);
    d.open(&name.to_lowercase(), Open::BOTH).expect("open");
}

//= observed: `<>*?|":/` and an inner backslash belong to the name
fn create__odd_characters__allowed<D: Door>(d: &D) {
    for odd in ["<>*?|\":/", r"inner\part", "a b", "ünïcode", "%2f.", ".."] {
        let name = unique(odd);
        let server = d.create(&Create::bytes(&name)).expect("create");
        let client = d.open(&name, Open::BOTH).expect("open");
        accepted(d.connect(&server));
        writes(d, &client, odd.as_bytes());
        reads(d, &server, 100, odd.as_bytes());
        fails(d.open(&format!("{name}x"), Open::BOTH), NOT_FOUND);
    }
}

//= observed: opening without the trailing backslash fails
fn create__trailing_backslash__part_of_the_name<D: Door>(d: &D) {
    let name = unique(r"end\");
    let _server = d.create(&Create::bytes(&name)).expect("create");
    fails(d.open(name.trim_end_matches('\\'), Open::BOTH), NOT_FOUND);
    d.open(&name, Open::BOTH).expect("open");
}

//= observed: on Wine
fn create__slashes_and_verbatim_prefix__same_pipe<D: Door>(d: &D) {
    let name = unique("prefix");
    let tail = name.rsplit('\\').next().expect("the last part");
    let _one = d.create(&Create::bytes(&format!("//./pipe/{tail}"))).expect("slashes");
    let _two = d.create(&Create::bytes(&format!(r"\\?\pipe\{tail}"))).expect("verbatim");
    let _three = d.create(&Create::bytes(&format!(r"\\.\PIPE\{tail}"))).expect("capitals");
    let _first = d.open(&name, Open::BOTH).expect("open");
    let _second = d.open(&name, Open::BOTH).expect("open");
    let _third = d.open(&name, Open::BOTH).expect("open");
    fails(d.open(&name, Open::BOTH), PIPE_BUSY);
}

//= observed: the last server handle takes the name with it
fn create__last_instance_closed__name_is_free<D: Door>(d: &D) {
    let name = unique("free");
    let server = d.create(&Create::bytes(&name)).expect("create");
    d.close(&server).expect("close");
    fails(d.open(&name, Open::BOTH), NOT_FOUND);
    let other = Create { first: true, ..Create::messages(&name).access(Access::Inbound) };
    let server = d.create(&other).expect("create anew, as something else");
    assert!(d.info(&server).expect("info").type_message);
}

//= observed: a client handle keeps its connection, not the name
fn create__old_client_alive__name_is_free_for_first<D: Door>(d: &D) {
    let old = pair(d, |name| Create::bytes(name));
    writes(d, &old.server, b"old");
    d.close(&old.server).expect("close");
    let options = Create { first: true, ..Create::bytes(&old.name) };
    let server = d.create(&options).expect("create anew");
    let client = d.open(&old.name, Open::BOTH).expect("open");
    accepted(d.connect(&server));
    writes(d, &server, b"new");
    reads(d, &client, 10, b"new");
    reads(d, &old.client, 10, b"old");
}

//= observed: a closed handle is no handle
fn create__server_closed_once__handle_is_stale<D: Door>(d: &D) {
    let server = d.create(&Create::bytes(&unique("stale"))).expect("create");
    d.close(&server).expect("close");
    fails(d.close(&server), crate::code::INVALID_HANDLE);
}
