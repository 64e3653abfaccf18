/* What a file is: the part of Windows' <sys/stat.h> and <sys/types.h> that the C library has not. */
#ifndef NTPIPE_STAT_H
#define NTPIPE_STAT_H

#pragma GCC system_header

#include "ntpipe_base.h"
#include <stdint.h>
#include <sys/stat.h>

#define _S_IFMT 0xF000
#define _S_IFDIR 0x4000
#define _S_IFCHR 0x2000
#define _S_IFIFO 0x1000
#define _S_IFREG 0x8000
#define _S_IREAD 0x0100
#define _S_IWRITE 0x0080
#define _S_IEXEC 0x0040

typedef unsigned _dev_t;
typedef unsigned short _ino_t;
typedef int32_t _off_t;

/* The C library's names of the times may be macros, for a part of a member of its own structure: then the
 * times of these lie in such a part too, in the same place. */
#ifdef st_atime
#define NTPIPE_STAT_TIMES      \
    struct {                   \
        int64_t tv_sec;        \
    } st_atim, st_mtim, st_ctim;
#else
#define NTPIPE_STAT_TIMES int64_t st_atime, st_mtime, st_ctime;
#endif

struct _stat {
    _dev_t st_dev;
    _ino_t st_ino;
    unsigned short st_mode;
    short st_nlink, st_uid, st_gid;
    _dev_t st_rdev;
    _off_t st_size;
    NTPIPE_STAT_TIMES
};
struct _stat64 {
    _dev_t st_dev;
    _ino_t st_ino;
    unsigned short st_mode;
    short st_nlink, st_uid, st_gid;
    _dev_t st_rdev;
    int64_t st_size;
    NTPIPE_STAT_TIMES
};
#define _stat64i32 _stat
#define _fstat64i32 _fstat
#define _wstat64i32 _wstat
#define _stati64 _stat64
#define _fstati64 _fstat64
#define _wstati64 _wstat64
#define __stat64 _stat64

NTPIPE_CRT_BEGIN

int _stat(const char *, struct _stat *) NTPIPE_CRT(_stat);
int _stat64(const char *, struct _stat64 *) NTPIPE_CRT(_stat64);
int _wstat(const wchar_t *, struct _stat *) NTPIPE_CRT(_wstat);
int _wstat64(const wchar_t *, struct _stat64 *) NTPIPE_CRT(_wstat64);
int _fstat(int, struct _stat *) NTPIPE_CRT(_fstat);
int _fstat64(int, struct _stat64 *) NTPIPE_CRT(_fstat64);

NTPIPE_CRT_END

#endif
