//! Windows pipes for Linux.
