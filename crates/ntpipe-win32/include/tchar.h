/* Text that is narrow or wide as _UNICODE says. */
#ifndef NTPIPE_TCHAR_H
#define NTPIPE_TCHAR_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ctype.h>
#include <wchar.h>
#include <wctype.h>
#if defined(__has_include) && __SIZEOF_WCHAR_T__ == 2
#if __has_include(<crt/ntpipe_crt.h>)
#include <crt/ntpipe_crt.h>
#endif
#endif

/*
 * The names are macros for those of the C runtime, as on Windows. The runtime behind `ntpipe cc` has them
 * all, and its main calls wmain if that is what the program defines.
 */
#ifdef _UNICODE
typedef wchar_t _TCHAR, _TSCHAR, _TUCHAR, _TXCHAR;
typedef wint_t _TINT;
#define _TEOF WEOF
#define __T(quote) L##quote
#define _tmain wmain
#define _tWinMain wWinMain
#define _tcslen wcslen
#define _tcsnlen wcsnlen
#define _tcscpy wcscpy
#define _tcsncpy wcsncpy
#define _tcscat wcscat
#define _tcsncat wcsncat
#define _tcscmp wcscmp
#define _tcsncmp wcsncmp
#define _tcsicmp _wcsicmp
#define _tcsnicmp _wcsnicmp
#define _tcscoll wcscoll
#define _tcschr wcschr
#define _tcsrchr wcsrchr
#define _tcsstr wcsstr
#define _tcspbrk wcspbrk
#define _tcsspn wcsspn
#define _tcscspn wcscspn
#define _tcstok wcstok
#define _tcstok_s wcstok_s
#define _tcsdup _wcsdup
#define _tcsrev _wcsrev
#define _tcslwr _wcslwr
#define _tcsupr _wcsupr
#define _tcslwr_s _wcslwr_s
#define _tcsupr_s _wcsupr_s
#define _tcscpy_s wcscpy_s
#define _tcsncpy_s wcsncpy_s
#define _tcscat_s wcscat_s
#define _tcsncat_s wcsncat_s
#define _tcsclen wcslen
#define _tcsnbcpy wcsncpy
#define _tprintf wprintf
#define _tprintf_s wprintf_s
#define _ftprintf fwprintf
#define _ftprintf_s fwprintf_s
#define _stprintf _swprintf
#define _stprintf_s swprintf_s
#define _sntprintf _snwprintf
#define _sntprintf_s _snwprintf_s
#define _sctprintf _scwprintf
#define _vtprintf vwprintf
#define _vtprintf_s vwprintf_s
#define _vftprintf vfwprintf
#define _vftprintf_s vfwprintf_s
#define _vstprintf _vswprintf
#define _vstprintf_s vswprintf_s
#define _vsntprintf _vsnwprintf
#define _vsntprintf_s _vsnwprintf_s
#define _vsctprintf _vscwprintf
#define _tscanf wscanf
#define _tscanf_s wscanf_s
#define _ftscanf fwscanf
#define _ftscanf_s fwscanf_s
#define _stscanf swscanf
#define _stscanf_s swscanf_s
#define _puttchar putwchar
#define _puttc putwc
#define _fputtc fputwc
#define _fputts fputws
#define _putts _putws
#define _gettchar getwchar
#define _gettc getwc
#define _fgettc fgetwc
#define _fgetts fgetws
#define _getts_s _getws_s
#define _ungettc ungetwc
#define _tfopen _wfopen
#define _tfindfirst _wfindfirst
#define _tfindnext _wfindnext
#define _tfinddata_t _wfinddata_t
#define _tfopen_s _wfopen_s
#define _tfreopen _wfreopen
#define _topen _wopen
#define _tpopen _wpopen
#define _tsystem _wsystem
#define _tgetenv _wgetenv
#define _tstoi _wtoi
#define _ttoi _wtoi
#define _tstol _wtol
#define _ttol _wtol
#define _tstoi64 _wtoi64
#define _ttoi64 _wtoi64
#define _tstof _wtof
#define _tcstol wcstol
#define _tcstoul wcstoul
#define _tcstoll wcstoll
#define _tcstoull wcstoull
#define _tcstoi64 _wcstoi64
#define _tcstoui64 _wcstoui64
#define _tcstod wcstod
#define _itot _itow
#define _ltot _ltow
#define _ultot _ultow
#define _i64tot _i64tow
#define _ui64tot _ui64tow
#define _itot_s _itow_s
#define _ltot_s _ltow_s
#define _ultot_s _ultow_s
#define _i64tot_s _i64tow_s
#define _ui64tot_s _ui64tow_s
#define _istalpha iswalpha
#define _istdigit iswdigit
#define _istalnum iswalnum
#define _istspace iswspace
#define _istupper iswupper
#define _istlower iswlower
#define _istpunct iswpunct
#define _istprint iswprint
#define _istxdigit iswxdigit
#define _istcntrl iswcntrl
#define _totupper towupper
#define _totlower towlower
#define _tcsftime wcsftime
#define _tsplitpath _wsplitpath
#define _tsplitpath_s _wsplitpath_s
#define _tmakepath _wmakepath
#define _tmakepath_s _wmakepath_s
#define _tfullpath _wfullpath
#define _tgetcwd _wgetcwd
#define _tchdir _wchdir
#define _tmkdir _wmkdir
#define _trmdir _wrmdir
#define _taccess _waccess
#define _taccess_s _waccess_s
#define _tchmod _wchmod
#define _tunlink _wunlink
#define _tremove _wremove
#define _trename _wrename
#define _tstat _wstat
#define _tstat64 _wstat64
#define _tstati64 _wstati64
#define _tspawnl _wspawnl
#define _tspawnle _wspawnle
#define _tspawnlp _wspawnlp
#define _tspawnlpe _wspawnlpe
#define _tspawnv _wspawnv
#define _tspawnve _wspawnve
#define _tspawnvp _wspawnvp
#define _tspawnvpe _wspawnvpe
#define _texecl _wexecl
#define _texecle _wexecle
#define _texeclp _wexeclp
#define _texeclpe _wexeclpe
#define _texecv _wexecv
#define _texecve _wexecve
#define _texecvp _wexecvp
#define _texecvpe _wexecvpe
#else
typedef char _TCHAR;
typedef signed char _TSCHAR;
typedef unsigned char _TUCHAR;
typedef char _TXCHAR;
typedef int _TINT;
#define _TEOF EOF
#define __T(quote) quote
#define _tmain main
#define _tWinMain WinMain
#define _tcslen strlen
#define _tcsnlen strnlen
#define _tcscpy strcpy
#define _tcsncpy strncpy
#define _tcscat strcat
#define _tcsncat strncat
#define _tcscmp strcmp
#define _tcsncmp strncmp
#define _tcsicmp _stricmp
#define _tcsnicmp _strnicmp
#define _tcscoll strcoll
#define _tcschr strchr
#define _tcsrchr strrchr
#define _tcsstr strstr
#define _tcspbrk strpbrk
#define _tcsspn strspn
#define _tcscspn strcspn
#define _tcstok strtok
#define _tcstok_s strtok_s
#define _tcsdup _strdup
#define _tcsrev _strrev
#define _tcslwr _strlwr
#define _tcsupr _strupr
#define _tcslwr_s _strlwr_s
#define _tcsupr_s _strupr_s
#define _tcscpy_s strcpy_s
#define _tcsncpy_s strncpy_s
#define _tcscat_s strcat_s
#define _tcsncat_s strncat_s
#define _tcsclen strlen
#define _tcsnbcpy strncpy
#define _tprintf printf
#define _tprintf_s printf_s
#define _ftprintf fprintf
#define _ftprintf_s fprintf_s
#define _stprintf sprintf
#define _stprintf_s sprintf_s
#define _sntprintf _snprintf
#define _sntprintf_s _snprintf_s
#define _sctprintf _scprintf
#define _vtprintf vprintf
#define _vtprintf_s vprintf_s
#define _vftprintf vfprintf
#define _vftprintf_s vfprintf_s
#define _vstprintf vsprintf
#define _vstprintf_s vsprintf_s
#define _vsntprintf _vsnprintf
#define _vsntprintf_s _vsnprintf_s
#define _vsctprintf _vscprintf
#define _tscanf scanf
#define _tscanf_s scanf_s
#define _ftscanf fscanf
#define _ftscanf_s fscanf_s
#define _stscanf sscanf
#define _stscanf_s sscanf_s
#define _puttchar putchar
#define _puttc putc
#define _fputtc fputc
#define _fputts fputs
#define _putts puts
#define _gettchar getchar
#define _gettc getc
#define _fgettc fgetc
#define _fgetts fgets
#define _getts_s gets_s
#define _ungettc ungetc
#define _tfopen fopen
#define _tfindfirst _findfirst
#define _tfindnext _findnext
#define _tfinddata_t _finddata_t
#define _tfopen_s fopen_s
#define _tfreopen freopen
#define _topen _open
#define _tpopen _popen
#define _tsystem system
#define _tgetenv getenv
#define _tstoi atoi
#define _ttoi atoi
#define _tstol atol
#define _ttol atol
#define _tstoi64 _atoi64
#define _ttoi64 _atoi64
#define _tstof atof
#define _tcstol strtol
#define _tcstoul strtoul
#define _tcstoll strtoll
#define _tcstoull strtoull
#define _tcstoi64 _strtoi64
#define _tcstoui64 _strtoui64
#define _tcstod strtod
#define _itot _itoa
#define _ltot _ltoa
#define _ultot _ultoa
#define _i64tot _i64toa
#define _ui64tot _ui64toa
#define _itot_s _itoa_s
#define _ltot_s _ltoa_s
#define _ultot_s _ultoa_s
#define _i64tot_s _i64toa_s
#define _ui64tot_s _ui64toa_s
#define _istalpha isalpha
#define _istdigit isdigit
#define _istalnum isalnum
#define _istspace isspace
#define _istupper isupper
#define _istlower islower
#define _istpunct ispunct
#define _istprint isprint
#define _istxdigit isxdigit
#define _istcntrl iscntrl
#define _totupper toupper
#define _totlower tolower
#define _tcsftime strftime
#define _tsplitpath _splitpath
#define _tsplitpath_s _splitpath_s
#define _tmakepath _makepath
#define _tmakepath_s _makepath_s
#define _tfullpath _fullpath
#define _tgetcwd _getcwd
#define _tchdir _chdir
#define _tmkdir _mkdir
#define _trmdir _rmdir
#define _taccess _access
#define _taccess_s _access_s
#define _tchmod _chmod
#define _tunlink _unlink
#define _tremove remove
#define _trename rename
#define _tstat _stat
#define _tstat64 _stat64
#define _tstati64 _stati64
#define _tspawnl _spawnl
#define _tspawnle _spawnle
#define _tspawnlp _spawnlp
#define _tspawnlpe _spawnlpe
#define _tspawnv _spawnv
#define _tspawnve _spawnve
#define _tspawnvp _spawnvp
#define _tspawnvpe _spawnvpe
#define _texecl _execl
#define _texecle _execle
#define _texeclp _execlp
#define _texeclpe _execlpe
#define _texecv _execv
#define _texecve _execve
#define _texecvp _execvp
#define _texecvpe _execvpe
#endif
#define _T(quote) __T(quote)
#define _TEXT(quote) __T(quote)

/* Where wchar_t is wider than Windows' characters, winnt.h alone can say what TCHAR is. */
#if !defined(_TCHAR_DEFINED) && (!defined(_UNICODE) || __SIZEOF_WCHAR_T__ == 2)
#define _TCHAR_DEFINED
typedef _TCHAR TCHAR, *PTCHAR;
typedef _TUCHAR TBYTE, *PTBYTE;
#endif
#define _tcsinc(p) ((p) + 1)
#define _tcsdec(start, p) ((p) - 1)
#define _tcsnextc(p) ((unsigned)*(p))
#define _tclen(p) 1
#define _tccpy(to, from) (*(to) = *(from))
#endif
