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

/* glibc's headers name these symbols in asm labels, which gcc lets a renaming overrule, but clang does
 * not. There the linker does it: --wrap=__isoc99_sscanf makes __wrap___isoc99_sscanf of it. */
#define WRAPPED(name, target) \
    API __typeof__(target) __wrap_##name __attribute__((alias(#target)));
#define WRAPPED_EACH(name)                     \
    WRAPPED(name, ntpipe_##name)               \
    WRAPPED(__isoc99_##name, ntpipe_##name)    \
    WRAPPED(__isoc23_##name, ntpipe_##name)

WRAPPED_EACH(scanf)
WRAPPED_EACH(fscanf)
WRAPPED_EACH(sscanf)
WRAPPED_EACH(wscanf)
WRAPPED_EACH(fwscanf)
WRAPPED_EACH(swscanf)
WRAPPED_EACH(vscanf)
WRAPPED_EACH(vfscanf)
WRAPPED_EACH(vsscanf)
WRAPPED_EACH(vwscanf)
WRAPPED_EACH(vfwscanf)
WRAPPED_EACH(vswscanf)
