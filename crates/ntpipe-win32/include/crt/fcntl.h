/* The C library's header and what Windows' has beyond it. */
#pragma GCC system_header
#include_next <fcntl.h>
#include "ntpipe_io.h"
