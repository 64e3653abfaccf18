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

NTPIPE_CRT_END

#ifdef __cplusplus

template <size_t n>
inline errno_t _mktemp_s(char (&name)[n])
{
    return _mktemp_s(name, n);
}

#endif

#endif
