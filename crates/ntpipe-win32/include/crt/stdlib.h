/* The C library's header, and what Windows' has beyond it. */
#pragma GCC system_header
#include_next <stdlib.h>
#include "ntpipe_stdlib.h"
