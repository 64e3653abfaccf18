/* The one function of the shell that pipe programs call. */
#ifndef NTPIPE_SHELLAPI_H
#define NTPIPE_SHELLAPI_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#include <windef.h>

#ifdef __cplusplus
extern "C" {
#endif

LPWSTR *WINAPI CommandLineToArgvW(LPCWSTR lpCmdLine, int *pNumArgs);

#ifdef __cplusplus
}
#endif
#endif
