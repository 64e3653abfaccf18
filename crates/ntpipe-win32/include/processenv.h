/* The process's surroundings: environment, command line, standard handles, directory. */
#ifndef NTPIPE_PROCESSENV_H
#define NTPIPE_PROCESSENV_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#include <minwindef.h>
#include <minwinbase.h>

#ifdef __cplusplus
extern "C" {
#endif

LPSTR WINAPI GetCommandLineA(VOID);
LPWSTR WINAPI GetCommandLineW(VOID);
HANDLE WINAPI GetStdHandle(DWORD nStdHandle);
BOOL WINAPI SetStdHandle(DWORD nStdHandle, HANDLE hHandle);
DWORD WINAPI GetEnvironmentVariableA(LPCSTR lpName, LPSTR lpBuffer, DWORD nSize);
DWORD WINAPI GetEnvironmentVariableW(LPCWSTR lpName, LPWSTR lpBuffer, DWORD nSize);
BOOL WINAPI SetEnvironmentVariableA(LPCSTR lpName, LPCSTR lpValue);
BOOL WINAPI SetEnvironmentVariableW(LPCWSTR lpName, LPCWSTR lpValue);
LPCH WINAPI GetEnvironmentStringsA(VOID);
LPWCH WINAPI GetEnvironmentStringsW(VOID);
BOOL WINAPI FreeEnvironmentStringsA(LPCH penv);
BOOL WINAPI FreeEnvironmentStringsW(LPWCH penv);
DWORD WINAPI ExpandEnvironmentStringsA(LPCSTR lpSrc, LPSTR lpDst, DWORD nSize);
DWORD WINAPI ExpandEnvironmentStringsW(LPCWSTR lpSrc, LPWSTR lpDst, DWORD nSize);
DWORD WINAPI GetCurrentDirectoryA(DWORD nBufferLength, LPSTR lpBuffer);
DWORD WINAPI GetCurrentDirectoryW(DWORD nBufferLength, LPWSTR lpBuffer);
BOOL WINAPI SetCurrentDirectoryA(LPCSTR lpPathName);
BOOL WINAPI SetCurrentDirectoryW(LPCWSTR lpPathName);
DWORD WINAPI SearchPathA(LPCSTR lpPath, LPCSTR lpFileName, LPCSTR lpExtension, DWORD nBufferLength,
                         LPSTR lpBuffer, LPSTR *lpFilePart);
DWORD WINAPI SearchPathW(LPCWSTR lpPath, LPCWSTR lpFileName, LPCWSTR lpExtension, DWORD nBufferLength,
                         LPWSTR lpBuffer, LPWSTR *lpFilePart);

#define GetCommandLine NTPIPE_AW(GetCommandLine)
#define GetEnvironmentVariable NTPIPE_AW(GetEnvironmentVariable)
#define SetEnvironmentVariable NTPIPE_AW(SetEnvironmentVariable)
#define GetEnvironmentStrings NTPIPE_AW(GetEnvironmentStrings)
#define FreeEnvironmentStrings NTPIPE_AW(FreeEnvironmentStrings)
#define ExpandEnvironmentStrings NTPIPE_AW(ExpandEnvironmentStrings)
#define GetCurrentDirectory NTPIPE_AW(GetCurrentDirectory)
#define SetCurrentDirectory NTPIPE_AW(SetCurrentDirectory)
#define SearchPath NTPIPE_AW(SearchPath)

#ifdef __cplusplus
}
#endif
#endif
