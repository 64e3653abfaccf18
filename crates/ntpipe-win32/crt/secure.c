/* Strings with a limit, and memory. */

#include "crt.h"

#include <errno.h>
#include <string.h>

#define TRUNCATE ((size_t)-1)
#define STRUNCATE 80

char *ntpipe__strlwr(char *text);
char *ntpipe__strupr(char *text);
wchar_t *ntpipe__wcslwr(wchar_t *text);
wchar_t *ntpipe__wcsupr(wchar_t *text);
wchar_t *ntpipe_wcstok(wchar_t *text, const wchar_t *delimiters, wchar_t **rest);

#define UNIT char
#define LENGTH(text, most) strnlen(text, most)
#define TOKEN strtok_r
#define NAME(narrow, wide) ntpipe_##narrow
#include "secure.inc"
#undef UNIT
#undef LENGTH
#undef TOKEN
#undef NAME

#define UNIT wchar_t
#define LENGTH(text, most) ntpipe_wcsnlen(text, most)
#define TOKEN ntpipe_wcstok
#define NAME(narrow, wide) ntpipe_##wide
#include "secure.inc"

static errno_t move(void *to, size_t room, const void *from, size_t n, int clear)
{
    if (!n)
        return 0;
    if (to && from && n <= room) {
        memmove(to, from, n);
        return 0;
    }
    if (to && clear)
        memset(to, 0, room);
    return fail(!to || !from ? EINVAL : ERANGE);
}

API errno_t ntpipe_memcpy_s(void *to, size_t room, const void *from, size_t n)
{
    return move(to, room, from, n, 1);
}
API errno_t ntpipe_memmove_s(void *to, size_t room, const void *from, size_t n)
{
    return move(to, room, from, n, 0);
}
API errno_t ntpipe_wmemcpy_s(wchar_t *to, size_t room, const wchar_t *from, size_t n)
{
    return move(to, room * sizeof *to, from, n * sizeof *to, 1);
}
API errno_t ntpipe_wmemmove_s(wchar_t *to, size_t room, const wchar_t *from, size_t n)
{
    return move(to, room * sizeof *to, from, n * sizeof *to, 0);
}

API char *ntpipe__strlwr(char *text)
{
    for (char *at = text; *at; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at + 32);
    return text;
}

API char *ntpipe__strupr(char *text)
{
    for (char *at = text; *at; at++)
        if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 32);
    return text;
}

API char *ntpipe__strrev(char *text)
{
    for (size_t i = 0, n = strlen(text); i < n / 2; i++) {
        char kept = text[i];
        text[i] = text[n - 1 - i];
        text[n - 1 - i] = kept;
    }
    return text;
}

API int ntpipe__strnicmp(const char *one, const char *other, size_t n)
{
    for (; n; n--, one++, other++) {
        int a = (unsigned char)*one, b = (unsigned char)*other;
        a += a >= 'A' && a <= 'Z' ? 32 : 0;
        b += b >= 'A' && b <= 'Z' ? 32 : 0;
        if (a != b || !a)
            return a - b;
    }
    return 0;
}

API int ntpipe__stricmp(const char *one, const char *other)
{
    return ntpipe__strnicmp(one, other, TRUNCATE);
}

API errno_t ntpipe_strerror_s(char *to, size_t room, int number)
{
    if (!to || !room)
        return fail(EINVAL);
    ntpipe_strncpy_s(to, room, strerror(number), TRUNCATE);
    return 0;
}
