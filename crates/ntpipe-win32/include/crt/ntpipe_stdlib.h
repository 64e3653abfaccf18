/* What Windows' <stdlib.h> has and the C library's has not. */
#ifndef NTPIPE_STDLIB_H
#define NTPIPE_STDLIB_H

#pragma GCC system_header

#include "ntpipe_base.h"
#include <errno.h>
#include <stdlib.h>

#include "ntpipe_wchar.h"

#define _MAX_PATH 260
#define _MAX_DRIVE 3
#define _MAX_DIR 256
#define _MAX_FNAME 256
#define _MAX_EXT 256

NTPIPE_CRT_BEGIN

char *_itoa(int, char *, int) NTPIPE_CRT(_itoa);
char *_ltoa(int, char *, int) NTPIPE_CRT(_itoa);
char *itoa(int, char *, int) NTPIPE_CRT(_itoa);
char *_ultoa(unsigned, char *, int) NTPIPE_CRT(_ultoa);
char *ultoa(unsigned, char *, int) NTPIPE_CRT(_ultoa);
char *_i64toa(long long, char *, int) NTPIPE_CRT(_i64toa);
char *_ui64toa(unsigned long long, char *, int) NTPIPE_CRT(_ui64toa);
errno_t _itoa_s(int, char *, size_t, int) NTPIPE_CRT(_itoa_s);
errno_t _ltoa_s(int, char *, size_t, int) NTPIPE_CRT(_itoa_s);
errno_t _ultoa_s(unsigned, char *, size_t, int) NTPIPE_CRT(_ultoa_s);
errno_t _i64toa_s(long long, char *, size_t, int) NTPIPE_CRT(_i64toa_s);
errno_t _ui64toa_s(unsigned long long, char *, size_t, int) NTPIPE_CRT(_ui64toa_s);
long long _atoi64(const char *) NTPIPE_CRT(_atoi64);
long long _strtoi64(const char *, char **, int) __asm__("strtoll");
unsigned long long _strtoui64(const char *, char **, int) __asm__("strtoull");

errno_t mbstowcs_s(size_t *, wchar_t *, size_t, const char *, size_t) NTPIPE_CRT(mbstowcs_s);
errno_t wcstombs_s(size_t *, char *, size_t, const wchar_t *, size_t) NTPIPE_CRT(wcstombs_s);

wchar_t *_wgetenv(const wchar_t *) NTPIPE_CRT(_wgetenv);
errno_t getenv_s(size_t *, char *, size_t, const char *) NTPIPE_CRT(getenv_s);
errno_t _dupenv_s(char **, size_t *, const char *) NTPIPE_CRT(_dupenv_s);
int _putenv(const char *) NTPIPE_CRT(_putenv);
errno_t rand_s(unsigned *) NTPIPE_CRT(rand_s);
errno_t _set_errno(int) NTPIPE_CRT(_set_errno);
errno_t _get_errno(int *) NTPIPE_CRT(_get_errno);
/* Milliseconds; a DWORD, which `unsigned long` is on Windows. */
void _sleep(unsigned) NTPIPE_CRT(_sleep);
void _exit(int) __attribute__((__noreturn__));
void _swab(char *, char *, int) NTPIPE_CRT(_swab);
extern char **environ;
#define _environ environ

/* Paths: drive, directory, name and extension. */
void _splitpath(const char *, char *, char *, char *, char *) NTPIPE_CRT(_splitpath);
void _wsplitpath(const wchar_t *, wchar_t *, wchar_t *, wchar_t *, wchar_t *) NTPIPE_CRT(_wsplitpath);
errno_t _splitpath_s(const char *, char *, size_t, char *, size_t, char *, size_t, char *, size_t)
    NTPIPE_CRT(_splitpath_s);
errno_t _wsplitpath_s(const wchar_t *, wchar_t *, size_t, wchar_t *, size_t, wchar_t *, size_t, wchar_t *,
                      size_t) NTPIPE_CRT(_wsplitpath_s);
void _makepath(char *, const char *, const char *, const char *, const char *) NTPIPE_CRT(_makepath);
void _wmakepath(wchar_t *, const wchar_t *, const wchar_t *, const wchar_t *, const wchar_t *)
    NTPIPE_CRT(_wmakepath);
errno_t _makepath_s(char *, size_t, const char *, const char *, const char *, const char *)
    NTPIPE_CRT(_makepath_s);
errno_t _wmakepath_s(wchar_t *, size_t, const wchar_t *, const wchar_t *, const wchar_t *, const wchar_t *)
    NTPIPE_CRT(_wmakepath_s);
char *_fullpath(char *, const char *, size_t) NTPIPE_CRT(_fullpath);
wchar_t *_wfullpath(wchar_t *, const wchar_t *, size_t) NTPIPE_CRT(_wfullpath);

NTPIPE_CRT_END

#ifdef __cplusplus

template <size_t n>
inline errno_t _itoa_s(int value, char (&to)[n], int base)
{
    return _itoa_s(value, to, n, base);
}
template <size_t n>
inline errno_t mbstowcs_s(size_t *done, wchar_t (&to)[n], const char *from, size_t count)
{
    return mbstowcs_s(done, to, n, from, count);
}
template <size_t n>
inline errno_t wcstombs_s(size_t *done, char (&to)[n], const wchar_t *from, size_t count)
{
    return wcstombs_s(done, to, n, from, count);
}
template <size_t d, size_t p, size_t f, size_t e>
inline errno_t _splitpath_s(const char *path, char (&drive)[d], char (&directory)[p], char (&name)[f],
                            char (&extension)[e])
{
    return _splitpath_s(path, drive, d, directory, p, name, f, extension, e);
}
template <size_t d, size_t p, size_t f, size_t e>
inline errno_t _wsplitpath_s(const wchar_t *path, wchar_t (&drive)[d], wchar_t (&directory)[p],
                             wchar_t (&name)[f], wchar_t (&extension)[e])
{
    return _wsplitpath_s(path, drive, d, directory, p, name, f, extension, e);
}
template <size_t n>
inline errno_t _makepath_s(char (&to)[n], const char *drive, const char *directory, const char *name,
                           const char *extension)
{
    return _makepath_s(to, n, drive, directory, name, extension);
}
template <size_t n>
inline errno_t _wmakepath_s(wchar_t (&to)[n], const wchar_t *drive, const wchar_t *directory,
                            const wchar_t *name, const wchar_t *extension)
{
    return _wmakepath_s(to, n, drive, directory, name, extension);
}

#endif

#include "ntpipe_bits.h"

#endif
