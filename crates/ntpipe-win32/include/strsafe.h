/* Copying and formatting text into buffers of a known size. */
#ifndef NTPIPE_STRSAFE_H
#define NTPIPE_STRSAFE_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#include <stdio.h>
#include <string.h>
#include <stdarg.h>
#include <winnt.h>
#include <winerror.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STRSAFE_MAX_CCH 2147483647
#define STRSAFE_IGNORE_NULLS 0x00000100
#define STRSAFE_FILL_BEHIND_NULL 0x00000200
#define STRSAFE_FILL_ON_FAILURE 0x00000400
#define STRSAFE_NULL_ON_FAILURE 0x00000800
#define STRSAFE_NO_TRUNCATION 0x00001000
#define STRSAFE_FILL_BYTE(x) ((DWORD)(((x) & 0xff) | STRSAFE_FILL_BEHIND_NULL))
#define STRSAFE_FAILURE_BYTE(x) ((DWORD)(((x) & 0xff) | STRSAFE_FILL_ON_FAILURE))
#define STRSAFE_E_INSUFFICIENT_BUFFER ((HRESULT)0x8007007A)
#define STRSAFE_E_INVALID_PARAMETER ((HRESULT)0x80070057)
#define STRSAFE_E_END_OF_FILE ((HRESULT)0x80070026)

/* The runtime's formatting, by its symbols: it follows Microsoft's rules whatever the program includes. */
int NtpipeFormatA(char *to, size_t room, const char *format, va_list list) __asm__("ntpipe__vsnprintf");
int NtpipeFormatW(WCHAR *to, size_t room, const WCHAR *format, va_list list) __asm__("ntpipe__vsnwprintf");

#define NTPIPE_S(name) name##A
#define NTPIPE_CHAR CHAR
#define NTPIPE_TEXT LPCSTR
#include <ntpipe/strsafe_forms.h>
#undef NTPIPE_S
#undef NTPIPE_CHAR
#undef NTPIPE_TEXT
#define NTPIPE_S(name) name##W
#define NTPIPE_CHAR WCHAR
#define NTPIPE_TEXT LPCWSTR
#include <ntpipe/strsafe_forms.h>
#undef NTPIPE_S
#undef NTPIPE_CHAR
#undef NTPIPE_TEXT

#define StringCchCopy NTPIPE_AW(StringCchCopy)
#define StringCchCopyEx NTPIPE_AW(StringCchCopyEx)
#define StringCchCopyN NTPIPE_AW(StringCchCopyN)
#define StringCchCopyNEx NTPIPE_AW(StringCchCopyNEx)
#define StringCchCat NTPIPE_AW(StringCchCat)
#define StringCchCatEx NTPIPE_AW(StringCchCatEx)
#define StringCchCatN NTPIPE_AW(StringCchCatN)
#define StringCchCatNEx NTPIPE_AW(StringCchCatNEx)
#define StringCchPrintf NTPIPE_AW(StringCchPrintf)
#define StringCchPrintfEx NTPIPE_AW(StringCchPrintfEx)
#define StringCchVPrintf NTPIPE_AW(StringCchVPrintf)
#define StringCchVPrintfEx NTPIPE_AW(StringCchVPrintfEx)
#define StringCchLength NTPIPE_AW(StringCchLength)
#define StringCbCopy NTPIPE_AW(StringCbCopy)
#define StringCbCopyN NTPIPE_AW(StringCbCopyN)
#define StringCbCat NTPIPE_AW(StringCbCat)
#define StringCbCatN NTPIPE_AW(StringCbCatN)
#define StringCbPrintf NTPIPE_AW(StringCbPrintf)
#define StringCbVPrintf NTPIPE_AW(StringCbVPrintf)
#define StringCbLength NTPIPE_AW(StringCbLength)

#ifdef __cplusplus
}
#endif
#endif
