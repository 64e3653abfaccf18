/* The printf family. */

#include "crt.h"

#include <errno.h>

#define TRUNCATE ((size_t)-1)

/* Defines a function by the one that takes a va_list. */
#define VARIADIC(name, last, parameters, call)                                                     \
    API int name parameters                                                                        \
    {                                                                                              \
        va_list list;                                                                              \
        va_start(list, last);                                                                      \
        int result = call;                                                                         \
        va_end(list);                                                                              \
        return result;                                                                             \
    }

static int to_file(FILE *file, int wide, const void *format, va_list list)
{
    struct out out = { .wide = wide, .file = file };
    return ntpipe_format(&out, format, list);
}

static int to_memory(int wide, void *memory, size_t room, const void *format, va_list list)
{
    struct out out = { .wide = wide, .memory = room ? memory : NULL, .room = room };
    return ntpipe_format(&out, format, list);
}

static void terminate(int wide, void *memory, size_t at)
{
    if (wide)
        ((wchar_t *)memory)[at] = 0;
    else
        ((char *)memory)[at] = 0;
}

/* As C99 has it: always terminated, the whole length is the answer. */
static int bounded(int wide, void *memory, size_t room, const void *format, va_list list)
{
    int n = to_memory(wide, memory, room, format, list);
    if (room)
        terminate(wide, memory, n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1);
    return n;
}

/* The names with an underscore: terminated only where there is room, -1 where the text did not fit. */
static int legacy(int wide, void *memory, size_t room, const void *format, va_list list)
{
    int n = to_memory(wide, memory, room, format, list);
    if (n >= 0 && (size_t)n < room)
        terminate(wide, memory, (size_t)n);
    return !memory && !room ? n : n < 0 || (size_t)n > room ? -1 : n;
}

/* The secure ones: what does not fit leaves an empty string, -1 and ERANGE. */
static int secure(int wide, void *memory, size_t room, size_t count, const void *format, va_list list)
{
    if (!memory && !room && !count)
        return 0;
    if (!memory || !room || !format) {
        errno = EINVAL;
        return -1;
    }
    int n = bounded(wide, memory, room, format, list);
    if (n >= 0 && (size_t)n < room && (count == TRUNCATE || (size_t)n <= count))
        return n;
    if (n >= 0 && (count == TRUNCATE || count < room)) {
        if (count != TRUNCATE)
            terminate(wide, memory, count);
        return -1;
    }
    terminate(wide, memory, 0);
    errno = ERANGE;
    return -1;
}

/* Narrow, onto a stream. */

API int ntpipe_vfprintf(FILE *file, const char *format, va_list list)
{
    return to_file(file, 0, format, list);
}
API int ntpipe_vprintf(const char *format, va_list list)
{
    return to_file(stdout, 0, format, list);
}
VARIADIC(ntpipe_fprintf, format, (FILE *file, const char *format, ...), to_file(file, 0, format, list))
VARIADIC(ntpipe_printf, format, (const char *format, ...), to_file(stdout, 0, format, list))

/* Narrow, into memory. */

API int ntpipe_vsprintf(char *to, const char *format, va_list list)
{
    return bounded(0, to, SIZE_MAX, format, list);
}
API int ntpipe_vsnprintf(char *to, size_t room, const char *format, va_list list)
{
    return bounded(0, to, room, format, list);
}
API int ntpipe__vsnprintf(char *to, size_t room, const char *format, va_list list)
{
    return legacy(0, to, room, format, list);
}
API int ntpipe__vscprintf(const char *format, va_list list)
{
    return to_memory(0, NULL, 0, format, list);
}
API int ntpipe_vsprintf_s(char *to, size_t room, const char *format, va_list list)
{
    return secure(0, to, room, SIZE_MAX - 1, format, list);
}
API int ntpipe__vsnprintf_s(char *to, size_t room, size_t count, const char *format, va_list list)
{
    return secure(0, to, room, count, format, list);
}
VARIADIC(ntpipe_sprintf, format, (char *to, const char *format, ...), bounded(0, to, SIZE_MAX, format, list))
VARIADIC(ntpipe_snprintf, format, (char *to, size_t room, const char *format, ...),
         bounded(0, to, room, format, list))
VARIADIC(ntpipe__snprintf, format, (char *to, size_t room, const char *format, ...),
         legacy(0, to, room, format, list))
VARIADIC(ntpipe__scprintf, format, (const char *format, ...), to_memory(0, NULL, 0, format, list))
VARIADIC(ntpipe_sprintf_s, format, (char *to, size_t room, const char *format, ...),
         secure(0, to, room, SIZE_MAX - 1, format, list))
VARIADIC(ntpipe__snprintf_s, format, (char *to, size_t room, size_t count, const char *format, ...),
         secure(0, to, room, count, format, list))

/* Wide, onto a stream. */

API int ntpipe_vfwprintf(FILE *file, const wchar_t *format, va_list list)
{
    return to_file(file, 1, format, list);
}
API int ntpipe_vwprintf(const wchar_t *format, va_list list)
{
    return to_file(stdout, 1, format, list);
}
VARIADIC(ntpipe_fwprintf, format, (FILE *file, const wchar_t *format, ...), to_file(file, 1, format, list))
VARIADIC(ntpipe_wprintf, format, (const wchar_t *format, ...), to_file(stdout, 1, format, list))

/* Wide, into memory. */

/* Terminated in any case, -1 where the text did not fit. */
static int standard_wide(wchar_t *to, size_t room, const wchar_t *format, va_list list)
{
    int n = bounded(1, to, room, format, list);
    return !to && !room ? n : n < 0 || (size_t)n >= room ? -1 : n;
}

API int ntpipe_vswprintf(wchar_t *to, size_t room, const wchar_t *format, va_list list)
{
    return standard_wide(to, room, format, list);
}
/* For what libstdc++ formats with the types of Linux. */
API int ntpipe_vswprintf_long(wchar_t *to, size_t room, const wchar_t *format, va_list list)
{
    struct out out = { .wide = 1, .long_is_64 = 1, .memory = room ? to : NULL, .room = room };
    int n = ntpipe_format(&out, format, list);
    if (room)
        terminate(1, to, n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1);
    return n;
}
API int ntpipe__vswprintf(wchar_t *to, const wchar_t *format, va_list list)
{
    return bounded(1, to, SIZE_MAX, format, list);
}
API int ntpipe__vsnwprintf(wchar_t *to, size_t room, const wchar_t *format, va_list list)
{
    return legacy(1, to, room, format, list);
}
API int ntpipe__vscwprintf(const wchar_t *format, va_list list)
{
    return to_memory(1, NULL, 0, format, list);
}
API int ntpipe_vswprintf_s(wchar_t *to, size_t room, const wchar_t *format, va_list list)
{
    return secure(1, to, room, SIZE_MAX - 1, format, list);
}
API int ntpipe__vsnwprintf_s(wchar_t *to, size_t room, size_t count, const wchar_t *format, va_list list)
{
    return secure(1, to, room, count, format, list);
}
VARIADIC(ntpipe_swprintf, format, (wchar_t *to, size_t room, const wchar_t *format, ...),
         standard_wide(to, room, format, list))
VARIADIC(ntpipe__swprintf, format, (wchar_t *to, const wchar_t *format, ...),
         bounded(1, to, SIZE_MAX, format, list))
VARIADIC(ntpipe__snwprintf, format, (wchar_t *to, size_t room, const wchar_t *format, ...),
         legacy(1, to, room, format, list))
VARIADIC(ntpipe__scwprintf, format, (const wchar_t *format, ...), to_memory(1, NULL, 0, format, list))
VARIADIC(ntpipe_swprintf_s, format, (wchar_t *to, size_t room, const wchar_t *format, ...),
         secure(1, to, room, SIZE_MAX - 1, format, list))
VARIADIC(ntpipe__snwprintf_s, format, (wchar_t *to, size_t room, size_t count, const wchar_t *format, ...),
         secure(1, to, room, count, format, list))

/* winuser.h: at most 1,024 units with the terminator. */

static int message(int wide, void *to, const void *format, va_list list)
{
    int n = bounded(wide, to, 1024, format, list);
    return n > 1023 ? 1023 : n;
}

API int wvsprintfA(char *to, const char *format, va_list list)
{
    return message(0, to, format, list);
}
API int wvsprintfW(wchar_t *to, const wchar_t *format, va_list list)
{
    return message(1, to, format, list);
}
VARIADIC(wsprintfA, format, (char *to, const char *format, ...), message(0, to, format, list))
VARIADIC(wsprintfW, format, (wchar_t *to, const wchar_t *format, ...), message(1, to, format, list))
