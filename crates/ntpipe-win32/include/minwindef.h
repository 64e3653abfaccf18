/* The basic types and macros that every other header is built on. */
#ifndef NTPIPE_MINWINDEF_H
#define NTPIPE_MINWINDEF_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#include <ntpipe/compiler.h>
#include <sdkddkver.h>
#include <sdkddkver.h>
#include <sdkddkver.h>
#include <specstrings.h>
#include <stdarg.h>
#include <stddef.h>

#define WINAPI
#define WINAPIV
#define APIENTRY WINAPI
#define APIPRIVATE
#define CALLBACK
#define PASCAL
#define CDECL
#define STDMETHODCALLTYPE
#define STDAPICALLTYPE
#define DECLSPEC_IMPORT
#define DECLSPEC_NORETURN __attribute__((__noreturn__))
#define WINBASEAPI
#define WINADVAPI
#define WINUSERAPI
#define FAR
#define NEAR
#ifndef CONST
#define CONST const
#endif
#ifndef IN
#define IN
#endif
#ifndef OUT
#define OUT
#endif
#ifndef OPTIONAL
#define OPTIONAL
#endif
#ifndef VOID
#define VOID void
#endif

#ifndef FALSE
#define FALSE 0
#endif
#ifndef TRUE
#define TRUE 1
#endif
#define MAX_PATH 260

/*
 * C++ programs get no min and max: the standard library's functions have these names. C programs get them
 * unless they say NOMINMAX, as on Windows.
 */
#if !defined(__cplusplus) && !defined(NOMINMAX)
#ifndef max
#define max(a, b) (((a) > (b)) ? (a) : (b))
#endif
#ifndef min
#define min(a, b) (((a) < (b)) ? (a) : (b))
#endif
#endif

#include <basetsd.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef unsigned char BYTE, *PBYTE, *LPBYTE;
typedef unsigned short WORD, *PWORD, *LPWORD;
typedef unsigned int DWORD, *PDWORD, *LPDWORD;
typedef int BOOL, *PBOOL, *LPBOOL;
typedef float FLOAT, *PFLOAT;
typedef int INT, *PINT, *LPINT;
typedef unsigned int UINT, *PUINT;
typedef int *LPLONG;
typedef void *LPVOID;
typedef const void *LPCVOID;
typedef unsigned int ULONG, *PULONG;
typedef unsigned short USHORT, *PUSHORT;
typedef unsigned char UCHAR, *PUCHAR;
typedef char *PSZ;

typedef UINT_PTR WPARAM;
typedef LONG_PTR LPARAM;
typedef LONG_PTR LRESULT;
typedef WORD ATOM;

#ifndef NTPIPE_HANDLE_DEFINED
#define NTPIPE_HANDLE_DEFINED
typedef void *HANDLE;
#endif
#define DECLARE_HANDLE(name) \
    struct name##__ { \
        int unused; \
    }; \
    typedef struct name##__ *name
DECLARE_HANDLE(HINSTANCE);
DECLARE_HANDLE(HKEY);
DECLARE_HANDLE(HWND);
DECLARE_HANDLE(HDESK);
DECLARE_HANDLE(HWINSTA);
typedef HINSTANCE HMODULE;
typedef HKEY *PHKEY;
typedef HANDLE HGLOBAL;
typedef HANDLE HLOCAL;
typedef HANDLE GLOBALHANDLE;
typedef HANDLE LOCALHANDLE;
typedef HANDLE *SPHANDLE;
typedef int HFILE;

typedef INT_PTR(WINAPI *FARPROC)();
typedef INT_PTR(WINAPI *PROC)();
typedef INT_PTR(WINAPI *NEARPROC)();

typedef struct _FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

#define MAKEWORD(low, high) \
    ((WORD)(((BYTE)((DWORD_PTR)(low) & 0xff)) | ((WORD)((BYTE)((DWORD_PTR)(high) & 0xff))) << 8))
#define MAKELONG(low, high) \
    ((LONG)(((WORD)((DWORD_PTR)(low) & 0xffff)) | ((DWORD)((WORD)((DWORD_PTR)(high) & 0xffff))) << 16))
#define LOWORD(n) ((WORD)((DWORD_PTR)(n) & 0xffff))
#define HIWORD(n) ((WORD)(((DWORD_PTR)(n) >> 16) & 0xffff))
#define LOBYTE(n) ((BYTE)((DWORD_PTR)(n) & 0xff))
#define HIBYTE(n) ((BYTE)(((DWORD_PTR)(n) >> 8) & 0xff))

#ifdef __cplusplus
}
#endif
#include <winnt.h>
#endif
