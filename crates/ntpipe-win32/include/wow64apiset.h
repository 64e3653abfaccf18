/* 32 bits on 64. */
#ifndef NTPIPE_WOW64APISET_H
#define NTPIPE_WOW64APISET_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#include <minwindef.h>
#include <minwinbase.h>

#ifdef __cplusplus
extern "C" {
#endif

BOOL WINAPI IsWow64Process(HANDLE hProcess, PBOOL Wow64Process);

#ifdef __cplusplus
}
#endif
#endif
