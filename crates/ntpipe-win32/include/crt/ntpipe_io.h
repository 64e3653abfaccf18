/* Files by descriptor: Windows' <io.h>, <fcntl.h> and the part of <process.h> that is not threads. */
#ifndef NTPIPE_IO_H
#define NTPIPE_IO_H

#pragma GCC system_header

#include "ntpipe_base.h"
#include <stdint.h>

#define _O_RDONLY 0x0000
#define _O_WRONLY 0x0001
#define _O_RDWR 0x0002
#define _O_APPEND 0x0008
#define _O_CREAT 0x0100
#define _O_TRUNC 0x0200
#define _O_EXCL 0x0400
#define _O_TEXT 0x4000
#define _O_BINARY 0x8000
#define _O_RAW _O_BINARY
#define _O_WTEXT 0x10000
#define _O_U16TEXT 0x20000
#define _O_U8TEXT 0x40000
#define _O_NOINHERIT 0x0080
/* Advice, which Linux does not need. */
#define _O_RANDOM 0x0010
#define _O_SEQUENTIAL 0x0020
#define _O_SHORT_LIVED 0x1000
#define _S_IREAD 0x0100
#define _S_IWRITE 0x0080
#ifndef O_BINARY
#define O_BINARY 0
#define O_TEXT 0
#endif

/* What a search tells of a file; _A_NORMAL is what has no attribute. */
#define _A_NORMAL 0x00
#define _A_RDONLY 0x01
#define _A_HIDDEN 0x02
#define _A_SYSTEM 0x04
#define _A_SUBDIR 0x10
#define _A_ARCH 0x20

typedef unsigned _fsize_t;

struct _finddata_t {
    unsigned attrib;
    int64_t time_create, time_access, time_write;
    _fsize_t size;
    char name[260];
};
struct __finddata64_t {
    unsigned attrib;
    int64_t time_create, time_access, time_write;
    int64_t size;
    char name[260];
};
struct _wfinddata_t {
    unsigned attrib;
    int64_t time_create, time_access, time_write;
    _fsize_t size;
    wchar_t name[260];
};
struct _wfinddata64_t {
    unsigned attrib;
    int64_t time_create, time_access, time_write;
    int64_t size;
    wchar_t name[260];
};
#define _finddata64i32_t _finddata_t
#define _findfirst64i32 _findfirst
#define _findnext64i32 _findnext
#define _wfinddata64i32_t _wfinddata_t
#define _wfindfirst64i32 _wfindfirst
#define _wfindnext64i32 _wfindnext
#define _finddatai64_t __finddata64_t
#define _findfirsti64 _findfirst64
#define _findnexti64 _findnext64
#define _wfinddatai64_t _wfinddata64_t
#define _wfindfirsti64 _wfindfirst64
#define _wfindnexti64 _wfindnext64

NTPIPE_CRT_BEGIN

int _isatty(int) NTPIPE_CRT(_isatty);
int _setmode(int, int) NTPIPE_CRT(_setmode);
int _read(int, void *, unsigned) NTPIPE_CRT(_read);
int _write(int, const void *, unsigned) NTPIPE_CRT(_write);
int _close(int) NTPIPE_CRT(_close);
int _open(const char *, int, ...) NTPIPE_CRT(_open);
int _wopen(const wchar_t *, int, ...) NTPIPE_CRT(_wopen);
int _pipe(int *, unsigned, int) NTPIPE_CRT(_pipe);
int _dup(int) NTPIPE_CRT(_dup);
int _dup2(int, int) NTPIPE_CRT(_dup2);
long _lseek(int, long, int) NTPIPE_CRT(_lseek);
long long _lseeki64(int, long long, int) NTPIPE_CRT(_lseeki64);
intptr_t _get_osfhandle(int);
int _open_osfhandle(intptr_t, int);
int _getpid(void) NTPIPE_CRT(_getpid);

int _access(const char *, int) NTPIPE_CRT(_access);
int _waccess(const wchar_t *, int) NTPIPE_CRT(_waccess);
errno_t _access_s(const char *, int) NTPIPE_CRT(_access_s);
errno_t _waccess_s(const wchar_t *, int) NTPIPE_CRT(_waccess_s);
int _chmod(const char *, int) NTPIPE_CRT(_chmod);
int _wchmod(const wchar_t *, int) NTPIPE_CRT(_wchmod);
int _unlink(const char *) NTPIPE_CRT(_unlink);
int _wunlink(const wchar_t *) NTPIPE_CRT(_wunlink);
char *_mktemp(char *) NTPIPE_CRT(_mktemp);
errno_t _mktemp_s(char *, size_t) NTPIPE_CRT(_mktemp_s);
long _tell(int) NTPIPE_CRT(_tell);
long long _telli64(int) NTPIPE_CRT(_telli64);
long _filelength(int) NTPIPE_CRT(_filelength);
long long _filelengthi64(int) NTPIPE_CRT(_filelengthi64);
int _eof(int) NTPIPE_CRT(_eof);
int _commit(int) NTPIPE_CRT(_commit);
int _chsize(int, long) NTPIPE_CRT(_chsize);
errno_t _chsize_s(int, long long) NTPIPE_CRT(_chsize_s);

intptr_t _findfirst(const char *, struct _finddata_t *) NTPIPE_CRT(_findfirst);
int _findnext(intptr_t, struct _finddata_t *) NTPIPE_CRT(_findnext);
intptr_t _findfirst64(const char *, struct __finddata64_t *) NTPIPE_CRT(_findfirst64);
int _findnext64(intptr_t, struct __finddata64_t *) NTPIPE_CRT(_findnext64);
intptr_t _wfindfirst(const wchar_t *, struct _wfinddata_t *) NTPIPE_CRT(_wfindfirst);
int _wfindnext(intptr_t, struct _wfinddata_t *) NTPIPE_CRT(_wfindnext);
intptr_t _wfindfirst64(const wchar_t *, struct _wfinddata64_t *) NTPIPE_CRT(_wfindfirst64);
int _wfindnext64(intptr_t, struct _wfinddata64_t *) NTPIPE_CRT(_wfindnext64);
int _findclose(intptr_t) NTPIPE_CRT(_findclose);

NTPIPE_CRT_END

#ifdef __cplusplus

template <size_t n>
inline errno_t _mktemp_s(char (&name)[n])
{
    return _mktemp_s(name, n);
}

#endif

#endif
