//! Names, access lists, a pipe's metadata and the tokens of inherited ends.

use ntpipe::{Access, NamedPipeClient, NamedPipeServer, PipeReader, PipeWriter, Security};
use ntpipe_core::PipeName;
use ntpipe_core::mode::PipeType;
use ntpipe_core::namespace::Meta;

/// The command line's way to say who may open a pipe.
#[path = "../../../crates/ntpipe-cli/src/acl.rs"]
mod cli_acl;

fn as_text(data: &[u8]) -> &str {
    str::from_utf8(data).unwrap_or_default()
}

/// Any spelling of a name.
///
/// # Panics
///
/// If a name does not read back, or its directory is no plain file name.
pub fn name(data: &[u8]) -> bool {
    let Ok(name) = PipeName::new(as_text(data)) else { return false };
    let again = PipeName::new(&name.to_string()).expect("the whole name is a name");
    assert_eq!((again.as_str(), &again), (name.as_str(), &name));
    let upper = PipeName::new(&name.to_string().to_ascii_uppercase()).expect("so is this");
    assert_eq!(upper, name);
    assert_eq!(upper.directory(), name.directory());
    let directory = name.directory();
    let plain = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-' | '%');
    assert!((1..=200).contains(&directory.len()) && directory.chars().all(plain), "{directory}");
    assert!(!directory.starts_with('.'), "{directory}");
    true
}

/// A security descriptor.
///
/// # Panics
///
/// If it does not survive a pipe's metadata.
pub fn sddl(data: &[u8]) -> bool {
    let Ok(security) = Security::sddl(as_text(data)) else { return false };
    survives_metadata(security);
    true
}

/// The flag `--acl`.
///
/// # Panics
///
/// As [`sddl`].
pub fn acl(data: &[u8]) -> bool {
    let Ok(security) = cli_acl::security(as_text(data)) else { return false };
    survives_metadata(security.group("7").expect("a number is a group"));
    true
}

fn survives_metadata(security: Security) {
    let rights = security.allows(5, 6, &[7, 8]);
    let meta = Meta {
        name: "x".parse().expect("a name"),
        pipe_type: PipeType::Byte,
        access: Access::Duplex,
        max_instances: 255,
        default_timeout_ms: 50,
        incarnation: 9,
        security,
    };
    let read = Meta::decode(&meta.encode()).expect("what was written");
    assert_eq!(read, meta);
    assert_eq!(read.security.allows(5, 6, &[7, 8]), rights);
}

/// The file that tells what a pipe is.
///
/// # Panics
///
/// If what was read does not write and read back.
pub fn meta(data: &[u8]) -> bool {
    let Some(meta) = Meta::decode(data) else { return false };
    let written = meta.encode();
    assert!(written.len() <= Meta::MAX_LEN, "{} bytes", written.len());
    assert_eq!(Meta::decode(&written).as_ref(), Some(&meta));
    assert!((1..=255).contains(&meta.max_instances));
    name(meta.name.as_str().as_bytes());
    true
}

/// The text that tells a child which end it inherits. There is none here, so nothing may come of it;
/// a text is accepted if it is a token.
///
/// # Panics
///
/// If an end comes of it.
pub fn token(data: &[u8]) -> bool {
    let text = without_own_descriptors(as_text(data));
    let errors = [
        NamedPipeClient::from_inherited(&text).err(),
        NamedPipeServer::from_inherited(&text).err(),
        PipeReader::from_inherited(&text).err(),
        PipeWriter::from_inherited(&text).err(),
    ];
    let told = errors.map(|error| error.expect("nothing was inherited").to_string());
    // A right text fails with its descriptors.
    !told.iter().all(|told| told.contains("no token"))
}

/// The same text with descriptors that nobody has: those of this program shall stay open.
fn without_own_descriptors(text: &str) -> String {
    const NOBODYS: i64 = 1 << 24;
    let mut fields: Vec<String> = text.splitn(12, ';').map(str::to_owned).collect();
    if let Some(fds) = fields.get_mut(10) {
        let moved = fds.split(',').map(|fd| match fd.parse::<i64>() {
            Ok(fd @ 0..NOBODYS) => (fd + NOBODYS).to_string(),
            _ => fd.to_owned(),
        });
        *fds = moved.collect::<Vec<_>>().join(",");
    }
    fields.join(";")
}
