/* The umbrella.

   WIN32_LEAN_AND_MEAN leaves out what a lean Windows program does not get either, here the standard library
   and the shell's function.
   UNICODE chooses between the A and W forms of functions. min and max: see minwindef.h. */
#ifndef NTPIPE_WINDOWS_H
#define NTPIPE_WINDOWS_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#include <sdkddkver.h>
#include <excpt.h>
#include <stdarg.h>
#include <windef.h>
#include <winbase.h>
#include <winuser.h>
#include <winnls.h>
#include <wincon.h>

#define _WINDOWS_
#define _INC_WINDOWS
#ifndef WIN32_LEAN_AND_MEAN
#include <stdlib.h>
#include <shellapi.h>
#endif
#if defined(__has_include) && __SIZEOF_WCHAR_T__ == 2
#if __has_include(<crt/ntpipe_crt.h>)
#include <crt/ntpipe_crt.h>
#endif
#endif
#endif
