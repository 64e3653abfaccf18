/* The C library's header, and what Windows' has beyond it. */
#pragma GCC system_header
#include_next <stdio.h>
#include "ntpipe_stdio.h"
