/* Files by descriptor, and descriptors of handles. */
#ifndef NTPIPE_SDK_IO_H
#define NTPIPE_SDK_IO_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#include <stdint.h>
#if defined(__has_include) && __SIZEOF_WCHAR_T__ == 2
#if __has_include(<crt/ntpipe_io.h>)
#include <crt/ntpipe_io.h>
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

intptr_t _get_osfhandle(int descriptor);
int _open_osfhandle(intptr_t handle, int flags);

#ifdef __cplusplus
}
#endif
#endif
