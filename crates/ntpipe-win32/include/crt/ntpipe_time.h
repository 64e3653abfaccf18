/* What Windows' <time.h> has and the C library's has not. The order of the arguments is Microsoft's. */
#ifndef NTPIPE_TIME_H
#define NTPIPE_TIME_H

#pragma GCC system_header

#include "ntpipe_base.h"
#include <time.h>

typedef time_t __time64_t;

NTPIPE_CRT_BEGIN

errno_t localtime_s(struct tm *, const time_t *) NTPIPE_CRT(localtime_s);
errno_t gmtime_s(struct tm *, const time_t *) NTPIPE_CRT(gmtime_s);
errno_t _localtime64_s(struct tm *, const time_t *) NTPIPE_CRT(localtime_s);
errno_t _gmtime64_s(struct tm *, const time_t *) NTPIPE_CRT(gmtime_s);
errno_t asctime_s(char *, size_t, const struct tm *) NTPIPE_CRT(asctime_s);
errno_t ctime_s(char *, size_t, const time_t *) NTPIPE_CRT(ctime_s);
errno_t _strdate_s(char *, size_t) NTPIPE_CRT(_strdate_s);
errno_t _strtime_s(char *, size_t) NTPIPE_CRT(_strtime_s);
time_t _time64(time_t *) __asm__("time");
time_t _mktime64(struct tm *) __asm__("mktime");
struct tm *_localtime64(const time_t *) __asm__("localtime");
struct tm *_gmtime64(const time_t *) __asm__("gmtime");
char *_ctime64(const time_t *) __asm__("ctime");
double _difftime64(time_t, time_t) __asm__("difftime");
void _tzset(void) __asm__("tzset");
char *_strdate(char *) NTPIPE_CRT(_strdate);
char *_strtime(char *) NTPIPE_CRT(_strtime);

NTPIPE_CRT_END

#ifdef __cplusplus

template <size_t n>
inline errno_t asctime_s(char (&to)[n], const struct tm *time)
{
    return asctime_s(to, n, time);
}
template <size_t n>
inline errno_t ctime_s(char (&to)[n], const time_t *time)
{
    return ctime_s(to, n, time);
}
template <size_t n>
inline errno_t _strdate_s(char (&to)[n])
{
    return _strdate_s(to, n);
}
template <size_t n>
inline errno_t _strtime_s(char (&to)[n])
{
    return _strtime_s(to, n);
}

#endif

#endif
