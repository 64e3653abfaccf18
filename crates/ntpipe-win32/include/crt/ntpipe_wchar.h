/* What Windows' <wchar.h> has and the C library's has not. */
#ifndef NTPIPE_WCHAR_H
#define NTPIPE_WCHAR_H

#pragma GCC system_header

#include "ntpipe_base.h"
#include <wchar.h>
#include <wctype.h>

#include "ntpipe_stdio.h"

NTPIPE_CRT_BEGIN

#ifndef __cplusplus
/* Windows has these in every mode of the language, the C library not in its strict ones. */
int swprintf(wchar_t *, size_t, const wchar_t *, ...);
int vswprintf(wchar_t *, size_t, const wchar_t *, va_list);
int fwprintf(FILE *, const wchar_t *, ...);
int vfwprintf(FILE *, const wchar_t *, va_list);
int swscanf(const wchar_t *, const wchar_t *, ...);
int wscanf(const wchar_t *, ...);
size_t wcsnlen(const wchar_t *, size_t);
wchar_t *wcsdup(const wchar_t *);
#endif

wchar_t *wcstok_s(wchar_t *, const wchar_t *, wchar_t **) NTPIPE_CRT(wcstok_s);
wchar_t *_wcsdup(const wchar_t *) NTPIPE_CRT(wcsdup);
int _wcsicmp(const wchar_t *, const wchar_t *) NTPIPE_CRT(_wcsicmp);
int _wcsnicmp(const wchar_t *, const wchar_t *, size_t) NTPIPE_CRT(_wcsnicmp);
int wcsicmp(const wchar_t *, const wchar_t *) NTPIPE_CRT(_wcsicmp);
int wcsnicmp(const wchar_t *, const wchar_t *, size_t) NTPIPE_CRT(_wcsnicmp);
wchar_t *_wcslwr(wchar_t *) NTPIPE_CRT(_wcslwr);
wchar_t *_wcsupr(wchar_t *) NTPIPE_CRT(_wcsupr);
wchar_t *_wcsrev(wchar_t *) NTPIPE_CRT(_wcsrev);
errno_t _wcslwr_s(wchar_t *, size_t) NTPIPE_CRT(_wcslwr_s);
errno_t _wcsupr_s(wchar_t *, size_t) NTPIPE_CRT(_wcsupr_s);
errno_t wcscpy_s(wchar_t *, size_t, const wchar_t *) NTPIPE_CRT(wcscpy_s);
errno_t wcsncpy_s(wchar_t *, size_t, const wchar_t *, size_t) NTPIPE_CRT(wcsncpy_s);
errno_t wcscat_s(wchar_t *, size_t, const wchar_t *) NTPIPE_CRT(wcscat_s);
errno_t wcsncat_s(wchar_t *, size_t, const wchar_t *, size_t) NTPIPE_CRT(wcsncat_s);
size_t wcsnlen_s(const wchar_t *, size_t) NTPIPE_CRT(wcsnlen_s);
errno_t wmemcpy_s(wchar_t *, size_t, const wchar_t *, size_t) NTPIPE_CRT(wmemcpy_s);
errno_t wmemmove_s(wchar_t *, size_t, const wchar_t *, size_t) NTPIPE_CRT(wmemmove_s);

int _wtoi(const wchar_t *) NTPIPE_CRT(_wtoi);
long _wtol(const wchar_t *) NTPIPE_CRT(_wtol);
long long _wtoi64(const wchar_t *) NTPIPE_CRT(_wtoi64);
double _wtof(const wchar_t *) NTPIPE_CRT(_wtof);
long long _wcstoi64(const wchar_t *, wchar_t **, int) NTPIPE_CRT(wcstoll);
unsigned long long _wcstoui64(const wchar_t *, wchar_t **, int) NTPIPE_CRT(wcstoull);
wchar_t *_itow(int, wchar_t *, int) NTPIPE_CRT(_itow);
wchar_t *_ltow(int, wchar_t *, int) NTPIPE_CRT(_itow);
wchar_t *_ultow(unsigned, wchar_t *, int) NTPIPE_CRT(_ultow);
wchar_t *_i64tow(long long, wchar_t *, int) NTPIPE_CRT(_i64tow);
wchar_t *_ui64tow(unsigned long long, wchar_t *, int) NTPIPE_CRT(_ui64tow);
errno_t _itow_s(int, wchar_t *, size_t, int) NTPIPE_CRT(_itow_s);
errno_t _ltow_s(int, wchar_t *, size_t, int) NTPIPE_CRT(_itow_s);
errno_t _ultow_s(unsigned, wchar_t *, size_t, int) NTPIPE_CRT(_ultow_s);
errno_t _i64tow_s(long long, wchar_t *, size_t, int) NTPIPE_CRT(_i64tow_s);
errno_t _ui64tow_s(unsigned long long, wchar_t *, size_t, int) NTPIPE_CRT(_ui64tow_s);

int _wsystem(const wchar_t *) NTPIPE_CRT(_wsystem);

NTPIPE_CRT_END

#ifdef __cplusplus

template <size_t n>
inline errno_t wcscpy_s(wchar_t (&to)[n], const wchar_t *from)
{
    return wcscpy_s(to, n, from);
}
template <size_t n>
inline errno_t wcsncpy_s(wchar_t (&to)[n], const wchar_t *from, size_t count)
{
    return wcsncpy_s(to, n, from, count);
}
template <size_t n>
inline errno_t wcscat_s(wchar_t (&to)[n], const wchar_t *from)
{
    return wcscat_s(to, n, from);
}
template <size_t n>
inline errno_t wcsncat_s(wchar_t (&to)[n], const wchar_t *from, size_t count)
{
    return wcsncat_s(to, n, from, count);
}
template <size_t n>
inline errno_t _itow_s(int value, wchar_t (&to)[n], int base)
{
    return _itow_s(value, to, n, base);
}

/* Microsoft's older form, without a size. */
inline int swprintf(wchar_t *to, const wchar_t *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = _vswprintf(to, format, list);
    va_end(list);
    return length;
}
inline int vswprintf(wchar_t *to, const wchar_t *format, va_list list)
{
    return _vswprintf(to, format, list);
}

#elif defined _CRT_NON_CONFORMING_SWPRINTFS

#define swprintf _swprintf
#define vswprintf _vswprintf

#endif

#endif
