/* Wide characters on byte streams: UTF-8, and never an orientation, so that narrow and wide output can
 * take turns as on Windows. */

#include "crt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WEOF_ 0xFFFFFFFFu

/* The half of a surrogate pair that waits: read but not yet handed out, or written but not complete. One
 * a thread is enough, since the other half is the next thing that happens to the stream. */
static _Thread_local struct half {
    FILE *file;
    unsigned unit;
} unread, unwritten;

API unsigned ntpipe_fgetwc(FILE *file)
{
    if (unread.file == file && unread.unit) {
        unsigned unit = unread.unit;
        unread.unit = 0;
        return unit;
    }
    unsigned char bytes[5] = { 0 };
    int c = getc(file);
    if (c == EOF)
        return WEOF_;
    bytes[0] = (unsigned char)c;
    int more = c < 0xC2 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : c < 0xF5 ? 3 : 0;
    for (int i = 1; i <= more; i++) {
        c = getc(file);
        if (c == EOF || (c & 0xC0) != 0x80) {
            ungetc(c, file);
            break;
        }
        bytes[i] = (unsigned char)c;
    }
    const unsigned char *at = bytes;
    wchar_t units[2];
    if (ntpipe_utf16_put(units, ntpipe_utf8_next(&at)) == 2)
        unread = (struct half){ file, units[1] };
    return units[0];
}

API unsigned ntpipe_ungetwc(unsigned c, FILE *file)
{
    if (c == WEOF_)
        return c;
    if ((c & 0xFC00) == 0xDC00) {
        unread = (struct half){ file, c };
        return c;
    }
    char bytes[4];
    if ((c & 0xFC00) == 0xD800) {
        /* Its other half came from the same four bytes and waits. */
        c = 0x10000 + ((c & 0x3FF) << 10 | (unread.unit & 0x3FF));
        unread.unit = 0;
    }
    for (size_t n = ntpipe_utf8_put(bytes, c); n; n--)
        if (ungetc((unsigned char)bytes[n - 1], file) == EOF)
            return WEOF_;
    return c & 0xFFFF;
}

API unsigned ntpipe_fputwc(wchar_t unit, FILE *file)
{
    char bytes[4];
    uint32_t c = unit;
    if ((c & 0xFC00) == 0xD800) {
        unwritten = (struct half){ file, c };
        return unit;
    }
    if ((c & 0xFC00) == 0xDC00) {
        int whole = unwritten.file == file && unwritten.unit;
        c = whole ? 0x10000 + ((unwritten.unit & 0x3FF) << 10 | (c & 0x3FF)) : 0xFFFD;
        unwritten.unit = 0;
    }
    size_t n = ntpipe_utf8_put(bytes, c);
    return fwrite(bytes, 1, n, file) == n ? unit : WEOF_;
}

API unsigned ntpipe_putwchar(wchar_t c)
{
    return ntpipe_fputwc(c, stdout);
}

API unsigned ntpipe_getwchar(void)
{
    return ntpipe_fgetwc(stdin);
}

API int ntpipe_fputws(const wchar_t *text, FILE *file)
{
    int failed = 0;
    flockfile(file);
    while (*text) {
        char bytes[4];
        size_t n = ntpipe_utf8_put(bytes, ntpipe_utf16_next(&text));
        failed |= fwrite(bytes, 1, n, file) != n;
    }
    funlockfile(file);
    return failed ? EOF : 0;
}

API int ntpipe__putws(const wchar_t *text)
{
    return ntpipe_fputws(text, stdout) == EOF || putchar('\n') == EOF ? EOF : 0;
}

API wchar_t *ntpipe_fgetws(wchar_t *to, int room, FILE *file)
{
    int n = 0;
    flockfile(file);
    while (n + 1 < room) {
        unsigned c = ntpipe_fgetwc(file);
        if (c == WEOF_)
            break;
        to[n++] = (wchar_t)c;
        if (c == '\n')
            break;
    }
    funlockfile(file);
    if (room < 1 || (n == 0 && room > 1))
        return NULL;
    to[n] = 0;
    return to;
}

API wchar_t *ntpipe__getws_s(wchar_t *to, size_t room)
{
    if (!to || !room) {
        errno = EINVAL;
        return NULL;
    }
    wchar_t *line = ntpipe_fgetws(to, room > 0x7FFFFFFF ? 0x7FFFFFFF : (int)room, stdin);
    size_t n = line ? ntpipe_wcslen(line) : 0;
    if (n && line[n - 1] == '\n')
        line[n - 1] = 0;
    else if (!line)
        to[0] = 0;
    return line;
}

API char *ntpipe_gets_s(char *to, size_t room)
{
    if (!to || !room) {
        errno = EINVAL;
        return NULL;
    }
    char *line = fgets(to, room > 0x7FFFFFFF ? 0x7FFFFFFF : (int)room, stdin);
    size_t n = line ? strlen(line) : 0;
    if (n && line[n - 1] == '\n')
        line[n - 1] = 0;
    else if (!line)
        to[0] = 0;
    return line;
}

/* Windows' letters without a meaning here ('b' and 't', 'c', 'n', 'S', 'R', 'T', 'D', 'N' and ",ccs=")
 * are left out: there is no translation of text. */
static FILE *open_file(const char *path, const char *mode)
{
    char own[4];
    size_t n = 0;
    if (!path || !mode || !strchr("rwa", mode[0]) || !mode[0]) {
        errno = EINVAL;
        return NULL;
    }
    own[n++] = mode[0];
    for (const char *at = mode + 1; *at && *at != ',' && n < 3; at++)
        if ((*at == '+' || *at == 'x') && !memchr(own, *at, n))
            own[n++] = *at;
    own[n] = 0;
    return fopen(path, own);
}

API FILE *ntpipe__wfopen(const wchar_t *path, const wchar_t *mode)
{
    char *narrow_path = ntpipe_utf8_copy(path), *narrow_mode = ntpipe_utf8_copy(mode);
    FILE *file = open_file(narrow_path, narrow_mode);
    int why = errno;
    free(narrow_path);
    free(narrow_mode);
    errno = why;
    return file;
}

API errno_t ntpipe_fopen_s(FILE **file, const char *path, const char *mode)
{
    if (!file)
        return errno = EINVAL;
    *file = open_file(path, mode);
    return *file ? 0 : errno;
}

API errno_t ntpipe__wfopen_s(FILE **file, const wchar_t *path, const wchar_t *mode)
{
    if (!file)
        return errno = EINVAL;
    *file = ntpipe__wfopen(path, mode);
    return *file ? 0 : errno;
}

/* Room for the wide streams of C++, which the header <iostream> makes: std::wcin and the others have these
 * symbols. On no system has one of them half of this size. */
API _Alignas(16) char ntpipe_wcin[1024], ntpipe_wcout[1024], ntpipe_wcerr[1024], ntpipe_wclog[1024];
