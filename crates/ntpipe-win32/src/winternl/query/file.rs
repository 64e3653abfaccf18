//! What a plain file tells of itself.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use ntpipe::ErrorKind;
use rustix::fs::{SeekFrom, seek};

use super::{ATTRIBUTE_TAG, BASIC, EA, INTERNAL, NETWORK_OPEN, POSITION, STANDARD};
use crate::failure::Result;
use crate::object::FileObject;
use crate::object::scan::Listed;
use crate::winternl::answer::Answer;

pub(super) fn query(file: &FileObject, class: u32) -> Result<Answer> {
    let meta = File::from(file.as_fd().try_clone_to_owned()?).metadata()?;
    let listed = Listed::of_file(String::new(), &meta);
    let times = |answer: Answer| listed.times.iter().fold(answer, |answer, time| answer.u64(*time));
    Ok(match class {
        BASIC => times(Answer::new()).u32(listed.attributes).padded(40),
        STANDARD => {
            let links = u32::try_from(meta.nlink()).unwrap_or(u32::MAX);
            let sizes = Answer::new().u64(listed.allocation).u64(listed.size).u32(links);
            sizes.byte(0).byte(meta.is_dir().into()).padded(24)
        }
        INTERNAL => Answer::new().u64(listed.id),
        EA => Answer::new().u32(0),
        POSITION => {
            // What has no position, as a terminal, is at its beginning.
            Answer::new().u64(seek(file.as_fd(), SeekFrom::Current(0)).unwrap_or(0))
        }
        NETWORK_OPEN => {
            let sizes = times(Answer::new()).u64(listed.allocation).u64(listed.size);
            sizes.u32(listed.attributes).padded(56)
        }
        ATTRIBUTE_TAG => Answer::new().u32(listed.attributes).u32(0),
        _ => return Err(ErrorKind::InvalidParameter.into()),
    })
}
