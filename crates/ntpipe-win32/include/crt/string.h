/* The C library's header, and what Windows' has beyond it. */
#pragma GCC system_header
#include_next <string.h>
#include "ntpipe_string.h"
