/* For debuggers. */
#ifndef NTPIPE_DEBUGAPI_H
#define NTPIPE_DEBUGAPI_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#include <minwindef.h>
#include <minwinbase.h>

#ifdef __cplusplus
extern "C" {
#endif

BOOL WINAPI IsDebuggerPresent(VOID);
VOID WINAPI DebugBreak(VOID);
VOID WINAPI OutputDebugStringA(LPCSTR lpOutputString);
VOID WINAPI OutputDebugStringW(LPCWSTR lpOutputString);

#define OutputDebugString NTPIPE_AW(OutputDebugString)

#ifdef __cplusplus
}
#endif
#endif
