/* The C library's header where it has one, and Windows' time with milliseconds. */
#pragma GCC system_header
#if defined __has_include_next
#if __has_include_next(<sys/timeb.h>)
#include_next <sys/timeb.h>
#endif
#endif
#include "../ntpipe_timeb.h"
