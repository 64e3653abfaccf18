/* Directories: Windows' <direct.h>. */
#ifndef NTPIPE_CRT_DIRECT_H
#define NTPIPE_CRT_DIRECT_H

#pragma GCC system_header

#include "ntpipe_base.h"

NTPIPE_CRT_BEGIN

char *_getcwd(char *, int) NTPIPE_CRT(_getcwd);
wchar_t *_wgetcwd(wchar_t *, int) NTPIPE_CRT(_wgetcwd);
int _chdir(const char *) NTPIPE_CRT(_chdir);
int _wchdir(const wchar_t *) NTPIPE_CRT(_wchdir);
int _mkdir(const char *) NTPIPE_CRT(_mkdir);
int _wmkdir(const wchar_t *) NTPIPE_CRT(_wmkdir);
int _rmdir(const char *) NTPIPE_CRT(_rmdir);
int _wrmdir(const wchar_t *) NTPIPE_CRT(_wrmdir);

NTPIPE_CRT_END

#endif
