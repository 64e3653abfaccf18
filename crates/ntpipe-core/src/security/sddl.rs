//! Windows' notation of security descriptors, as far as it says who may open a pipe.
//= learn: Security Descriptor String Format

use super::{Entry, Rights, Who, allow};

type Parsed<T> = Result<T, String>;

/// The entries of the DACL in `text`.
pub(super) fn parse(text: &str) -> Parsed<Vec<Entry>> {
    let mut rest = text.trim();
    let mut dacl = None;
    if rest.is_empty() {
        return Err("it is empty".into());
    }
    for part in ['O', 'G', 'D', 'S'] {
        let Some(body) = rest.strip_prefix(part).and_then(|body| body.strip_prefix(':')) else {
            continue;
        };
        let end = end_of_part(body);
        let body = &body[..end];
        rest = &rest[2 + end..];
        match part {
            'O' | 'G' => drop(trustee(body.trim())?),
            'D' => dacl = Some(parse_dacl(body.trim())?),
            // Auditing and integrity levels have no counterpart here.
            _ => {}
        }
    }
    if !rest.is_empty() {
        return Err(format!("{rest:?} is not understood"));
    }
    Ok(dacl.unwrap_or_else(everyone))
}

/// Where the next `G:`, `D:` or `S:` begins. No part before it holds a colon.
fn end_of_part(body: &str) -> usize {
    let letter = |colon: usize| colon.checked_sub(1).filter(|at| body.is_char_boundary(*at));
    body.find(':').and_then(letter).unwrap_or(body.len())
}

fn everyone() -> Vec<Entry> {
    vec![allow(Who::Everyone, Rights::ALL)]
}

fn parse_dacl(body: &str) -> Parsed<Vec<Entry>> {
    let open = body.find('(').unwrap_or(body.len());
    let (flags, mut rest) = body.split_at(open);
    let flags = flags.trim();
    if flags == "NO_ACCESS_CONTROL" {
        return if rest.is_empty() { Ok(everyone()) } else { Err("entries of no DACL".into()) };
    }
    if !flags.replace("AR", "").replace("AI", "").replace('P', "").is_empty() {
        return Err(format!("unknown DACL flags {flags:?}"));
    }
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let inner = rest.strip_prefix('(').ok_or("an entry begins with \"(\"")?;
        let (entry, after) = inner.split_once(')').ok_or("an entry ends with \")\"")?;
        entries.extend(parse_entry(entry)?);
        rest = after.trim_start();
    }
    Ok(entries)
}

/// One entry; `None` when it is about nobody who could come here.
fn parse_entry(text: &str) -> Parsed<Option<Entry>> {
    let fields: Vec<&str> = text.split(';').map(str::trim).collect();
    let [kind, flags, rights, "", "", who] = fields[..] else {
        return Err(format!("({text}) does not read (type;flags;rights;;;trustee)"));
    };
    let allow = match kind {
        "A" => true,
        "D" => false,
        _ => return Err(format!("entries of type {kind:?} are not known")),
    };
    let mut applies = true;
    for flag in pairs(flags)? {
        match flag {
            "IO" => applies = false,
            "OI" | "CI" | "NP" | "ID" => {}
            _ => return Err(format!("unknown entry flag {flag:?}")),
        }
    }
    let rights = parse_rights(rights)?;
    let who = trustee(who)?;
    Ok(who.filter(|_| applies).map(|who| Entry { allow, who, rights }))
}

fn parse_rights(text: &str) -> Parsed<Rights> {
    let mask = if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        u32::from_str_radix(hex, 16).map_err(|_| format!("{text:?} is no access mask"))?
    } else if text.starts_with(|c: char| c.is_ascii_digit()) {
        text.parse().map_err(|_| format!("{text:?} is no access mask"))?
    } else {
        pairs(text)?.into_iter().try_fold(0, |mask, name| Ok::<_, String>(mask | right(name)?))?
    };
    const READ: u32 = 0x1 | 0x8000_0000 | 0x1000_0000;
    const WRITE: u32 = 0x2 | 0x4000_0000 | 0x1000_0000;
    Ok(Rights { read: mask & READ != 0, write: mask & WRITE != 0 })
}

/// The access mask behind two letters.
fn right(name: &str) -> Parsed<u32> {
    Ok(match name {
        "GA" => 0x1000_0000,
        "GR" => 0x8000_0000,
        "GW" => 0x4000_0000,
        "GX" => 0x2000_0000,
        "FA" => 0x001f_01ff,
        "FR" => 0x0012_0089,
        "FW" => 0x0012_0116,
        "FX" => 0x0012_00a0,
        "RC" => 0x0002_0000,
        "SD" => 0x0001_0000,
        "WD" => 0x0004_0000,
        "WO" => 0x0008_0000,
        "CC" => 0x1,
        "DC" => 0x2,
        "LC" => 0x4,
        _ => return Err(format!("unknown right {name:?}")),
    })
}

/// Whom a SID or its abbreviation means; `None` for those who never come to a local pipe.
fn trustee(text: &str) -> Parsed<Option<Who>> {
    let number = |digits: &str| {
        digits.parse().map_err(|_| format!("{text:?} does not end in a number of 32 bits"))
    };
    if let Some(uid) = text.strip_prefix("S-1-22-1-") {
        return Ok(Some(Who::User(number(uid)?)));
    }
    if let Some(gid) = text.strip_prefix("S-1-22-2-") {
        return Ok(Some(Who::Group(number(gid)?)));
    }
    Ok(match text {
        "OW" | "CO" | "S-1-3-4" | "S-1-3-0" => Some(Who::Owner),
        "WD" | "BU" | "AU" | "IU" | "S-1-1-0" | "S-1-5-32-545" | "S-1-5-11" | "S-1-5-4" => {
            Some(Who::Everyone)
        }
        "SY" | "BA" | "S-1-5-18" | "S-1-5-32-544" => Some(Who::User(0)),
        "NU" | "AN" | "S-1-5-2" | "S-1-5-7" => None,
        _ => {
            return Err(format!(
                "unknown trustee {text:?}; known are OW CO WD BU AU IU SY BA NU AN, \
                 S-1-22-1-uid and S-1-22-2-gid"
            ));
        }
    })
}

/// A text of two-letter words.
fn pairs(text: &str) -> Parsed<Vec<&str>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return Err(format!("{text:?} does not consist of two-letter words"));
    }
    Ok((0..text.len()).step_by(2).map(|at| &text[at..at + 2]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_as_they_are_found_in_the_wild() {
        for (text, entries) in [
            ("D:P(A;;GA;;;OW)(A;;GRGW;;;WD)(D;;GA;;;S-1-22-1-1000)", 3),
            ("D:P(A;;GA;;;SY)(A;;GA;;;BA)", 2),
            ("O:BAG:SYD:AI(A;OICI;FA;;;BA)(A;IO;GA;;;CO)(A;;0x12019f;;;AU)", 2),
            ("D:(D;;GA;;;NU)(A;;GA;;;WD)S:(ML;;NW;;;LW)", 1),
            ("D:", 0),
            ("D:NO_ACCESS_CONTROL", 1),
            ("O:SY", 1),
        ] {
            assert_eq!(parse(text).unwrap().len(), entries, "{text}");
        }
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
            assert_eq!(parse_rights(text).unwrap(), Rights { read, write }, "{text}");
        }
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
            "O:ZZ",
            ":",
            "D::",
            "O:Ä:",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
