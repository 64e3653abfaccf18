/* The C library's header, and what Windows' has beyond it. */
#pragma GCC system_header
#include_next <sys/stat.h>
#include "../ntpipe_stat.h"
