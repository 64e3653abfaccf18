//! Identifiers, lists, descriptors and tokens, called as C calls them.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_void};
use std::ptr::{null, null_mut};

use super::*;
use crate::boundary::{last_error, set_last_error};
use crate::handleapi::CloseHandle;
use crate::heapapi::LocalFree;
use crate::processthreadsapi::{
    GetCurrentProcess, GetCurrentThread, OpenProcessToken, OpenThreadToken,
};
use crate::sddl::*;
use crate::security::{DACL, GROUP, OWNER, PSID, SACL, SECURITY_DESCRIPTOR};
use crate::types::HANDLE;

const ALL: u32 = OWNER | GROUP | DACL | SACL;
const TOKEN_ALL: u32 = 0xF_01FF;

/// A place as C programs have them: bytes with the alignment of the structures.
#[repr(C, align(8))]
struct Place([u8; 1024]);

impl Place {
    fn new() -> Self {
        Self([0xEE; 1024])
    }

    fn at(&mut self) -> *mut c_void {
        self.0.as_mut_ptr().cast()
    }

    fn word(&self, at: usize) -> u32 {
        u32::from_ne_bytes([self.0[at], self.0[at + 1], self.0[at + 2], self.0[at + 3]])
    }
}

/// An identifier in a block of its own.
fn sid(text: &str) -> PSID {
    let (text, mut sid) = (CString::new(text).expect("no zero"), null_mut());
    // SAFETY: a string, and a place for the pointer.
    assert_eq!(unsafe { ConvertStringSidToSidA(text.as_ptr(), &raw mut sid) }, 1);
    sid
}

fn free(block: *mut c_void) {
    // SAFETY: a block that a function of this library gave, and that is freed once.
    unsafe { LocalFree(block) };
}

fn taken(text: *mut std::ffi::c_char) -> String {
    // SAFETY: a string that a function of this library gave.
    let read = unsafe { CStr::from_ptr(text) }.to_str().expect("UTF-8").to_owned();
    free(text.cast());
    read
}

fn text_of(sid: PSID) -> String {
    let mut text = null_mut();
    // SAFETY: an identifier, and a place for the pointer.
    assert_eq!(unsafe { ConvertSidToStringSidA(sid, &raw mut text) }, 1);
    taken(text)
}

fn descriptor(text: &str) -> (*mut c_void, u32) {
    let (text, mut made, mut size) = (CString::new(text).expect("no zero"), null_mut(), 0);
    let (to, len) = (&raw mut made, &raw mut size);
    let text = text.as_ptr();
    // SAFETY: a string, and places for the results.
    let ok = unsafe { ConvertStringSecurityDescriptorToSecurityDescriptorA(text, 1, to, len) };
    assert_eq!(ok, 1);
    (made, size)
}

fn written(it: *mut c_void) -> String {
    let mut text = null_mut();
    let to = &raw mut text;
    // SAFETY: a descriptor, and places for the results.
    let ok =
        unsafe { ConvertSecurityDescriptorToStringSecurityDescriptorA(it, 1, ALL, to, null_mut()) };
    assert_eq!(ok, 1);
    taken(text)
}

#[test]
fn an_identifier_made_of_parts_is_the_one_that_is_read() {
    let mut made = null_mut();
    let nt = [0, 0, 0, 0, 0, 5];
    // SAFETY: an authority, and a place for the pointer.
    let ok = unsafe {
        AllocateAndInitializeSid(&raw const nt, 2, 32, 544, 0, 0, 0, 0, 0, 0, &raw mut made)
    };
    assert_eq!((ok, text_of(made).as_str()), (1, "S-1-5-32-544"));
    let read = sid("BA");
    // SAFETY: identifiers, here and below.
    assert_eq!(unsafe { EqualSid(made, read) }, 1);
    // SAFETY: as above.
    assert_eq!(unsafe { GetLengthSid(made) }, GetSidLengthRequired(2));
    let other = sid("BU");
    // SAFETY: as above.
    assert_eq!(unsafe { EqualSid(made, other) }, 0);
    // SAFETY: as above.
    assert_eq!(unsafe { EqualPrefixSid(made, other) }, 1);
    let last = GetSidSubAuthority(made, 1);
    // SAFETY: the second part of two.
    unsafe { last.write(545) };
    // SAFETY: as above.
    assert_eq!(unsafe { EqualSid(made, other) }, 1);
    let mut place = Place::new();
    // SAFETY: room for no more than is told.
    assert_eq!(unsafe { CopySid(15, place.at(), made) }, 0);
    assert_eq!(last_error(), 122);
    // SAFETY: as above.
    assert_eq!(unsafe { CopySid(16, place.at(), made) }, 1);
    assert_eq!(text_of(place.at()), "S-1-5-32-545");
    // SAFETY: from `AllocateAndInitializeSid`.
    assert!(unsafe { FreeSid(made) }.is_null());
    // SAFETY: null is nothing.
    assert_eq!(unsafe { IsValidSid(null_mut()) }, 0);
    [read, other].into_iter().for_each(free);
}

#[test]
fn well_known_identifiers_are_windows() {
    for (number, text) in [(1, "S-1-1-0"), (13, "S-1-5-7"), (22, "S-1-5-18"), (26, "S-1-5-32-544")]
    {
        let (mut place, mut size) = (Place::new(), 0);
        let len = &raw mut size;
        // SAFETY: places for the results, here and below.
        assert_eq!(unsafe { CreateWellKnownSid(number, null_mut(), place.at(), len) }, 0);
        assert_eq!(last_error(), 122);
        // SAFETY: as above.
        assert_eq!(unsafe { CreateWellKnownSid(number, null_mut(), place.at(), len) }, 1);
        assert_eq!(text_of(place.at()), text);
        // SAFETY: an identifier.
        assert_eq!(unsafe { IsWellKnownSid(place.at(), number) }, 1);
        // SAFETY: as above.
        assert_eq!(unsafe { IsWellKnownSid(place.at(), 11) }, 0);
    }
}

#[test]
fn entries_are_added_found_and_deleted() {
    let (mut acl, everyone, root) = (Place::new(), sid("WD"), sid("S-1-22-1-0"));
    let list = acl.at();
    // SAFETY: room for the list, here and below.
    assert_eq!(unsafe { InitializeAcl(list, 64, 2) }, 1);
    // SAFETY: a list and identifiers, here and below.
    assert_eq!(unsafe { AddAccessAllowedAce(list, 2, 0x1000_0000, everyone) }, 1);
    // SAFETY: as above.
    assert_eq!(unsafe { AddAccessDeniedAceEx(list, 2, 0x10, 2, root) }, 1);
    // SAFETY: as above.
    assert_eq!(unsafe { AddAccessAllowedAce(list, 2, 1, root) }, 0);
    assert_eq!(last_error(), 1344);
    let mut told = [0u32; 3];
    let to = told.as_mut_ptr().cast();
    // SAFETY: as above, and room for three numbers.
    assert_eq!(unsafe { GetAclInformation(list, to, 12, 2) }, 1);
    assert_eq!(told, [2, 8 + 20 + 24, 64 - 52]);
    let mut second = null_mut();
    // SAFETY: as above.
    assert_eq!(unsafe { GetAce(list, 1, &raw mut second) }, 1);
    assert_eq!(second.addr() - list.addr(), 28);
    assert_eq!(text_of(second.wrapping_byte_add(8)), "S-1-22-1-0");
    // SAFETY: as above; the entry is one of the list's own.
    assert_eq!(unsafe { AddAce(list, 2, 0, second, 24) }, 0);
    // SAFETY: as above.
    assert_eq!(unsafe { DeleteAce(list, 0) }, 1);
    // SAFETY: as above.
    assert_eq!(unsafe { AddAce(list, 2, 0, list.wrapping_byte_add(8), 24) }, 1);
    // SAFETY: as above.
    assert_eq!(unsafe { IsValidAcl(list) }, 1);
    // SAFETY: as above.
    assert_eq!(unsafe { GetAce(list, 2, &raw mut second) }, 0);
    // The size of an entry that is longer than its list.
    acl.0[10] = 0xFF;
    // SAFETY: as above.
    assert_eq!(unsafe { IsValidAcl(acl.at()) }, 0);
    [everyone, root].into_iter().for_each(free);
}

#[test]
fn a_list_refuses_what_windows_refuses() {
    let (mut acl, everyone) = (Place::new(), sid("WD"));
    let list = acl.at();
    // SAFETY: room for the list, here and below.
    assert_eq!((unsafe { InitializeAcl(list, 64, 1) }, last_error()), (0, 87));
    // SAFETY: as above.
    assert_eq!(unsafe { InitializeAcl(list, 64, 2) }, 1);
    // SAFETY: a list and an identifier, here and below.
    assert_eq!((unsafe { AddAccessAllowedAce(list, 5, 1, everyone) }, last_error()), (0, 1306));
    // SAFETY: as above.
    assert_eq!(unsafe { AddAccessAllowedAce(list, 1, 1, everyone) }, 1);
    assert_eq!(acl.0[0], 2);
    // SAFETY: as above.
    assert_eq!(unsafe { InitializeAcl(list, 64, 2) }, 1);
    for flags in [0x20, 0x40, 0x100] {
        // SAFETY: as above.
        let ok = unsafe { AddAccessAllowedAceEx(list, 2, flags, 1, everyone) };
        assert_eq!((ok, last_error()), (0, 87), "{flags:#x}");
    }
    // SAFETY: as above.
    assert_eq!(unsafe { AddAccessAllowedAceEx(list, 4, 0x1F, 1, everyone) }, 1);
    let mut large = Place([0; 1024]);
    large.0[2] = 60;
    // SAFETY: as above, and an entry of that size.
    assert_eq!((unsafe { AddAce(list, 2, 0, large.at(), 60) }, last_error()), (0, 122));
    // Where the entry's identifier has its revision, and how many parts it has.
    for (at, bad) in [(16, 9), (17, 2), (17, 16)] {
        let good = std::mem::replace(&mut acl.0[at], bad);
        // SAFETY: as above.
        assert_eq!(unsafe { IsValidAcl(acl.at()) }, 0, "{at} {bad}");
        let mut whole = Place::new();
        // SAFETY: room for a descriptor.
        assert_eq!(unsafe { InitializeSecurityDescriptor(whole.at(), 1) }, 1);
        // SAFETY: a descriptor and a list, here and below.
        assert_eq!(unsafe { SetSecurityDescriptorDacl(whole.at(), 1, acl.at(), 0) }, 1);
        // SAFETY: as above.
        assert_eq!(unsafe { IsValidSecurityDescriptor(whole.at()) }, 0, "{at} {bad}");
        acl.0[at] = good;
    }
    // SAFETY: as above.
    assert_eq!(unsafe { IsValidAcl(acl.at()) }, 1);
    free(everyone);
}

#[test]
fn the_last_error_tells_identifiers_that_differ_from_none() {
    let (one, other) = (sid("WD"), sid("BA"));
    set_last_error(1);
    // SAFETY: identifiers, or null, here and below.
    assert_eq!((unsafe { EqualSid(one, other) }, last_error()), (0, 0));
    // SAFETY: as above.
    assert_eq!((unsafe { EqualSid(one, null_mut()) }, last_error()), (0, 1337));
    [one, other].into_iter().for_each(free);
}

#[test]
fn a_text_that_is_malformed_or_has_no_place_is_refused() {
    for (text, error) in
        [(c"D:(A;;ROB;;;WD)", 1336), (c"D:(A;;GA;;;ZZ)", 1336), (c"O:ZZ", 1337), (c"Q:BA", 87)]
    {
        let (text, mut made) = (text.as_ptr(), null_mut());
        let to = &raw mut made;
        // SAFETY: a string and a place, here and below.
        let ok = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorA(text, 1, to, null_mut())
        };
        assert_eq!((ok, last_error()), (0, error));
    }
    let one = sid("WD");
    // SAFETY: as above; no place is given.
    assert_eq!((unsafe { ConvertSidToStringSidA(one, null_mut()) }, last_error()), (0, 87));
    // SAFETY: as above.
    let ok = unsafe { ConvertStringSidToSidA(c"WD".as_ptr(), null_mut()) };
    assert_eq!((ok, last_error()), (0, 87));
    free(one);
}

#[test]
fn the_control_word_of_either_form_changes() {
    const PROTECTED: u16 = 0x1000;
    let (whole, _) = descriptor("D:(A;;GA;;;WD)");
    // SAFETY: a descriptor, here and below.
    assert_eq!(unsafe { SetSecurityDescriptorControl(whole, PROTECTED, PROTECTED) }, 1);
    assert_eq!(written(whole), "D:P(A;;GA;;;WD)");
    // SAFETY: as above.
    assert_eq!((unsafe { SetSecurityDescriptorControl(whole, 4, 0) }, last_error()), (0, 87));
    let mut other = Place([7; 1024]);
    let (mut control, mut revision) = (0, 0);
    let (to, from) = (&raw mut control, &raw mut revision);
    // SAFETY: bytes that are as long as a descriptor, and places.
    let ok = unsafe { GetSecurityDescriptorControl(other.at(), to, from) };
    assert_eq!((ok, last_error()), (0, 1305));
    free(whole);
}

#[test]
fn a_descriptor_goes_from_one_form_to_the_other_and_into_text() {
    let text = "O:BAG:SYD:P(A;;FA;;;WD)(D;;CC;;;S-1-22-1-5)S:(ML;;NW;;;LW)";
    let (relative, size) = descriptor(text);
    // SAFETY: a descriptor, here and below.
    assert_eq!(unsafe { GetSecurityDescriptorLength(relative) }, size);
    assert_eq!(written(relative), text);
    let mut parts = [const { Place([0; 1024]) }; 5];
    let mut sizes = [0u32; 5];
    let places: Vec<_> = parts.iter_mut().map(Place::at).collect();
    let lens: Vec<_> = sizes.iter_mut().map(|size| &raw mut *size).collect();
    let [made, dacl, sacl, owner, group] = places[..] else { unreachable!() };
    let [len, dacl_len, sacl_len, owner_len, group_len] = lens[..] else { unreachable!() };
    let make = || {
        // SAFETY: a descriptor, and places as large as is told.
        unsafe {
            MakeAbsoluteSD(
                relative, made, len, dacl, dacl_len, sacl, sacl_len, owner, owner_len, group,
                group_len,
            )
        }
    };
    assert_eq!((make(), last_error()), (0, 122));
    assert_eq!(make(), 1);
    assert_eq!(written(made), text);
    let (mut back, mut room) = (Place::new(), 0);
    // SAFETY: a descriptor, and a place as large as is told, here and below.
    assert_eq!(unsafe { MakeSelfRelativeSD(made, back.at(), &raw mut room) }, 0);
    assert_eq!(room, size);
    // SAFETY: as above.
    assert_eq!(unsafe { MakeSelfRelativeSD(made, back.at(), &raw mut room) }, 1);
    assert_eq!(written(back.at()), text);
    // SAFETY: as above.
    assert_eq!(unsafe { SetSecurityDescriptorDacl(relative, 1, null_mut(), 0) }, 0);
    assert_eq!(last_error(), 1338);
    free(relative);
}

#[test]
fn a_descriptor_is_made_by_hand() {
    let mut space = Place::new();
    let it = space.at();
    // SAFETY: room for a descriptor, here and below.
    assert_eq!(unsafe { InitializeSecurityDescriptor(it, 2) }, 0);
    // SAFETY: as above.
    assert_eq!(unsafe { InitializeSecurityDescriptor(it, 1) }, 1);
    assert_eq!(written(it), "");
    // SAFETY: as above.
    assert_eq!(unsafe { SetSecurityDescriptorDacl(it, 1, null_mut(), 0) }, 1);
    let owner = sid("SY");
    // SAFETY: as above, and an identifier that stays.
    assert_eq!(unsafe { SetSecurityDescriptorOwner(it, owner, 1) }, 1);
    assert_eq!(written(it), "O:SYD:NO_ACCESS_CONTROL");
    let (mut control, mut revision) = (0, 0);
    // SAFETY: as above.
    let ok = unsafe { GetSecurityDescriptorControl(it, &raw mut control, &raw mut revision) };
    assert_eq!((ok, control, revision), (1, 0x5, 1));
    // SAFETY: as above.
    assert_eq!(unsafe { SetSecurityDescriptorControl(it, 0x1000, 0x1000) }, 1);
    // SAFETY: as above.
    assert_eq!(unsafe { SetSecurityDescriptorControl(it, 0x8000, 0x8000) }, 0);
    assert_eq!(written(it), "O:SYD:PNO_ACCESS_CONTROL");
    let (mut present, mut list, mut defaulted) = (7, null_mut(), 7);
    let (a, b, c) = (&raw mut present, &raw mut list, &raw mut defaulted);
    // SAFETY: as above.
    assert_eq!(unsafe { GetSecurityDescriptorDacl(it, a, b, c) }, 1);
    assert_eq!((present, list.is_null(), defaulted), (1, true, 0));
    // SAFETY: as above.
    assert_eq!(unsafe { GetSecurityDescriptorSacl(it, a, b, c) }, 1);
    assert_eq!(present, 0);
    // SAFETY: as above.
    assert_eq!(unsafe { GetSecurityDescriptorLength(it) }, 40 + 12);
    assert_eq!(size_of::<SECURITY_DESCRIPTOR>(), 40);
    free(owner);
}

fn own_token() -> HANDLE {
    let mut token = null_mut();
    // SAFETY: a place for the handle.
    assert_eq!(unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_ALL, &raw mut token) }, 1);
    token
}

fn ask(token: HANDLE, class: u32) -> Result<Place, u32> {
    let (mut place, mut size) = (Place::new(), 0);
    // SAFETY: a place for the size alone.
    assert_eq!(unsafe { GetTokenInformation(token, class, null_mut(), 0, &raw mut size) }, 0);
    let (at, size) = (place.at(), &raw mut size);
    // SAFETY: room for more than any class has.
    match unsafe { GetTokenInformation(token, class, at, 1024, size) } {
        0 => Err(last_error()),
        _ => Ok(place),
    }
}

#[test]
fn a_token_tells_its_user_and_everything_else_that_programs_ask_for() {
    let token = own_token();
    let mut user = ask(token, 1).expect("the user");
    let at = user.at().cast::<PSID>();
    // SAFETY: the structure begins with a pointer to the identifier behind it.
    let sid = unsafe { at.read() };
    assert_eq!(text_of(sid), format!("S-1-22-1-{}", rustix::process::geteuid().as_raw()));
    assert!(ask(token, 2).expect("the groups").word(0) >= 5);
    assert!(ask(token, 3).expect("the privileges").word(0) >= 4);
    assert_eq!(ask(token, 8).expect("the type").word(0), 1);
    assert_eq!(ask(token, 9).err(), Some(87));
    assert_eq!(ask(token, 10).expect("the statistics").word(24), 1);
    for class in [4, 5, 6, 7, 12, 17, 18, 20, 25, 27, 28, 29] {
        assert!(ask(token, class).is_ok(), "{class}");
    }
    assert_eq!(ask(token, 999).err(), Some(87));
    CloseHandle(token);
    assert_eq!(ask(token, 1).err(), Some(6));
}

#[test]
fn a_thread_acts_with_a_token_until_it_reverts() {
    let thread = || {
        let mut token = null_mut();
        // SAFETY: a place for the handle.
        match unsafe { OpenThreadToken(GetCurrentThread(), TOKEN_ALL, 1, &raw mut token) } {
            0 => Err(last_error()),
            _ => Ok(token),
        }
    };
    let (process, mut copy) = (own_token(), null_mut());
    assert_eq!(thread(), Err(1008));
    // SAFETY: null, or a place for the handle, here and below.
    assert_eq!(unsafe { SetThreadToken(null(), process) }, 0);
    assert_eq!(last_error(), 1349);
    // SAFETY: as above.
    let ok = unsafe { DuplicateTokenEx(process, TOKEN_ALL, null(), 1, 2, &raw mut copy) };
    assert_eq!(ok, 1);
    // SAFETY: as above.
    assert_eq!(unsafe { SetThreadToken(null(), copy) }, 1);
    let own = thread().expect("a token");
    assert_eq!(ask(own, 9).expect("the level").word(0), 1);
    // SAFETY: as above.
    assert_eq!(unsafe { DuplicateToken(own, 2, &raw mut copy) }, 0);
    assert_eq!(last_error(), 1346);
    assert_eq!(crate::token::may_open().map_err(|failure| failure.win32), Err(1346));
    assert_eq!(RevertToSelf(), 1);
    assert_eq!(thread(), Err(1008));
    assert_eq!((ImpersonateSelf(2), thread().is_ok(), RevertToSelf()), (1, true, 1));
    assert_eq!(ImpersonateAnonymousToken(GetCurrentThread()), 1);
    let anonymous = thread().expect("a token of nobody");
    assert_eq!(crate::token::may_open().map_err(|failure| failure.win32), Err(5));
    let (everyone, mut member) = (sid("WD"), 7);
    // SAFETY: identifiers, and places for the results, here and below.
    assert_eq!(unsafe { CheckTokenMembership(anonymous, everyone, &raw mut member) }, 1);
    assert_eq!((member, RevertToSelf()), (1, 1));
    free(everyone);
    for handle in [process, own, anonymous, copy] {
        assert_eq!(CloseHandle(handle), 1);
    }
}

#[test]
fn privileges_are_checked_in_the_token_of_a_process_as_well() {
    let token = own_token();
    // `SeChangeNotifyPrivilege`, which everybody has enabled, and `SeCreateTokenPrivilege`, which nobody has.
    for (privilege, wanted) in [(23, 1), (2, 0)] {
        let (mut set, mut granted) = ([1u32, 0, privilege, 0, 0], 7);
        let at = set.as_mut_ptr().cast();
        // SAFETY: a set of one privilege, and a place for the result.
        assert_eq!(unsafe { PrivilegeCheck(token, at, &raw mut granted) }, 1);
        assert_eq!((granted, set[4]), (wanted, if wanted == 1 { 0x8000_0000 } else { 0 }));
    }
    CloseHandle(token);
}

#[test]
fn a_list_decides_what_a_token_may_do() {
    let (process, mut token) = (own_token(), null_mut());
    // SAFETY: a place for the handle.
    assert_eq!(unsafe { DuplicateToken(process, 1, &raw mut token) }, 1);
    let file = GENERIC_MAPPING {
        GenericRead: 0x12_0089,
        GenericWrite: 0x12_0116,
        GenericExecute: 0x12_00A0,
        GenericAll: 0x1F_01FF,
    };
    let uid = rustix::process::geteuid().as_raw();
    for (text, asked, wanted) in [
        ("D:(A;;GR;;;WD)", 0x1, Ok(0x1)),
        ("D:(A;;GR;;;WD)", 0x2, Err(5)),
        ("D:(A;;GR;;;WD)", 0x200_0000, Ok(0x16_0089)),
        ("D:(D;;CC;;;AU)(A;;GA;;;WD)", 0x1, Err(5)),
        ("D:(A;;CC;;;S-1-22-1-UID)(D;;CC;;;AU)", 0x1, Ok(0x1)),
        ("D:NO_ACCESS_CONTROL", 0x3, Ok(0x3)),
        ("D:", 0x4_0000, Ok(0x4_0000)),
        ("D:(A;;CC;;;OW)", 0x4_0000, Err(5)),
        ("D:(A;;GA;;;S-1-22-1-999999)", 0x1, Err(5)),
    ] {
        let text = format!("O:S-1-22-1-{uid}G:SY{text}").replace("UID", &uid.to_string());
        let (it, _) = descriptor(&text);
        let (mut set, mut size, mut rights, mut status) = (Place::new(), 20, 7, 7);
        let (a, b, c) = (&raw mut size, &raw mut rights, &raw mut status);
        let (set, mapping) = (set.at(), &raw const file);
        // SAFETY: a descriptor, a mapping, and places for the results.
        assert_eq!(unsafe { AccessCheck(it, token, asked, mapping, set, a, b, c) }, 1);
        let said = if status == 1 { Ok(rights) } else { Err(last_error()) };
        assert_eq!(said, wanted, "{text} {asked:#x}");
        free(it);
    }
    for handle in [process, token] {
        assert_eq!(CloseHandle(handle), 1);
    }
}
