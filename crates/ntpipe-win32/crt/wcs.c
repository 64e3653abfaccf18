/* Strings of 16-bit characters. */

#include "crt.h"

#include <stdlib.h>
#include <string.h>

API size_t ntpipe_wcslen(const wchar_t *text)
{
    size_t n = 0;
    while (text[n])
        n++;
    return n;
}

API size_t ntpipe_wcsnlen(const wchar_t *text, size_t most)
{
    size_t n = 0;
    while (n < most && text[n])
        n++;
    return n;
}

API wchar_t *ntpipe_wmemcpy(wchar_t *to, const wchar_t *from, size_t n)
{
    return memcpy(to, from, n * sizeof *to);
}

API wchar_t *ntpipe_wmemmove(wchar_t *to, const wchar_t *from, size_t n)
{
    return memmove(to, from, n * sizeof *to);
}

API wchar_t *ntpipe_wmemset(wchar_t *to, wchar_t with, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = with;
    return to;
}

API int ntpipe_wmemcmp(const wchar_t *one, const wchar_t *other, size_t n)
{
    for (; n; n--, one++, other++)
        if (*one != *other)
            return *one < *other ? -1 : 1;
    return 0;
}

API wchar_t *ntpipe_wmemchr(const wchar_t *text, wchar_t c, size_t n)
{
    for (; n; n--, text++)
        if (*text == c)
            return (wchar_t *)text;
    return NULL;
}

API wchar_t *ntpipe_wcscpy(wchar_t *to, const wchar_t *from)
{
    return ntpipe_wmemcpy(to, from, ntpipe_wcslen(from) + 1);
}

API wchar_t *ntpipe_wcsncpy(wchar_t *to, const wchar_t *from, size_t n)
{
    size_t length = ntpipe_wcsnlen(from, n);
    ntpipe_wmemcpy(to, from, length);
    ntpipe_wmemset(to + length, 0, n - length);
    return to;
}

API wchar_t *ntpipe_wcscat(wchar_t *to, const wchar_t *from)
{
    ntpipe_wcscpy(to + ntpipe_wcslen(to), from);
    return to;
}

API wchar_t *ntpipe_wcsncat(wchar_t *to, const wchar_t *from, size_t n)
{
    wchar_t *end = to + ntpipe_wcslen(to);
    size_t length = ntpipe_wcsnlen(from, n);
    ntpipe_wmemcpy(end, from, length);
    end[length] = 0;
    return to;
}

API int ntpipe_wcsncmp(const wchar_t *one, const wchar_t *other, size_t n)
{
    for (; n; n--, one++, other++)
        if (*one != *other || !*one)
            return (*one > *other) - (*one < *other);
    return 0;
}

API int ntpipe_wcscmp(const wchar_t *one, const wchar_t *other)
{
    return ntpipe_wcsncmp(one, other, SIZE_MAX);
}

API int ntpipe__wcsnicmp(const wchar_t *one, const wchar_t *other, size_t n)
{
    for (; n; n--, one++, other++) {
        int a = (int)ntpipe_towlower(*one), b = (int)ntpipe_towlower(*other);
        if (a != b || !a)
            return a - b;
    }
    return 0;
}

API int ntpipe__wcsicmp(const wchar_t *one, const wchar_t *other)
{
    return ntpipe__wcsnicmp(one, other, SIZE_MAX);
}

API wchar_t *ntpipe_wcschr(const wchar_t *text, wchar_t c)
{
    for (;; text++) {
        if (*text == c)
            return (wchar_t *)text;
        if (!*text)
            return NULL;
    }
}

API wchar_t *ntpipe_wcsrchr(const wchar_t *text, wchar_t c)
{
    for (size_t n = ntpipe_wcslen(text) + 1; n; n--)
        if (text[n - 1] == c)
            return (wchar_t *)text + n - 1;
    return NULL;
}

API wchar_t *ntpipe_wcsstr(const wchar_t *text, const wchar_t *what)
{
    size_t n = ntpipe_wcslen(what);
    for (;; text++) {
        if (ntpipe_wcsncmp(text, what, n) == 0)
            return (wchar_t *)text;
        if (!*text)
            return NULL;
    }
}

API size_t ntpipe_wcsspn(const wchar_t *text, const wchar_t *set)
{
    size_t n = 0;
    while (text[n] && ntpipe_wcschr(set, text[n]))
        n++;
    return n;
}

API size_t ntpipe_wcscspn(const wchar_t *text, const wchar_t *set)
{
    size_t n = 0;
    while (text[n] && !ntpipe_wcschr(set, text[n]))
        n++;
    return n;
}

API wchar_t *ntpipe_wcspbrk(const wchar_t *text, const wchar_t *set)
{
    text += ntpipe_wcscspn(text, set);
    return *text ? (wchar_t *)text : NULL;
}

API wchar_t *ntpipe_wcstok(wchar_t *text, const wchar_t *delimiters, wchar_t **rest)
{
    if (!text)
        text = *rest;
    text += ntpipe_wcsspn(text, delimiters);
    wchar_t *end = text + ntpipe_wcscspn(text, delimiters);
    *rest = *end ? end + 1 : end;
    if (!*text)
        return NULL;
    *end = 0;
    return text;
}

API wchar_t *ntpipe_wcsdup(const wchar_t *text)
{
    size_t n = text ? ntpipe_wcslen(text) + 1 : 0;
    wchar_t *copy = n ? malloc(n * sizeof *copy) : NULL;
    return copy ? ntpipe_wmemcpy(copy, text, n) : NULL;
}

API wchar_t *ntpipe__wcslwr(wchar_t *text)
{
    for (wchar_t *at = text; *at; at++)
        *at = (wchar_t)ntpipe_towlower(*at);
    return text;
}

API wchar_t *ntpipe__wcsupr(wchar_t *text)
{
    for (wchar_t *at = text; *at; at++)
        *at = (wchar_t)ntpipe_towupper(*at);
    return text;
}

API wchar_t *ntpipe__wcsrev(wchar_t *text)
{
    for (size_t i = 0, n = ntpipe_wcslen(text); i < n / 2; i++) {
        wchar_t kept = text[i];
        text[i] = text[n - 1 - i];
        text[n - 1 - i] = kept;
    }
    return text;
}
