/* Directories as the C runtime offers them. */
#ifndef NTPIPE_SDK_DIRECT_H
#define NTPIPE_SDK_DIRECT_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#if defined(__has_include) && __SIZEOF_WCHAR_T__ == 2
#if __has_include(<crt/ntpipe_direct.h>)
#include <crt/ntpipe_direct.h>
#endif
#endif
#endif
