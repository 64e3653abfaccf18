/* The scanf family's names. */

#include "crt.h"

/* Defines a function, its va_list form and their secure pair. */
#define FAMILY(name, declared, scan)                                                               \
    API int ntpipe_v##name(declared, va_list list)                                                 \
    {                                                                                              \
        enum { sized = 0 };                                                                        \
        return scan;                                                                               \
    }                                                                                              \
    API int ntpipe_##name(declared, ...)                                                           \
    {                                                                                              \
        enum { sized = 0 };                                                                        \
        va_list list;                                                                              \
        va_start(list, format);                                                                    \
        int n = scan;                                                                              \
        va_end(list);                                                                              \
        return n;                                                                                  \
    }                                                                                              \
    API int ntpipe_v##name##_s(declared, va_list list)                                             \
    {                                                                                              \
        enum { sized = 1 };                                                                        \
        return scan;                                                                               \
    }                                                                                              \
    API int ntpipe_##name##_s(declared, ...)                                                       \
    {                                                                                              \
        enum { sized = 1 };                                                                        \
        va_list list;                                                                              \
        va_start(list, format);                                                                    \
        int n = scan;                                                                              \
        va_end(list);                                                                              \
        return n;                                                                                  \
    }

#define WITH(first) first, const char *format
#define WITH_WIDE(first) first, const wchar_t *format

FAMILY(scanf, const char *format, ntpipe_scan_file(stdin, format, 0, sized, list))
FAMILY(fscanf, WITH(FILE *file), ntpipe_scan_file(file, format, 0, sized, list))
FAMILY(sscanf, WITH(const char *text), ntpipe_scan_narrow(text, SIZE_MAX, format, sized, list))
FAMILY(wscanf, const wchar_t *format, ntpipe_scan_file(stdin, format, 1, sized, list))
FAMILY(fwscanf, WITH_WIDE(FILE *file), ntpipe_scan_file(file, format, 1, sized, list))
FAMILY(swscanf, WITH_WIDE(const wchar_t *text), ntpipe_scan_wide(text, SIZE_MAX, format, sized, list))

API int ntpipe__snscanf(const char *text, size_t length, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = ntpipe_scan_narrow(text, length, format, 0, list);
    va_end(list);
    return n;
}

API int ntpipe__snwscanf(const wchar_t *text, size_t length, const wchar_t *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = ntpipe_scan_wide(text, length, format, 0, list);
    va_end(list);
    return n;
}

WRAPPED(scanf)
WRAPPED(fscanf)
WRAPPED(sscanf)
WRAPPED(wscanf)
WRAPPED(fwscanf)
WRAPPED(swscanf)
WRAPPED(vscanf)
WRAPPED(vfscanf)
WRAPPED(vsscanf)
WRAPPED(vwscanf)
WRAPPED(vfwscanf)
WRAPPED(vswscanf)
