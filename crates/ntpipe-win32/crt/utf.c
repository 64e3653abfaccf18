/* UTF-8 and UTF-16. */

#include "crt.h"

#include <errno.h>
#include <stdlib.h>

#define REPLACEMENT 0xFFFDu
#define TRUNCATE ((size_t)-1)
#define STRUNCATE 80

uint32_t ntpipe_utf8_next(const unsigned char **text)
{
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    const unsigned char *at = *text;
    uint32_t character = *at++;
    int more = character < 0x80 ? 0 : character < 0xC2 ? -1 : character < 0xE0 ? 1
             : character < 0xF0 ? 2 : character < 0xF5 ? 3 : -1;
    *text = at;
    if (more <= 0)
        return more < 0 ? REPLACEMENT : character;
    character &= 0x3Fu >> more;
    for (int i = 0; i < more; i++) {
        if ((*at & 0xC0) != 0x80)
            return REPLACEMENT;
        character = character << 6 | (*at++ & 0x3Fu);
    }
    if (character < least[more] || character > 0x10FFFF || (character & 0x1FF800) == 0xD800)
        return REPLACEMENT;
    *text = at;
    return character;
}

uint32_t ntpipe_utf16_next(const wchar_t **text)
{
    uint32_t unit = *(*text)++;
    if ((unit & 0xF800) != 0xD800)
        return unit;
    if (unit >= 0xDC00 || (**text & 0xFC00) != 0xDC00)
        return REPLACEMENT;
    return 0x10000 + ((unit & 0x3FF) << 10 | (*(*text)++ & 0x3FFu));
}

size_t ntpipe_utf8_put(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xC0 | c >> 6);
        to[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xE0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 0x3F));
        to[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 0x3F));
    to[2] = (char)(0x80 | (c >> 6 & 0x3F));
    to[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

size_t ntpipe_utf16_put(wchar_t *to, uint32_t c)
{
    if (c < 0x10000) {
        to[0] = (wchar_t)c;
        return 1;
    }
    to[0] = (wchar_t)(0xD7C0 + (c >> 10));
    to[1] = (wchar_t)(0xDC00 | (c & 0x3FF));
    return 2;
}

char *ntpipe_utf8_copy(const wchar_t *text)
{
    if (!text)
        return NULL;
    char *copy = malloc(ntpipe_wcslen(text) * 3 + 1);
    if (!copy)
        return NULL;
    size_t length = 0;
    while (*text)
        length += ntpipe_utf8_put(copy + length, ntpipe_utf16_next(&text));
    copy[length] = 0;
    return copy;
}

FILE *ntpipe_open_wide(FILE *open(const char *, const char *), const wchar_t *name, const wchar_t *mode)
{
    char *narrow_name = ntpipe_utf8_copy(name), *narrow_mode = ntpipe_utf8_copy(mode);
    FILE *stream = open(narrow_name, narrow_mode);
    int why = errno;
    free(narrow_name);
    free(narrow_mode);
    errno = why;
    return stream;
}

/* Converts what has room with whole characters, or counts without a place. The terminator is not counted;
 * whether it was reached, whether or not there is room for it. */
static size_t to_wide(wchar_t *to, const char *from, size_t room, int *ended)
{
    const unsigned char *at = (const unsigned char *)from;
    size_t length = 0;
    *ended = 0;
    for (;;) {
        wchar_t units[2];
        uint32_t c = ntpipe_utf8_next(&at);
        size_t n = ntpipe_utf16_put(units, c);
        *ended = !c;
        if (to && length + n > room)
            return length;
        /* The character itself, EF BF BD, is no error. */
        int spelt = at - (const unsigned char *)from >= 3 && at[-1] == 0xBD && at[-2] == 0xBF;
        if (c == REPLACEMENT && !spelt) {
            errno = EILSEQ;
            return (size_t)-1;
        }
        for (size_t i = 0; to && i < n; i++)
            to[length + i] = units[i];
        if (!c)
            return length;
        length += n;
    }
}

static size_t to_narrow(char *to, const wchar_t *from, size_t room, int *ended)
{
    size_t length = 0;
    *ended = 0;
    for (;;) {
        char bytes[4];
        uint32_t c = ntpipe_utf16_next(&from);
        size_t n = ntpipe_utf8_put(bytes, c);
        *ended = !c;
        if (to && length + n > room)
            return length;
        if (c == REPLACEMENT && from[-1] != REPLACEMENT) {
            errno = EILSEQ;
            return (size_t)-1;
        }
        for (size_t i = 0; to && i < n; i++)
            to[length + i] = bytes[i];
        if (!c)
            return length;
        length += n;
    }
}

API size_t ntpipe_mbstowcs(wchar_t *to, const char *from, size_t room)
{
    int ended;
    return to_wide(to, from, room, &ended);
}

API size_t ntpipe_wcstombs(char *to, const wchar_t *from, size_t room)
{
    int ended;
    return to_narrow(to, from, room, &ended);
}

/* One unit has no room for a surrogate pair: such a character is an error, as on Windows. */
API int ntpipe_mbtowc(wchar_t *to, const char *from, size_t most)
{
    if (!from)
        return 0;
    unsigned char bytes[5] = { 0 };
    for (size_t i = 0; i < most && i < 4 && from[i]; i++)
        bytes[i] = (unsigned char)from[i];
    const unsigned char *at = bytes;
    uint32_t c = ntpipe_utf8_next(&at);
    if (!most || c > 0xFFFF || (c == REPLACEMENT && at - bytes != 3)) {
        errno = EILSEQ;
        return -1;
    }
    if (to)
        *to = (wchar_t)c;
    return c ? (int)(at - bytes) : 0;
}

API int ntpipe_wctomb(char *to, wchar_t c)
{
    if (!to)
        return 0;
    if ((c & 0xF800) == 0xD800) {
        errno = EILSEQ;
        return -1;
    }
    return (int)ntpipe_utf8_put(to, c);
}

static errno_t refuse(errno_t why)
{
    errno = why;
    return why;
}

/* How many units a secure conversion may make in front of the terminator. */
static size_t limit(size_t room, size_t count)
{
    return count < room ? count : room - 1;
}

/* What a secure conversion answers that has made so many; where the terminator belongs, and what is told of
 * the length with it. */
static errno_t answer(size_t made, int ended, size_t room, size_t count, size_t *end, size_t *done)
{
    int cut = made != (size_t)-1 && !ended && count >= room;
    *end = 0;
    if (made == (size_t)-1)
        return refuse(EILSEQ);
    if (cut && count != TRUNCATE)
        return refuse(ERANGE);
    *end = made;
    if (done)
        *done = made + 1;
    return cut ? STRUNCATE : 0;
}

API errno_t ntpipe_mbstowcs_s(size_t *done, wchar_t *to, size_t room, const char *from, size_t count)
{
    int ended;
    size_t end;
    if (done)
        *done = 0;
    if (to && room)
        to[0] = 0;
    if (!from || (!to) != (room == 0))
        return refuse(EINVAL);
    if (!to)
        return answer(to_wide(NULL, from, 0, &ended), 1, 0, count, &end, done);
    size_t made = to_wide(to, from, limit(room, count), &ended);
    errno_t result = answer(made, ended, room, count, &end, done);
    to[end] = 0;
    return result;
}

API errno_t ntpipe_wcstombs_s(size_t *done, char *to, size_t room, const wchar_t *from, size_t count)
{
    int ended;
    size_t end;
    if (done)
        *done = 0;
    if (to && room)
        to[0] = 0;
    if (!from || (!to) != (room == 0))
        return refuse(EINVAL);
    if (!to)
        return answer(to_narrow(NULL, from, 0, &ended), 1, 0, count, &end, done);
    size_t made = to_narrow(to, from, limit(room, count), &ended);
    errno_t result = answer(made, ended, room, count, &end, done);
    to[end] = 0;
    return result;
}
