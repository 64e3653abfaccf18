/* What the runtime's headers share. */
#ifndef NTPIPE_BASE_H
#define NTPIPE_BASE_H

#pragma GCC system_header

#include "ntpipe_rename.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#if __SIZEOF_WCHAR_T__ != 2
#error "wchar_t must have 16 bits: compile with `ntpipe cc`, or with the flags of `ntpipe cc --cflags`"
#endif

/* The symbol of a function that only Windows has. */
#define NTPIPE_CRT(name) __asm__("ntpipe_" #name)

#ifdef __cplusplus
#define NTPIPE_CRT_BEGIN extern "C" {
#define NTPIPE_CRT_END }
#else
#define NTPIPE_CRT_BEGIN
#define NTPIPE_CRT_END
#endif

#ifndef _ERRNO_T_DEFINED
#define _ERRNO_T_DEFINED
typedef int errno_t;
#endif

#ifndef __cdecl
#define __cdecl
#endif

#define _TRUNCATE ((size_t)-1)
#define STRUNCATE 80

#ifndef _countof
#ifdef __cplusplus
template <typename Type, size_t n>
char (&ntpipe_countof(Type (&)[n]))[n];
#define _countof(array) (sizeof(::ntpipe_countof(array)))
#else
#define _countof(array) (sizeof(array) / sizeof((array)[0]))
#endif
#endif

#endif
