//! Reading a message whole where other processes read as well.

use ntpipe_core::mode::WaitMode;
use ntpipe_core::ops::{ReadProgress, Reader, Recv, Step};

use crate::end::End;
use crate::wait::Until;
use crate::{ErrorKind, Result};

impl End {
    /// Whether other processes may hold this end too.
    pub(crate) fn is_shared(&self) -> bool {
        self.connection().is_some_and(|connection| connection.sharing().is_some())
    }

    /// Reads a message by a single read, however long it is: another process might take the rest.
    pub(crate) fn recv_whole(&self, message: &mut Vec<u8>) -> Result<usize> {
        self.check_process()?;
        if !self.rights.read {
            return Err(ErrorKind::AccessDenied.into());
        }
        let mode = self.read_mode();
        let nowait = self.is_no_wait();
        let answer = || Err(Reader::would_block());
        let answer: Option<&dyn Fn() -> Result<Recv>> = if nowait { Some(&answer) } else { None };
        let wait = if nowait { WaitMode::NoWait } else { WaitMode::Wait };
        message.resize(message.capacity().max(4096), 0);
        let mut filled = 0;
        loop {
            let mut progress = ReadProgress::default();
            let result =
                self.run(Until::Forever, &self.reader, Reader::connection, answer, |reader| {
                    let _held = reader.hold()?;
                    if progress.filled() == 0 {
                        match reader.front_len()? {
                            Step::Done(len) => message.resize(message.len().max(filled + len), 0),
                            Step::Wait(pending) => return Ok(Step::Wait(pending)),
                        }
                    }
                    reader.read(&mut message[filled..], mode, wait, &mut progress)
                });
            match result {
                Ok(got) => {
                    filled += got.len;
                    // More only if the message that was measured was withdrawn meanwhile.
                    if !got.more {
                        message.truncate(filled);
                        return Ok(filled);
                    }
                }
                Err(error) => {
                    let mut slot = self.reader.lock();
                    let early = slot.as_mut().and_then(|reader| reader.give_up(&progress));
                    message.truncate(filled + early.map_or(0, |early| early.len));
                    return Err(error);
                }
            }
        }
    }
}
