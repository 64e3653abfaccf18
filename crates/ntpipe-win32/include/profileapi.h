/* The performance counter. */
#ifndef NTPIPE_PROFILEAPI_H
#define NTPIPE_PROFILEAPI_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#include <minwindef.h>
#include <minwinbase.h>

#ifdef __cplusplus
extern "C" {
#endif

BOOL WINAPI QueryPerformanceCounter(LARGE_INTEGER *lpPerformanceCount);
BOOL WINAPI QueryPerformanceFrequency(LARGE_INTEGER *lpFrequency);

#ifdef __cplusplus
}
#endif
#endif
