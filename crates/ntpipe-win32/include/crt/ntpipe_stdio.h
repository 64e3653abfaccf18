/* What Windows' <stdio.h> has and the C library's has not. */
#ifndef NTPIPE_STDIO_H
#define NTPIPE_STDIO_H

#pragma GCC system_header

#include "ntpipe_base.h"
#include <stdio.h>

#ifndef WEOF
#define WEOF (0xffffffffu)
#endif

NTPIPE_CRT_BEGIN

#ifndef __cplusplus
/* Windows has these in every mode of the language, the C library not in its strict ones. */
int snprintf(char *, size_t, const char *, ...);
int vsnprintf(char *, size_t, const char *, va_list);
#endif

/* Formatted output, narrow. */
int _snprintf(char *, size_t, const char *, ...) NTPIPE_CRT(_snprintf);
int _vsnprintf(char *, size_t, const char *, va_list) NTPIPE_CRT(_vsnprintf);
int _scprintf(const char *, ...) NTPIPE_CRT(_scprintf);
int _vscprintf(const char *, va_list) NTPIPE_CRT(_vscprintf);
int printf_s(const char *, ...) NTPIPE_CRT(printf);
int vprintf_s(const char *, va_list) NTPIPE_CRT(vprintf);
int fprintf_s(FILE *, const char *, ...) NTPIPE_CRT(fprintf);
int vfprintf_s(FILE *, const char *, va_list) NTPIPE_CRT(vfprintf);
int sprintf_s(char *, size_t, const char *, ...) NTPIPE_CRT(sprintf_s);
int vsprintf_s(char *, size_t, const char *, va_list) NTPIPE_CRT(vsprintf_s);
int _snprintf_s(char *, size_t, size_t, const char *, ...) NTPIPE_CRT(_snprintf_s);
int _vsnprintf_s(char *, size_t, size_t, const char *, va_list) NTPIPE_CRT(_vsnprintf_s);

/* Formatted output, wide. */
int wprintf(const wchar_t *, ...);
int vwprintf(const wchar_t *, va_list);
int _swprintf(wchar_t *, const wchar_t *, ...) NTPIPE_CRT(_swprintf);
int _vswprintf(wchar_t *, const wchar_t *, va_list) NTPIPE_CRT(_vswprintf);
int _snwprintf(wchar_t *, size_t, const wchar_t *, ...) NTPIPE_CRT(_snwprintf);
int _vsnwprintf(wchar_t *, size_t, const wchar_t *, va_list) NTPIPE_CRT(_vsnwprintf);
int _scwprintf(const wchar_t *, ...) NTPIPE_CRT(_scwprintf);
int _vscwprintf(const wchar_t *, va_list) NTPIPE_CRT(_vscwprintf);
int wprintf_s(const wchar_t *, ...) NTPIPE_CRT(wprintf);
int vwprintf_s(const wchar_t *, va_list) NTPIPE_CRT(vwprintf);
int fwprintf_s(FILE *, const wchar_t *, ...) NTPIPE_CRT(fwprintf);
int vfwprintf_s(FILE *, const wchar_t *, va_list) NTPIPE_CRT(vfwprintf);
int swprintf_s(wchar_t *, size_t, const wchar_t *, ...) NTPIPE_CRT(swprintf_s);
int vswprintf_s(wchar_t *, size_t, const wchar_t *, va_list) NTPIPE_CRT(vswprintf_s);
int _snwprintf_s(wchar_t *, size_t, size_t, const wchar_t *, ...) NTPIPE_CRT(_snwprintf_s);
int _vsnwprintf_s(wchar_t *, size_t, size_t, const wchar_t *, va_list) NTPIPE_CRT(_vsnwprintf_s);

/* Formatted input. */
int scanf_s(const char *, ...) NTPIPE_CRT(scanf_s);
int fscanf_s(FILE *, const char *, ...) NTPIPE_CRT(fscanf_s);
int sscanf_s(const char *, const char *, ...) NTPIPE_CRT(sscanf_s);
int vscanf_s(const char *, va_list) NTPIPE_CRT(vscanf_s);
int vfscanf_s(FILE *, const char *, va_list) NTPIPE_CRT(vfscanf_s);
int vsscanf_s(const char *, const char *, va_list) NTPIPE_CRT(vsscanf_s);
int wscanf_s(const wchar_t *, ...) NTPIPE_CRT(wscanf_s);
int fwscanf_s(FILE *, const wchar_t *, ...) NTPIPE_CRT(fwscanf_s);
int swscanf_s(const wchar_t *, const wchar_t *, ...) NTPIPE_CRT(swscanf_s);
int vwscanf_s(const wchar_t *, va_list) NTPIPE_CRT(vwscanf_s);
int vfwscanf_s(FILE *, const wchar_t *, va_list) NTPIPE_CRT(vfwscanf_s);
int vswscanf_s(const wchar_t *, const wchar_t *, va_list) NTPIPE_CRT(vswscanf_s);
int _snscanf(const char *, size_t, const char *, ...) NTPIPE_CRT(_snscanf);
int _snwscanf(const wchar_t *, size_t, const wchar_t *, ...) NTPIPE_CRT(_snwscanf);

/* Streams. */
int _putws(const wchar_t *) NTPIPE_CRT(_putws);
wchar_t *_getws_s(wchar_t *, size_t) NTPIPE_CRT(_getws_s);
char *gets_s(char *, size_t) NTPIPE_CRT(gets_s);
FILE *_wfopen(const wchar_t *, const wchar_t *) NTPIPE_CRT(_wfopen);
errno_t fopen_s(FILE **, const char *, const char *) NTPIPE_CRT(fopen_s);
errno_t _wfopen_s(FILE **, const wchar_t *, const wchar_t *) NTPIPE_CRT(_wfopen_s);
FILE *_wfreopen(const wchar_t *, const wchar_t *, FILE *) NTPIPE_CRT(_wfreopen);
errno_t freopen_s(FILE **, const char *, const char *, FILE *) NTPIPE_CRT(freopen_s);
FILE *_popen(const char *, const char *) NTPIPE_CRT(_popen);
FILE *_wpopen(const wchar_t *, const wchar_t *) NTPIPE_CRT(_wpopen);
int _pclose(FILE *) NTPIPE_CRT(_pclose);
int _fileno(FILE *) NTPIPE_CRT(_fileno);
FILE *_fdopen(int, const char *) NTPIPE_CRT(_fdopen);

/* Files by name. */
int _unlink(const char *) NTPIPE_CRT(_unlink);
int _wunlink(const wchar_t *) NTPIPE_CRT(_wunlink);
int _wremove(const wchar_t *) NTPIPE_CRT(_wunlink);
int _wrename(const wchar_t *, const wchar_t *) NTPIPE_CRT(_wrename);
char *_tempnam(const char *, const char *) NTPIPE_CRT(_tempnam);
errno_t tmpnam_s(char *, size_t) NTPIPE_CRT(tmpnam_s);
errno_t tmpfile_s(FILE **) NTPIPE_CRT(tmpfile_s);

NTPIPE_CRT_END

#ifdef __cplusplus

/* The secure ones take the size from an array. */
template <size_t n>
inline int sprintf_s(char (&to)[n], const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = vsprintf_s(to, n, format, list);
    va_end(list);
    return length;
}
template <size_t n>
inline int swprintf_s(wchar_t (&to)[n], const wchar_t *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = vswprintf_s(to, n, format, list);
    va_end(list);
    return length;
}
template <size_t n>
inline int _snprintf_s(char (&to)[n], size_t count, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = _vsnprintf_s(to, n, count, format, list);
    va_end(list);
    return length;
}
template <size_t n>
inline int _snwprintf_s(wchar_t (&to)[n], size_t count, const wchar_t *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = _vsnwprintf_s(to, n, count, format, list);
    va_end(list);
    return length;
}
template <size_t n>
inline int vsprintf_s(char (&to)[n], const char *format, va_list list)
{
    return vsprintf_s(to, n, format, list);
}
template <size_t n>
inline int vswprintf_s(wchar_t (&to)[n], const wchar_t *format, va_list list)
{
    return vswprintf_s(to, n, format, list);
}
template <size_t n>
inline errno_t tmpnam_s(char (&to)[n])
{
    return tmpnam_s(to, n);
}

#endif

#endif
