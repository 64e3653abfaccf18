/* The whole of the runtime that is not in the C library, or is other there; <conio.h> aside, whose short
 * names would get in the way. */
#ifndef NTPIPE_CRT_H
#define NTPIPE_CRT_H

#pragma GCC system_header

#include "ntpipe_base.h"
#include "ntpipe_direct.h"
#include "ntpipe_io.h"
#include "ntpipe_process.h"
#include "ntpipe_stdio.h"
#include "ntpipe_stdlib.h"
#include "ntpipe_string.h"
#include "ntpipe_time.h"
#include "ntpipe_wchar.h"

#endif
