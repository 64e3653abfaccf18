/* Types, with those few of the user interface that reach into programs without one. */
#ifndef NTPIPE_WINDEF_H
#define NTPIPE_WINDEF_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#include <minwindef.h>

#ifdef __cplusplus
extern "C" {
#endif

DECLARE_HANDLE(HDC);
DECLARE_HANDLE(HICON);
DECLARE_HANDLE(HMENU);
DECLARE_HANDLE(HBRUSH);
typedef HICON HCURSOR;
typedef DWORD COLORREF;

typedef struct tagPOINT {
    LONG x;
    LONG y;
} POINT, *PPOINT, *LPPOINT;

typedef struct tagSIZE {
    LONG cx;
    LONG cy;
} SIZE, *PSIZE, *LPSIZE;

typedef struct tagRECT {
    LONG left;
    LONG top;
    LONG right;
    LONG bottom;
} RECT, *PRECT, *LPRECT;

#ifdef __cplusplus
}
#endif
#endif
