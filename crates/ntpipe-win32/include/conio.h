/* The keyboard and screen, character by character. */
#ifndef NTPIPE_SDK_CONIO_H
#define NTPIPE_SDK_CONIO_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#if defined(__has_include) && __SIZEOF_WCHAR_T__ == 2
#if __has_include(<crt/ntpipe_conio.h>)
#include <crt/ntpipe_conio.h>
#endif
#endif
#endif
