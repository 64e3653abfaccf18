/* Numbers from and to strings, with Windows' 32-bit long. */

#include "crt.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static unsigned digit(unsigned c)
{
    if (c - '0' < 10)
        return c - '0';
    unsigned letter = c | 0x20;
    return c < 0x80 && letter - 'a' < 26 ? letter - 'a' + 10 : 99;
}

/* An integer in the manner of strtol: its magnitude, whether it is negative, and where it ends. */
static uint64_t parse(const wchar_t *text, wchar_t **end, int base, int *negative, int *overflow)
{
    const wchar_t *at = text, *last = text;
    uint64_t value = 0;
    *negative = *overflow = 0;
    while (ntpipe_iswspace(*at))
        at++;
    if (*at == '-' || *at == '+')
        *negative = *at++ == '-';
    /* A prefix without a digit behind it is no number at all, not a 0 and an x. */
    if ((base == 0 || base == 16) && at[0] == '0' && (at[1] | 0x20) == 'x') {
        base = 16;
        at += 2;
    } else if (base == 0) {
        base = *at == '0' ? 8 : 10;
    }
    if (base < 2 || base > 36) {
        errno = EINVAL;
    } else {
        for (; digit(*at) < (unsigned)base; last = ++at)
            if (__builtin_mul_overflow(value, (uint64_t)base, &value)
                || __builtin_add_overflow(value, (uint64_t)digit(*at), &value)) {
                *overflow = 1;
                value = 0;
            }
    }
    if (end)
        *end = (wchar_t *)last;
    return value;
}

static int64_t parse_signed(const wchar_t *text, wchar_t **end, int base, int64_t least, int64_t most)
{
    int negative, overflow;
    uint64_t value = parse(text, end, base, &negative, &overflow);
    uint64_t limit = negative ? 0 - (uint64_t)least : (uint64_t)most;
    if (overflow || value > limit) {
        errno = ERANGE;
        return negative ? least : most;
    }
    return (int64_t)(negative ? 0 - value : value);
}

static uint64_t parse_unsigned(const wchar_t *text, wchar_t **end, int base, uint64_t most)
{
    int negative, overflow;
    uint64_t value = parse(text, end, base, &negative, &overflow);
    if (overflow || value > most) {
        errno = ERANGE;
        return most;
    }
    return (negative ? 0 - value : value) & most;
}

API long ntpipe_wcstol(const wchar_t *text, wchar_t **end, int base)
{
    return parse_signed(text, end, base, INT32_MIN, INT32_MAX);
}
API unsigned long ntpipe_wcstoul(const wchar_t *text, wchar_t **end, int base)
{
    return parse_unsigned(text, end, base, UINT32_MAX);
}
API long long ntpipe_wcstoll(const wchar_t *text, wchar_t **end, int base)
{
    return parse_signed(text, end, base, INT64_MIN, INT64_MAX);
}
API unsigned long long ntpipe_wcstoull(const wchar_t *text, wchar_t **end, int base)
{
    return parse_unsigned(text, end, base, UINT64_MAX);
}
WRAPPED(wcstol)
WRAPPED(wcstoul)
WRAPPED(wcstoll)
WRAPPED(wcstoull)

API int ntpipe__wtoi(const wchar_t *text)
{
    return (int)ntpipe_wcstol(text, NULL, 10);
}
API long ntpipe__wtol(const wchar_t *text)
{
    return ntpipe_wcstol(text, NULL, 10);
}
API long long ntpipe__wtoi64(const wchar_t *text)
{
    return ntpipe_wcstoll(text, NULL, 10);
}
API long long ntpipe__atoi64(const char *text)
{
    return strtoll(text, NULL, 10);
}

/* The number is ASCII, so as many bytes as characters belong to it. */
API double ntpipe_wcstod(const wchar_t *text, wchar_t **end)
{
    const wchar_t *at = text;
    while (ntpipe_iswspace(*at))
        at++;
    size_t n = 0;
    while (at[n] && at[n] < 0x80 && !ntpipe_iswspace(at[n]))
        n++;
    char small[128], *narrow = n < sizeof small ? small : malloc(n + 1);
    if (!narrow)
        return 0;
    for (size_t i = 0; i < n; i++)
        narrow[i] = (char)at[i];
    narrow[n] = 0;
    char *last;
    double value = strtod(narrow, &last);
    if (end)
        *end = (wchar_t *)(last == narrow ? text : at + (last - narrow));
    if (narrow != small)
        free(narrow);
    return value;
}

API float ntpipe_wcstof(const wchar_t *text, wchar_t **end)
{
    return (float)ntpipe_wcstod(text, end);
}
API double ntpipe__wtof(const wchar_t *text)
{
    return ntpipe_wcstod(text, NULL);
}

/* Writes a number from behind, and tells where it begins. */
static char *spell(char end[static 66], uint64_t value, int base, int negative)
{
    char *at = end + 65;
    *at = 0;
    do {
        *--at = "0123456789abcdefghijklmnopqrstuvwxyz"[value % (unsigned)base];
        value /= (unsigned)base;
    } while (value);
    if (negative)
        *--at = '-';
    return at;
}

static errno_t narrow(char *to, size_t room, uint64_t value, int base, int negative)
{
    char text[66];
    if (!to || !room)
        return errno = EINVAL;
    to[0] = 0;
    if (base < 2 || base > 36)
        return errno = EINVAL;
    const char *at = spell(text, value, base, negative);
    if (strlen(at) >= room)
        return errno = ERANGE;
    memcpy(to, at, strlen(at) + 1);
    return 0;
}

static errno_t wide(wchar_t *to, size_t room, uint64_t value, int base, int negative)
{
    char text[66];
    if (!to || !room)
        return errno = EINVAL;
    to[0] = 0;
    if (base < 2 || base > 36)
        return errno = EINVAL;
    const char *at = spell(text, value, base, negative);
    if (strlen(at) >= room)
        return errno = ERANGE;
    while ((*to++ = (unsigned char)*at++) != 0) {
    }
    return 0;
}

static int below_zero(int64_t value)
{
    return value < 0;
}

/* Only the base of 10 has a sign; the others show the bits of the type. */
#define SPELLERS(name, wname, type, bits, is_signed)                                               \
    API errno_t ntpipe_##name##_s(type value, char *to, size_t room, int base)                     \
    {                                                                                              \
        int negative = is_signed && base == 10 && below_zero((int64_t)value);        \
        return narrow(to, room, negative ? 0 - (uint64_t)value : (bits)value, base, negative);     \
    }                                                                                              \
    API char *ntpipe_##name(type value, char *to, int base)                                        \
    {                                                                                              \
        ntpipe_##name##_s(value, to, SIZE_MAX, base);                                              \
        return to;                                                                                 \
    }                                                                                              \
    API errno_t ntpipe_##wname##_s(type value, wchar_t *to, size_t room, int base)                 \
    {                                                                                              \
        int negative = is_signed && base == 10 && below_zero((int64_t)value);        \
        return wide(to, room, negative ? 0 - (uint64_t)value : (bits)value, base, negative);       \
    }                                                                                              \
    API wchar_t *ntpipe_##wname(type value, wchar_t *to, int base)                                 \
    {                                                                                              \
        ntpipe_##wname##_s(value, to, SIZE_MAX, base);                                             \
        return to;                                                                                 \
    }

SPELLERS(_itoa, _itow, int32_t, uint32_t, 1)
SPELLERS(_ultoa, _ultow, uint32_t, uint32_t, 0)
SPELLERS(_i64toa, _i64tow, int64_t, uint64_t, 1)
SPELLERS(_ui64toa, _ui64tow, uint64_t, uint64_t, 0)
