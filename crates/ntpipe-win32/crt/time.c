/* Time, with Microsoft's order of arguments. */

#include "crt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

API errno_t ntpipe_localtime_s(struct tm *to, const time_t *time)
{
    return to && time && localtime_r(time, to) ? 0 : fail(EINVAL);
}

API errno_t ntpipe_gmtime_s(struct tm *to, const time_t *time)
{
    return to && time && gmtime_r(time, to) ? 0 : fail(EINVAL);
}

API errno_t ntpipe_asctime_s(char *to, size_t room, const struct tm *time)
{
    char text[64];
    if (!to || room < 26 || !time || !asctime_r(time, text))
        return fail(EINVAL);
    memcpy(to, text, strlen(text) + 1);
    return 0;
}

API errno_t ntpipe_ctime_s(char *to, size_t room, const time_t *time)
{
    struct tm parts;
    return time && localtime_r(time, &parts) ? ntpipe_asctime_s(to, room, &parts) : fail(EINVAL);
}

static errno_t format_now(char *to, size_t room, const char *format)
{
    struct tm parts;
    time_t now = time(NULL);
    if (!to || room < 9)
        return fail(EINVAL);
    return localtime_r(&now, &parts) && strftime(to, room, format, &parts) ? 0 : fail(EINVAL);
}

API errno_t ntpipe__strdate_s(char *to, size_t room)
{
    return format_now(to, room, "%m/%d/%y");
}

API errno_t ntpipe__strtime_s(char *to, size_t room)
{
    return format_now(to, room, "%H:%M:%S");
}

API size_t ntpipe_wcsftime(wchar_t *to, size_t room, const wchar_t *format, const struct tm *time)
{
    char *narrow = ntpipe_utf8_copy(format), *text = malloc(4 * room + 1);
    size_t n = narrow && text ? strftime(text, 4 * room + 1, narrow, time) : 0;
    const unsigned char *at = (const unsigned char *)text;
    size_t length = 0;
    while (n && length + 2 < room + 1 && *at)
        length += ntpipe_utf16_put(to + length, ntpipe_utf8_next(&at));
    if (n && (*at || length >= room))
        length = 0;
    if (room)
        to[length] = 0;
    free(narrow);
    free(text);
    return length;
}

/* Without a size: room for nine, as the program promises. */
API char *ntpipe__strdate(char *to)
{
    return ntpipe__strdate_s(to, 9) ? NULL : to;
}

API char *ntpipe__strtime(char *to)
{
    return ntpipe__strtime_s(to, 9) ? NULL : to;
}

/* struct _timeb. */
struct moment {
    int64_t seconds;
    unsigned short milliseconds;
    /* Minutes west of the world's time, without what summer adds. */
    short zone;
    short summer;
};
_Static_assert(sizeof(struct moment) == 16, "as on Windows");

API errno_t ntpipe__ftime_s(struct moment *to)
{
    struct timespec now;
    struct tm local;
    if (!to || clock_gettime(CLOCK_REALTIME, &now) < 0 || !localtime_r(&now.tv_sec, &local))
        return fail(EINVAL);
    to->seconds = now.tv_sec;
    to->milliseconds = (unsigned short)(now.tv_nsec / 1000000);
    to->summer = local.tm_isdst > 0;
    to->zone = (short)(timezone / 60);
    return 0;
}

API void ntpipe__ftime(struct moment *to)
{
    ntpipe__ftime_s(to);
}
