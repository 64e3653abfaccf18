/* Wide characters on byte streams: UTF-8, and never an orientation, so that narrow and wide output can
 * take turns as on Windows. */

#include "crt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WEOF_ 0xFFFFFFFFu

/* The half of a surrogate pair that waits: read but not yet handed out, or written but not complete. One
 * a thread is enough, since the other half is the next thing that happens to the stream. */
static _Thread_local struct half {
    FILE *file;
    unsigned unit;
} unread, unwritten;

/* The last byte of the pair's four goes back to the stream: a stream that was closed or set to another place
 * meanwhile does not have it, and a half that waits for it is forgotten. */
static void keep_low(FILE *file, unsigned unit)
{
    if (ungetc((int)(0x80 | (unit & 0x3F)), file) != EOF)
        unread = (struct half){ file, unit };
}

/* The half that waits in a stream, or 0. */
static unsigned take_low(FILE *file)
{
    unsigned unit = unread.file == file ? unread.unit : 0;
    if (!unit)
        return 0;
    unread.unit = 0;
    int c = getc_unlocked(file);
    if (c == (int)(0x80 | (unit & 0x3F)))
        return unit;
    ungetc(c, file);
    return 0;
}

static unsigned read_unit(FILE *file)
{
    unsigned char bytes[5] = { 0 };
    unsigned low = take_low(file);
    if (low)
        return low;
    int c = getc_unlocked(file);
    if (c == EOF)
        return WEOF_;
    bytes[0] = (unsigned char)c;
    int more = c < 0xC2 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : c < 0xF5 ? 3 : 0;
    for (int i = 1; i <= more; i++) {
        c = getc_unlocked(file);
        if (c == EOF || (c & 0xC0) != 0x80) {
            ungetc(c, file);
            break;
        }
        bytes[i] = (unsigned char)c;
    }
    const unsigned char *at = bytes;
    wchar_t units[2];
    if (ntpipe_utf16_put(units, ntpipe_utf8_next(&at)) == 2)
        keep_low(file, units[1]);
    return units[0];
}

API unsigned ntpipe_fgetwc(FILE *file)
{
    flockfile(file);
    unsigned unit = read_unit(file);
    funlockfile(file);
    return unit;
}

static unsigned unread_unit(unsigned c, FILE *file)
{
    char bytes[4];
    if ((c & 0xFC00) == 0xDC00) {
        keep_low(file, c);
        return c;
    }
    uint32_t whole = c;
    if ((c & 0xFC00) == 0xD800) {
        unsigned low = take_low(file);
        whole = low ? 0x10000 + ((c & 0x3FF) << 10 | (low & 0x3FF)) : 0xFFFD;
    }
    for (size_t n = ntpipe_utf8_put(bytes, whole); n; n--)
        if (ungetc((unsigned char)bytes[n - 1], file) == EOF)
            return WEOF_;
    return c;
}

API unsigned ntpipe_ungetwc(unsigned c, FILE *file)
{
    if (c == WEOF_)
        return c;
    flockfile(file);
    unsigned result = unread_unit(c & 0xFFFF, file);
    funlockfile(file);
    return result;
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

/* A stream of a pipe's end. */
static FILE *open_pipe(const char *name, const char *mode)
{
    enum { READS, WRITES, BOTH };
    enum { NO_INHERIT = 0x80 };
    int flags = strchr(mode, '+') ? BOTH : mode[0] == 'r' ? READS : WRITES;
    int fd = ntpipe_open_descriptor(name, flags | (strchr(mode, 'e') ? NO_INHERIT : 0), 0);
    FILE *file = fd < 0 ? NULL : fdopen(fd, mode);
    if (fd >= 0 && !file)
        close(fd);
    return file;
}

/* Windows' letters without a meaning here ('b' and 't', 'c', 'n', 'S', 'R', 'T', 'D', and ",ccs=") are left
 * out: there is no translation of text. The C library would take ",ccs=" for a stream of its own wide
 * characters, which carries no others. 'N' keeps the file from children, as 'e' does here. */
static int own_mode(const char *mode, char own[5])
{
    size_t n = 0;
    if (!mode || !mode[0] || !strchr("rwa", mode[0])) {
        errno = EINVAL;
        return 0;
    }
    own[n++] = mode[0];
    for (const char *at = mode + 1; *at && *at != ',' && n < 4; at++) {
        char letter = *at == 'N' ? 'e' : *at;
        if ((letter == '+' || letter == 'x' || letter == 'e') && !memchr(own, letter, n))
            own[n++] = letter;
    }
    own[n] = 0;
    return 1;
}

static FILE *open_file(const char *path, const char *mode)
{
    char own[5];
    int is_pipe;
    if (!own_mode(mode, own))
        return NULL;
    char *own_path = ntpipe_own_path(path, &is_pipe);
    if (!own_path)
        return NULL;
    FILE *file = is_pipe ? open_pipe(own_path, own) : fopen(own_path, own);
    int why = errno;
    free(own_path);
    errno = why;
    return file;
}

API FILE *ntpipe_fopen(const char *path, const char *mode)
{
    return open_file(path, mode);
}

API FILE *ntpipe__wfopen(const wchar_t *path, const wchar_t *mode)
{
    return ntpipe_open_wide(open_file, path, mode);
}

/* Without a path the mode changes, and nothing here depends on it but what the C library knows. */
API FILE *ntpipe_freopen(const char *path, const char *mode, FILE *stream)
{
    char own[5], *own_path = NULL;
    int can = own_mode(mode, own) && (!path || (own_path = ntpipe_own_path(path, NULL)));
    FILE *file = can ? freopen(own_path, own, stream) : NULL;
    int why = errno;
    free(own_path);
    errno = why;
    return file;
}

API FILE *ntpipe__wfreopen(const wchar_t *path, const wchar_t *mode, FILE *stream)
{
    char *narrow_path = ntpipe_utf8_copy(path), *narrow_mode = ntpipe_utf8_copy(mode);
    FILE *file = ntpipe_freopen(narrow_path, narrow_mode, stream);
    int why = errno;
    free(narrow_path);
    free(narrow_mode);
    errno = why;
    return file;
}

API errno_t ntpipe_freopen_s(FILE **file, const char *path, const char *mode, FILE *stream)
{
    if (!file)
        return errno = EINVAL;
    *file = stream ? ntpipe_freopen(path, mode, stream) : NULL;
    return *file ? 0 : stream ? errno : (errno = EINVAL);
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
