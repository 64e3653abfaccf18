/* What Windows' <string.h> has and the C library's has not. */
#ifndef NTPIPE_STRING_H
#define NTPIPE_STRING_H

#pragma GCC system_header

#include "ntpipe_base.h"
#include <string.h>

#include "ntpipe_wchar.h"

NTPIPE_CRT_BEGIN

/* POSIX, which strict modes of the C library do not declare. */
char *_strdup(const char *) __asm__("strdup");
#ifndef __cplusplus
#ifndef strdup
char *strdup(const char *);
#endif
#endif
char *strtok_s(char *, const char *, char **) NTPIPE_CRT(strtok_s);

int _stricmp(const char *, const char *) NTPIPE_CRT(_stricmp);
int _strcmpi(const char *, const char *) NTPIPE_CRT(_stricmp);
int _strnicmp(const char *, const char *, size_t) NTPIPE_CRT(_strnicmp);
int stricmp(const char *, const char *) NTPIPE_CRT(_stricmp);
int strcmpi(const char *, const char *) NTPIPE_CRT(_stricmp);
int strnicmp(const char *, const char *, size_t) NTPIPE_CRT(_strnicmp);
char *_strlwr(char *) NTPIPE_CRT(_strlwr);
char *_strupr(char *) NTPIPE_CRT(_strupr);
char *_strrev(char *) NTPIPE_CRT(_strrev);
char *strlwr(char *) NTPIPE_CRT(_strlwr);
char *strupr(char *) NTPIPE_CRT(_strupr);
char *strrev(char *) NTPIPE_CRT(_strrev);
errno_t _strlwr_s(char *, size_t) NTPIPE_CRT(_strlwr_s);
errno_t _strupr_s(char *, size_t) NTPIPE_CRT(_strupr_s);
errno_t strcpy_s(char *, size_t, const char *) NTPIPE_CRT(strcpy_s);
errno_t strncpy_s(char *, size_t, const char *, size_t) NTPIPE_CRT(strncpy_s);
errno_t strcat_s(char *, size_t, const char *) NTPIPE_CRT(strcat_s);
errno_t strncat_s(char *, size_t, const char *, size_t) NTPIPE_CRT(strncat_s);
size_t strnlen_s(const char *, size_t) NTPIPE_CRT(strnlen_s);
errno_t strerror_s(char *, size_t, int) NTPIPE_CRT(strerror_s);
errno_t memcpy_s(void *, size_t, const void *, size_t) NTPIPE_CRT(memcpy_s);
errno_t memmove_s(void *, size_t, const void *, size_t) NTPIPE_CRT(memmove_s);

NTPIPE_CRT_END

#ifdef __cplusplus

template <size_t n>
inline errno_t strcpy_s(char (&to)[n], const char *from)
{
    return strcpy_s(to, n, from);
}
template <size_t n>
inline errno_t strncpy_s(char (&to)[n], const char *from, size_t count)
{
    return strncpy_s(to, n, from, count);
}
template <size_t n>
inline errno_t strcat_s(char (&to)[n], const char *from)
{
    return strcat_s(to, n, from);
}
template <size_t n>
inline errno_t strncat_s(char (&to)[n], const char *from, size_t count)
{
    return strncat_s(to, n, from, count);
}
template <size_t n>
inline errno_t strerror_s(char (&to)[n], int number)
{
    return strerror_s(to, n, number);
}

#endif

#endif
