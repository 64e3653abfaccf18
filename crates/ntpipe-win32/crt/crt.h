/* What the files of the C runtime layer share. They are compiled with 16-bit wchar_t and without the
 * renaming header, so that an unprefixed name is always the C library's own. */
#ifndef NTPIPE_CRT_INTERNAL_H
#define NTPIPE_CRT_INTERNAL_H

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

_Static_assert(sizeof(wchar_t) == 2, "compile with -fshort-wchar");

/* What the headers name; libntpipe.so exports it. */
#define API __attribute__((visibility("default")))

typedef int errno_t;

/* Leaves it in errno too. */
static inline errno_t fail(errno_t why)
{
    errno = why;
    return why;
}

/* Text: UTF-8 on streams and in narrow strings, UTF-16 in wide ones. */

/* Takes one character from UTF-8 and moves the pointer; a byte that begins no character stands for
 * U+FFFD. Never reads past a zero. */
uint32_t ntpipe_utf8_next(const unsigned char **text);
/* Takes one character from UTF-16 and moves the pointer; a lone surrogate stands for U+FFFD. */
uint32_t ntpipe_utf16_next(const wchar_t **text);
/* Writes a character, at most 4 bytes; tells how many. */
size_t ntpipe_utf8_put(char *to, uint32_t character);
/* Writes a character, at most 2 units; tells how many. */
size_t ntpipe_utf16_put(wchar_t *to, uint32_t character);
/* A copy in UTF-8, to be freed; a null pointer for a null pointer or without memory. */
char *ntpipe_utf8_copy(const wchar_t *text);
/* Opens what is named in UTF-16, by a function that takes UTF-8. */
FILE *ntpipe_open_wide(FILE *open(const char *, const char *), const wchar_t *name, const wchar_t *mode);

/* A path of Windows' as this system has it, to be freed; a null pointer and errno if it names no file. One of
 * a pipe stays as it is, if `is_pipe` is there to tell of it. */
char *ntpipe_own_path(const char *path, int *is_pipe);
/* _open. */
int ntpipe_open_descriptor(const char *path, int flags, int mode);
/* What the last error is as an errno. */
int ntpipe_reason(void);

size_t ntpipe_wcslen(const wchar_t *text);
size_t ntpipe_wcsnlen(const wchar_t *text, size_t most);
int ntpipe_iswspace(unsigned c);
unsigned ntpipe_towlower(unsigned c);
unsigned ntpipe_towupper(unsigned c);
unsigned ntpipe_fgetwc(FILE *stream);
unsigned ntpipe_ungetwc(unsigned c, FILE *stream);
/* As on Windows: descriptors to read from and to write to. */
int ntpipe__pipe(int *ends, unsigned size, int mode);

/* Where formatted text goes: into memory, onto a stream, or nowhere but into the count. */
struct out {
    int wide;         /* whether a unit is a wchar_t */
    int long_is_64;   /* Linux' l instead of Windows' */
    void *memory;     /* a null pointer if there is none */
    size_t room;      /* how many units the memory has */
    FILE *file;       /* a null pointer if there is none */
    size_t count;     /* units put, whether they fitted or not */
    uint32_t high;    /* the first half of a surrogate pair, on a wide stream */
    size_t held;      /* bytes in the buffer */
    int failed;
    char buffer[256];
};

/* Formats by the rules of Windows: %s and %S depend on the format's width, l is 32 bits. */
int ntpipe_format(struct out *out, const void *format, va_list list);

/* A floating-point number with the flags of its format but no width. Into *place if it has room, else
 * into memory to be freed, and *place is set to that; its length. */
size_t ntpipe_format_double(char **place, size_t room, char type, const char *flags, int precision,
                            int extended, long double value);

/* Scans by the same rules. `sized`: %s, %c and %[ are followed by the size of their place. */
int ntpipe_scan_narrow(const char *text, size_t length, const char *format, int sized, va_list list);
int ntpipe_scan_wide(const wchar_t *text, size_t length, const wchar_t *format, int sized, va_list list);
int ntpipe_scan_file(FILE *file, const void *format, int wide, int sized, va_list list);

/* glibc's headers give these functions symbols of their own, which gcc lets a renaming overrule, but clang
 * does not. There the linker renames: --wrap=__isoc99_sscanf makes __wrap___isoc99_sscanf of it. */
#define WRAPPED(name)                 \
    WRAPPED_AS(name, name)            \
    WRAPPED_AS(__isoc99_##name, name) \
    WRAPPED_AS(__isoc23_##name, name)
#define WRAPPED_AS(symbol, name) \
    API __typeof__(ntpipe_##name) __wrap_##symbol __attribute__((alias("ntpipe_" #name)));

#endif
