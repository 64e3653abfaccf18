/* What an exception filter answers. For __try see ntpipe/compiler.h. */
#ifndef NTPIPE_EXCPT_H
#define NTPIPE_EXCPT_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#include <ntpipe/compiler.h>

#define EXCEPTION_EXECUTE_HANDLER 1
#define EXCEPTION_CONTINUE_SEARCH 0
#define EXCEPTION_CONTINUE_EXECUTION (-1)
#endif
