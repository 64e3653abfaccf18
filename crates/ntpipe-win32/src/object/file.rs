//! A file, a terminal, a kernel pipe: whatever has a descriptor and is no pipe of ours.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use ntpipe::ErrorKind;
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;

use super::{Io, Scan};
use crate::failure::{Failure, Result};

/// What `GetFileType` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// `FILE_TYPE_UNKNOWN`.
    Unknown = 0,
    /// `FILE_TYPE_DISK`.
    Disk = 1,
    /// `FILE_TYPE_CHAR`: a terminal or another device.
    Char = 2,
    /// `FILE_TYPE_PIPE`: a pipe or a socket.
    Pipe = 3,
}

/// An open file behind handles.
#[derive(Debug)]
pub struct FileObject {
    fd: OwnedFd,
    /// The standard stream of this process that it is, if it is one.
    stream: Option<usize>,
    /// Whether it was opened with `FILE_FLAG_OVERLAPPED`: then it has no position of its own.
    pub overlapped: bool,
    /// Of a directory: how far it has been listed through it.
    pub scan: Mutex<Option<Scan>>,
    /// Its asynchronous side; operations on files complete in their calls.
    pub io: Arc<Io>,
}

impl FileObject {
    /// The file with this descriptor.
    ///
    /// # Errors
    /// What making its signal gives.
    pub fn new(fd: OwnedFd, overlapped: bool) -> Result<Self> {
        Ok(Self { fd, stream: None, overlapped, scan: Mutex::default(), io: Io::new()? })
    }

    /// A standard stream of this process: 0, 1 or 2. The stream is closed with its last handle.
    ///
    /// # Errors
    /// `ERROR_INVALID_HANDLE` if it is not open.
    pub fn of_stream(stream: usize) -> Result<Self> {
        let fd = match stream {
            0 => rustix::stdio::stdin(),
            1 => rustix::stdio::stdout(),
            _ => rustix::stdio::stderr(),
        };
        let copy = rustix::io::fcntl_dupfd_cloexec(fd, 3).map_err(|_| ErrorKind::InvalidHandle)?;
        let mut file = Self::new(copy, false)?;
        file.stream = Some(stream);
        Ok(file)
    }

    /// The standard stream that it is, if it is one.
    #[must_use]
    pub fn stream(&self) -> Option<usize> {
        self.stream
    }

    /// Where it lies, at present.
    ///
    /// # Errors
    /// The system call's.
    pub fn path(&self) -> Result<PathBuf> {
        Ok(std::fs::read_link(format!("/proc/self/fd/{}", self.fd.as_raw_fd()))?)
    }

    /// What kind of file it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match fstat(&self.fd).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
            Ok(FileType::RegularFile | FileType::Directory | FileType::BlockDevice) => Kind::Disk,
            Ok(FileType::CharacterDevice) => Kind::Char,
            Ok(FileType::Fifo | FileType::Socket) => Kind::Pipe,
            _ => Kind::Unknown,
        }
    }

    /// Reads, from this position or the file's own; 0 at the end of a file.
    ///
    /// # Errors
    /// `ERROR_BROKEN_PIPE` at the end of a pipe, `ERROR_HANDLE_EOF` at the end with a position given.
    pub fn read(&self, into: &mut [u8], position: Option<u64>) -> Result<usize> {
        let result = again(|| match position.filter(|_| self.kind() == Kind::Disk) {
            Some(position) => rustix::io::pread(&self.fd, &mut *into, position),
            None => rustix::io::read(&self.fd, &mut *into),
        });
        match result? {
            0 if !into.is_empty() && self.kind() == Kind::Pipe => Err(ErrorKind::BrokenPipe.into()),
            0 if !into.is_empty() && position.is_some() => Err(Failure::HANDLE_EOF),
            len => Ok(len),
        }
    }

    /// Writes all, at this position or the file's own.
    ///
    /// # Errors
    /// `ERROR_NO_DATA` for a pipe that nobody reads.
    pub fn write(&self, data: &[u8], position: Option<u64>) -> Result<usize> {
        //= learn: WriteFile: with all bits of the position set, at the end of the file
        let position = match position {
            Some(u64::MAX) => Some(u64::try_from(fstat(&self.fd)?.st_size).unwrap_or(0)),
            position => position,
        };
        let mut written = 0;
        while written < data.len() {
            let rest = &data[written..];
            let position = position.filter(|_| self.kind() == Kind::Disk);
            let result = again(|| match position {
                Some(position) => rustix::io::pwrite(&self.fd, rest, position + written as u64),
                None => ntpipe_shm::quiet::write(&self.fd, rest),
            });
            written += match result {
                Err(Errno::PIPE) => return Err(ErrorKind::NoData.into()),
                result => result?,
            };
        }
        Ok(written)
    }

    /// Puts what was written onto the disk.
    ///
    /// # Errors
    /// The system call's.
    pub fn flush(&self) -> Result<()> {
        match rustix::fs::fsync(&self.fd) {
            // A terminal or a pipe has nothing to flush.
            Ok(()) | Err(Errno::INVAL | Errno::ROFS) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl Drop for FileObject {
    /// The number of a closed stream leads nowhere from then on; it never becomes another file's, into
    /// which the C library would go on writing.
    fn drop(&mut self) {
        use rustix::fs::{Mode, OFlags, open};
        let Some(stream) = self.stream else { return };
        let Ok(nowhere) = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) else {
            return;
        };
        let _ = match stream {
            0 => rustix::stdio::dup2_stdin(nowhere),
            1 => rustix::stdio::dup2_stdout(nowhere),
            _ => rustix::stdio::dup2_stderr(nowhere),
        };
    }
}

impl AsFd for FileObject {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn again<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}
