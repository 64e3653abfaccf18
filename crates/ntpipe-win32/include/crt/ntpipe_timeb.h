/* Time with milliseconds: Windows' <sys/timeb.h>. */
#ifndef NTPIPE_TIMEB_H
#define NTPIPE_TIMEB_H

#pragma GCC system_header

#include "ntpipe_base.h"
#include "ntpipe_time.h"

struct _timeb {
    __time64_t time;
    unsigned short millitm;
    short timezone;
    short dstflag;
};
#define __timeb64 _timeb
#define _timeb64 _timeb

NTPIPE_CRT_BEGIN

void _ftime(struct _timeb *) NTPIPE_CRT(_ftime);
errno_t _ftime_s(struct _timeb *) NTPIPE_CRT(_ftime_s);
void _ftime64(struct _timeb *) NTPIPE_CRT(_ftime);
errno_t _ftime64_s(struct _timeb *) NTPIPE_CRT(_ftime_s);

NTPIPE_CRT_END

#endif
