/* Files by descriptor, and descriptors of handles. */
#ifndef NTPIPE_IO_H
#define NTPIPE_IO_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#if defined(__has_include) && __SIZEOF_WCHAR_T__ == 2
#if __has_include(<crt/ntpipe_io.h>)
#include <crt/ntpipe_io.h>
#endif
#endif
#endif
