//! What an end of a pipe tells of itself.

use ntpipe::{Access, ErrorKind, PipeEnd, PipeMode};

use super::{
    ATTRIBUTE_TAG, BASIC, EA, INTERNAL, NETWORK_OPEN, NORMAL, PIPE, PIPE_LOCAL, POSITION, STANDARD,
};
use crate::failure::Result;
use crate::object::PipeObject;
use crate::object::scan::id_of;
use crate::winternl::answer::Answer;
use crate::winternl::control::number_of;

pub(super) fn query(pipe: &PipeObject, class: u32) -> Result<Answer> {
    let end = pipe.pipe();
    match class {
        //= observed: the times of a pipe are 0
        BASIC => Ok(Answer::new().padded(32).u32(NORMAL).padded(40)),
        STANDARD => {
            let now = end.local()?;
            let (inbound, outbound) = end.quotas();
            let allocation = u64::from(inbound) + u64::from(outbound);
            //= observed: delete pending, whatever becomes of it
            Ok(Answer::new().u64(allocation).u64(now.readable).u32(1).byte(1).byte(0).padded(24))
        }
        INTERNAL => Ok(Answer::new().u64(id_of(end.name()))),
        EA => Ok(Answer::new().u32(0)),
        //= model: the position is what can be read
        POSITION => Ok(Answer::new().u64(end.local()?.readable)),
        PIPE => {
            let state = end.state()?;
            let by_message = u32::from(state.read_mode == PipeMode::Message);
            Ok(Answer::new().u32(by_message).u32(state.nowait.into()))
        }
        PIPE_LOCAL => local(pipe),
        NETWORK_OPEN => Ok(Answer::new().padded(48).u32(NORMAL).padded(56)),
        ATTRIBUTE_TAG => Ok(Answer::new().u32(NORMAL).u32(0)),
        // Also `FilePipeRemoteInformation`, which is for pipes on other computers.
        _ => Err(ErrorKind::InvalidParameter.into()),
    }
}

fn local(pipe: &PipeObject) -> Result<Answer> {
    let end = pipe.pipe();
    let (info, state, now) = (end.info()?, end.state()?, end.local()?);
    let configuration = match end.access() {
        Access::Inbound => 0,
        Access::Outbound => 1,
        Access::Duplex => 2,
    };
    let limit = if info.max_instances == 255 { u32::MAX } else { info.max_instances };
    Ok(Answer::new()
        .u32(u32::from(info.mode == PipeMode::Message))
        .u32(configuration)
        .u32(limit)
        .u32(state.instances)
        .u32(info.in_buffer_size)
        .u32(u32::try_from(now.readable).unwrap_or(u32::MAX))
        .u32(info.out_buffer_size)
        .u32(now.writable)
        .u32(number_of(now.state))
        .u32(u32::from(info.end == PipeEnd::Server)))
}
