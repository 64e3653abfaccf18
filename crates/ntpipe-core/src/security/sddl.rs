//! Windows' notation of security descriptors: reading and writing it.
//= learn: Security Descriptor String Format, ACE Strings

use super::descriptor::{ALLOWED, AUDIT, Ace, DENIED, Descriptor, LABEL, control};
use super::sid::Sid;

type Parsed<T> = Result<T, Malformed>;

/// What of a text is not understood. Windows has an error of its own for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The owner or the group.
    Identifier(String),
    /// An entry of a list.
    Entry(String),
    /// Something else.
    Text(String),
}

impl Malformed {
    /// What is wrong with it.
    #[must_use]
    pub fn why(&self) -> &str {
        let (Self::Identifier(why) | Self::Entry(why) | Self::Text(why)) = self;
        why
    }
}

impl From<String> for Malformed {
    fn from(why: String) -> Self {
        Self::Text(why)
    }
}

impl From<&str> for Malformed {
    fn from(why: &str) -> Self {
        Self::Text(why.into())
    }
}

/// Two letters, and what they stand for.
type Words<T> = &'static [(&'static str, T)];

const KINDS: Words<u8> = &[("A", ALLOWED), ("D", DENIED), ("AU", AUDIT), ("ML", LABEL)];
const FLAGS: Words<u8> =
    &[("OI", 0x1), ("CI", 0x2), ("NP", 0x4), ("IO", 0x8), ("ID", 0x10), ("SA", 0x40), ("FA", 0x80)];
/// Rights that are written as what they are called together.
const WHOLE: Words<u32> = &[
    ("GA", 0x1000_0000),
    ("GR", 0x8000_0000),
    ("GW", 0x4000_0000),
    ("GX", 0x2000_0000),
    ("FA", 0x001f_01ff),
    ("FR", 0x0012_0089),
    ("FW", 0x0012_0116),
    ("FX", 0x0012_00a0),
    ("KA", 0x000f_003f),
    ("KR", 0x0002_0019),
    ("KW", 0x0002_0006),
];
/// Rights of one bit each.
const SINGLE: Words<u32> = &[
    ("CC", 0x1),
    ("DC", 0x2),
    ("LC", 0x4),
    ("SW", 0x8),
    ("RP", 0x10),
    ("WP", 0x20),
    ("DT", 0x40),
    ("LO", 0x80),
    ("CR", 0x100),
    ("SD", 0x1_0000),
    ("RC", 0x2_0000),
    ("WD", 0x4_0000),
    ("WO", 0x8_0000),
    ("GX", 0x2000_0000),
    ("GW", 0x4000_0000),
    ("GR", 0x8000_0000),
];
/// What a label forbids.
const LABELS: Words<u32> = &[("NW", 0x1), ("NR", 0x2), ("NX", 0x4)];

/// Flags of a list, in the order in which they are written. Of a SACL one bit higher.
const LIST_FLAGS: Words<u16> = &[("P", control::DACL_PROTECTED), ("AR", 0x100), ("AI", 0x400)];
const NULL_LIST: &str = "NO_ACCESS_CONTROL";

/// The descriptor that `text` describes.
pub(super) fn parse(text: &str) -> Parsed<Descriptor> {
    let mut rest = text.trim();
    let mut descriptor = Descriptor::default();
    let mut seen = String::new();
    if rest.is_empty() {
        return Err("it is empty".into());
    }
    while !rest.is_empty() {
        let unknown = || Malformed::Text(format!("{rest:?} is not understood"));
        let (letter, body) = rest.split_once(':').ok_or_else(unknown)?;
        if !["O", "G", "D", "S"].contains(&letter) {
            return Err(unknown());
        }
        if seen.contains(letter) {
            return Err(format!("it has {letter:?} twice").into());
        }
        seen.push_str(letter);
        let (body, after) = body.split_at(end_of_part(body));
        let body = body.trim();
        rest = after;
        match letter {
            "O" => descriptor.owner = Some(trustee(body).map_err(Malformed::Identifier)?),
            "G" => descriptor.group = Some(trustee(body).map_err(Malformed::Identifier)?),
            letter => {
                let (flags, list) = parse_list(body)?;
                let sacl = letter == "S";
                descriptor.control |= if sacl { flags << 1 } else { flags };
                *if sacl { &mut descriptor.sacl } else { &mut descriptor.dacl } = Some(list);
            }
        }
    }
    Ok(descriptor)
}

/// Where the next `O:`, `G:`, `D:` or `S:` begins. No part before it holds a colon.
fn end_of_part(body: &str) -> usize {
    let letter = |colon: usize| colon.checked_sub(1).filter(|at| body.is_char_boundary(*at));
    body.find(':').and_then(letter).unwrap_or(body.len())
}

fn parse_list(body: &str) -> Parsed<(u16, Option<Vec<Ace>>)> {
    let open = body.find('(').unwrap_or(body.len());
    let (words, mut rest) = body.split_at(open);
    let mut words = words.trim();
    let mut flags = 0;
    while !words.is_empty() && words != NULL_LIST {
        let word = LIST_FLAGS.iter().find_map(|(name, bit)| Some((words.strip_prefix(name)?, bit)));
        let (after, bit) = word.ok_or_else(|| format!("unknown flags of a list {words:?}"))?;
        flags |= bit;
        words = after;
    }
    if words == NULL_LIST {
        return if rest.is_empty() { Ok((flags, None)) } else { Err("entries of no list".into()) };
    }
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let bad = |why: &str| Malformed::Entry(why.into());
        let inner = rest.strip_prefix('(').ok_or_else(|| bad("an entry begins with \"(\""))?;
        let (entry, after) =
            inner.split_once(')').ok_or_else(|| bad("an entry ends with \")\""))?;
        entries.push(parse_entry(entry).map_err(Malformed::Entry)?);
        rest = after.trim_start();
    }
    Ok((flags, Some(entries)))
}

fn parse_entry(text: &str) -> Result<Ace, String> {
    let fields: Vec<&str> = text.split(';').map(str::trim).collect();
    let [kind, flags, rights, "", "", who] = fields[..] else {
        return Err(format!("({text}) does not read (type;flags;rights;;;trustee)"));
    };
    let kind =
        find(KINDS, kind).ok_or_else(|| format!("entries of type {kind:?} are not known"))?;
    let mut bits = 0;
    for flag in pairs(flags)? {
        bits |= find(FLAGS, flag).ok_or_else(|| format!("unknown entry flag {flag:?}"))?;
    }
    Ok(Ace { kind, flags: bits, mask: parse_rights(kind, rights)?, sid: trustee(who)? })
}

fn parse_rights(kind: u8, text: &str) -> Result<u32, String> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(hex, 16).map_err(|_| format!("{text:?} is no access mask"));
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return text.parse().map_err(|_| format!("{text:?} is no access mask"));
    }
    let word = |name: &str| match kind {
        LABEL => find(LABELS, name),
        _ => find(WHOLE, name).or_else(|| find(SINGLE, name)),
    };
    pairs(text)?.into_iter().try_fold(0, |mask, name| {
        Ok(mask | word(name).ok_or_else(|| format!("unknown right {name:?}"))?)
    })
}

fn trustee(text: &str) -> Result<Sid, String> {
    Sid::parse(text).ok_or_else(|| {
        format!("{text:?} is no identifier; they begin with S-1-, or are OW WD BU AU SY BA …")
    })
}

fn find<T: Copy>(words: Words<T>, name: &str) -> Option<T> {
    words.iter().find(|word| word.0 == name).map(|word| word.1)
}

/// A text of two-letter words.
fn pairs(text: &str) -> Result<Vec<&str>, String> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return Err(format!("{text:?} does not consist of two-letter words"));
    }
    Ok((0..text.len()).step_by(2).map(|at| &text[at..at + 2]).collect())
}

impl Descriptor {
    /// The descriptor in Windows' notation.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (part, sid) in [("O:", &self.owner), ("G:", &self.group)] {
            if let Some(sid) = sid {
                text.push_str(part);
                text.push_str(&name_of(sid));
            }
        }
        for (part, shift, list) in [("D:", 0, &self.dacl), ("S:", 1, &self.sacl)] {
            let Some(list) = list else { continue };
            text.push_str(part);
            for (name, bit) in LIST_FLAGS {
                text.push_str(if self.control & bit << shift != 0 { name } else { "" });
            }
            match list {
                None => text.push_str(NULL_LIST),
                Some(list) => list.iter().for_each(|ace| text.push_str(&entry_text(ace))),
            }
        }
        text
    }
}

fn entry_text(ace: &Ace) -> String {
    let kind = KINDS.iter().find(|word| word.1 == ace.kind).map_or("", |word| word.0);
    let flags = FLAGS.iter().filter(|word| ace.flags & word.1 != 0).map(|word| word.0);
    let rights = rights_text(ace.kind, ace.mask);
    format!("({kind};{};{rights};;;{})", flags.collect::<String>(), name_of(&ace.sid))
}

fn rights_text(kind: u8, mask: u32) -> String {
    let (whole, single): (Words<u32>, Words<u32>) =
        if kind == LABEL { (&[], LABELS) } else { (WHOLE, SINGLE) };
    if let Some(word) = whole.iter().find(|word| word.1 == mask) {
        return word.0.into();
    }
    let named = single.iter().filter(|word| mask & word.1 != 0);
    if single.iter().fold(0, |all, word| all | word.1) & mask == mask {
        named.map(|word| word.0).collect()
    } else {
        format!("{mask:#x}")
    }
}

fn name_of(sid: &Sid) -> String {
    sid.letters().map_or_else(|| sid.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::descriptor::rights_of;
    use super::super::{Rights, Security};
    use super::*;

    #[test]
    fn descriptors_as_they_are_found_in_the_wild() {
        for (text, entries) in [
            ("D:P(A;;GA;;;OW)(A;;GWGR;;;WD)(D;;GA;;;S-1-22-1-1000)", 3),
            ("D:P(A;;GA;;;SY)(A;;GA;;;BA)", 2),
            ("O:BAG:SYD:AI(A;OICI;FA;;;BA)(A;IO;GA;;;CO)(A;;0x12019f;;;AU)", 2),
            ("D:(D;;GA;;;NU)(A;;GA;;;WD)S:(ML;;NW;;;LW)", 1),
            ("D:", 0),
            ("D:NO_ACCESS_CONTROL", 1),
            ("O:SY", 1),
        ] {
            let security = Security::sddl(text).unwrap();
            assert_eq!(security.entries.len(), entries, "{text}");
            assert_eq!(parse(text).unwrap().text(), text);
        }
    }

    #[test]
    fn parts_come_in_any_order_and_once() {
        for (text, written) in [
            ("S:(ML;;NW;;;LW)D:(A;;GA;;;WD)", "D:(A;;GA;;;WD)S:(ML;;NW;;;LW)"),
            ("D:(A;;GA;;;WD) O:BA G:SY", "O:BAG:SYD:(A;;GA;;;WD)"),
            ("D:AIPAR(A;;GA;;;WD)", "D:PARAI(A;;GA;;;WD)"),
        ] {
            assert_eq!(parse(text).unwrap().text(), written);
        }
        for text in ["D:D:", "O:BAD:O:BA", "O:BAX:BA"] {
            assert!(matches!(parse(text), Err(Malformed::Text(_))), "{text}");
        }
    }

    #[test]
    fn it_is_told_what_is_malformed() {
        for text in ["D:(A;;ROB;;;WD)", "D:(A;;GA;;;ZZ)", "D:(A;;GA;;;WD", "D:(A;;GA;;;WD)x"] {
            assert!(matches!(parse(text), Err(Malformed::Entry(_))), "{text}");
        }
        assert!(matches!(parse("O:ZZ"), Err(Malformed::Identifier(_))));
    }

    #[test]
    fn rights_reduce_to_reading_and_writing() {
        for (text, read, write) in [
            ("GA", true, true),
            ("GR", true, false),
            ("FW", false, true),
            ("FRFW", true, true),
            ("0x12019f", true, true),
            ("0x120089", true, false),
            ("1", true, false),
            ("RC", false, false),
            ("", false, false),
        ] {
            let mask = parse_rights(ALLOWED, text).unwrap();
            assert_eq!(rights_of(mask), Rights { read, write }, "{text}");
        }
    }

    #[test]
    fn rights_are_written_as_windows_writes_them() {
        for (mask, text) in [
            (0x1f_01ff, "FA"),
            (0x3, "CCDC"),
            (0x12_019f, "0x12019f"),
            (0xC000_0000, "GWGR"),
            (0, ""),
        ] {
            assert_eq!(rights_text(ALLOWED, mask), text);
        }
        assert_eq!(rights_text(LABEL, 3), "NWNR");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "",
            "x",
            "D:(A;;GA;;;ZZ)",
            "D:(A;;GA;;;WD",
            "D:(A;;GA;WD)",
            "D:(X;;GA;;;WD)",
            "D:(A;;GQ;;;WD)",
            "D:(A;;GÄ;;;WD)",
            "D:(A;;0xfffffffff;;;WD)",
            "D:(A;ZZ;GA;;;WD)",
            "D:Q(A;;GA;;;WD)",
            "D:(A;;GA;;;S-1-22-1-99999999999)",
            "D:(A;;GA;;;S-1-5-21-1-2-3-500)",
            "O:ZZ",
            ":",
            "D::",
            "O:Ä:",
        ] {
            assert!(Security::sddl(text).is_err(), "{text}");
        }
    }
}
