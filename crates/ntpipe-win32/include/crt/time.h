/* The C library's header, and what Windows' has beyond it. */
#pragma GCC system_header
#include_next <time.h>
#include "ntpipe_time.h"
