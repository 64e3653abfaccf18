/* Gives the C library's names that mean something else on Windows to ntpipe's functions.
 *
 * The compiler does it by the functions' symbols: calls, pointers and std:: names follow alike, and no name
 * becomes a macro. It has to come before the C library's headers: `ntpipe cc` includes it before all else. */
#ifndef NTPIPE_RENAME_H
#define NTPIPE_RENAME_H

#if defined __GNUC__ || defined __clang__
#pragma GCC system_header
#endif

/* The checking variants behind _FORTIFY_SOURCE know the C library's rules only. */
#ifndef _FEATURES_H
#undef _FORTIFY_SOURCE
#endif

/* Formats and streams, strings, numbers, kinds of characters. */
#pragma redefine_extname printf ntpipe_printf
#pragma redefine_extname fprintf ntpipe_fprintf
#pragma redefine_extname sprintf ntpipe_sprintf
#pragma redefine_extname snprintf ntpipe_snprintf
#pragma redefine_extname vprintf ntpipe_vprintf
#pragma redefine_extname vfprintf ntpipe_vfprintf
#pragma redefine_extname vsprintf ntpipe_vsprintf
#pragma redefine_extname vsnprintf ntpipe_vsnprintf
#pragma redefine_extname wprintf ntpipe_wprintf
#pragma redefine_extname fwprintf ntpipe_fwprintf
#pragma redefine_extname swprintf ntpipe_swprintf
#pragma redefine_extname vwprintf ntpipe_vwprintf
#pragma redefine_extname vfwprintf ntpipe_vfwprintf
#pragma redefine_extname vswprintf ntpipe_vswprintf
#pragma redefine_extname fopen ntpipe_fopen
#pragma redefine_extname freopen ntpipe_freopen
#pragma redefine_extname remove ntpipe_remove
#pragma redefine_extname rename ntpipe_rename
#pragma redefine_extname fgetwc ntpipe_fgetwc
#pragma redefine_extname fputwc ntpipe_fputwc
#pragma redefine_extname getwchar ntpipe_getwchar
#pragma redefine_extname putwchar ntpipe_putwchar
#pragma redefine_extname ungetwc ntpipe_ungetwc
#pragma redefine_extname fgetws ntpipe_fgetws
#pragma redefine_extname fputws ntpipe_fputws
#pragma redefine_extname wcslen ntpipe_wcslen
#pragma redefine_extname wcsnlen ntpipe_wcsnlen
#pragma redefine_extname wcscpy ntpipe_wcscpy
#pragma redefine_extname wcsncpy ntpipe_wcsncpy
#pragma redefine_extname wcscat ntpipe_wcscat
#pragma redefine_extname wcsncat ntpipe_wcsncat
#pragma redefine_extname wcscmp ntpipe_wcscmp
#pragma redefine_extname wcsncmp ntpipe_wcsncmp
#pragma redefine_extname wcschr ntpipe_wcschr
#pragma redefine_extname wcsrchr ntpipe_wcsrchr
#pragma redefine_extname wcsstr ntpipe_wcsstr
#pragma redefine_extname wcstok ntpipe_wcstok
#pragma redefine_extname wcspbrk ntpipe_wcspbrk
#pragma redefine_extname wcsspn ntpipe_wcsspn
#pragma redefine_extname wcscspn ntpipe_wcscspn
#pragma redefine_extname wcsdup ntpipe_wcsdup
#pragma redefine_extname wmemcpy ntpipe_wmemcpy
#pragma redefine_extname wmemmove ntpipe_wmemmove
#pragma redefine_extname wmemset ntpipe_wmemset
#pragma redefine_extname wmemcmp ntpipe_wmemcmp
#pragma redefine_extname wmemchr ntpipe_wmemchr
#pragma redefine_extname wcstod ntpipe_wcstod
#pragma redefine_extname wcstof ntpipe_wcstof
#pragma redefine_extname wcsftime ntpipe_wcsftime
#pragma redefine_extname towupper ntpipe_towupper
#pragma redefine_extname towlower ntpipe_towlower
#pragma redefine_extname iswalnum ntpipe_iswalnum
#pragma redefine_extname iswalpha ntpipe_iswalpha
#pragma redefine_extname iswblank ntpipe_iswblank
#pragma redefine_extname iswcntrl ntpipe_iswcntrl
#pragma redefine_extname iswdigit ntpipe_iswdigit
#pragma redefine_extname iswgraph ntpipe_iswgraph
#pragma redefine_extname iswlower ntpipe_iswlower
#pragma redefine_extname iswprint ntpipe_iswprint
#pragma redefine_extname iswpunct ntpipe_iswpunct
#pragma redefine_extname iswspace ntpipe_iswspace
#pragma redefine_extname iswupper ntpipe_iswupper
#pragma redefine_extname iswxdigit ntpipe_iswxdigit
#pragma redefine_extname mbstowcs ntpipe_mbstowcs
#pragma redefine_extname wcstombs ntpipe_wcstombs
#pragma redefine_extname mbtowc ntpipe_mbtowc
#pragma redefine_extname wctomb ntpipe_wctomb
#pragma redefine_extname getwc ntpipe_fgetwc
#pragma redefine_extname putwc ntpipe_fputwc
#pragma redefine_extname wcscoll ntpipe_wcscmp
#pragma redefine_extname wcscasecmp ntpipe__wcsicmp
#pragma redefine_extname wcsncasecmp ntpipe__wcsnicmp

/* The C library has symbols of its own for these. gcc lets the pragma win; for clang, which does not,
 * `ntpipe cc` has the linker do it. */
#ifndef __clang__
#pragma redefine_extname scanf ntpipe_scanf
#pragma redefine_extname fscanf ntpipe_fscanf
#pragma redefine_extname sscanf ntpipe_sscanf
#pragma redefine_extname vscanf ntpipe_vscanf
#pragma redefine_extname vfscanf ntpipe_vfscanf
#pragma redefine_extname vsscanf ntpipe_vsscanf
#pragma redefine_extname wscanf ntpipe_wscanf
#pragma redefine_extname fwscanf ntpipe_fwscanf
#pragma redefine_extname swscanf ntpipe_swscanf
#pragma redefine_extname vwscanf ntpipe_vwscanf
#pragma redefine_extname vfwscanf ntpipe_vfwscanf
#pragma redefine_extname vswscanf ntpipe_vswscanf
#pragma redefine_extname wcstol ntpipe_wcstol
#pragma redefine_extname wcstoul ntpipe_wcstoul
#pragma redefine_extname wcstoll ntpipe_wcstoll
#pragma redefine_extname wcstoull ntpipe_wcstoull
#endif

/* These would take or write 32-bit characters, and have no counterpart here: a program that calls one must
 * not link. */
#pragma redefine_extname mbrtowc ntpipe_has_no_mbrtowc
#pragma redefine_extname mbsrtowcs ntpipe_has_no_mbsrtowcs
#pragma redefine_extname mbsnrtowcs ntpipe_has_no_mbsnrtowcs
#pragma redefine_extname wcrtomb ntpipe_has_no_wcrtomb
#pragma redefine_extname wcsrtombs ntpipe_has_no_wcsrtombs
#pragma redefine_extname wcsnrtombs ntpipe_has_no_wcsnrtombs
#pragma redefine_extname wcpcpy ntpipe_has_no_wcpcpy
#pragma redefine_extname wcpncpy ntpipe_has_no_wcpncpy
#pragma redefine_extname wcsxfrm ntpipe_has_no_wcsxfrm
#pragma redefine_extname wcstold ntpipe_has_no_wcstold
#pragma redefine_extname wcstoimax ntpipe_has_no_wcstoimax
#pragma redefine_extname wcstoumax ntpipe_has_no_wcstoumax
#pragma redefine_extname open_wmemstream ntpipe_has_no_open_wmemstream
#pragma redefine_extname wmempcpy ntpipe_has_no_wmempcpy
#pragma redefine_extname wcschrnul ntpipe_has_no_wcschrnul
#pragma redefine_extname wcwidth ntpipe_has_no_wcwidth
#pragma redefine_extname wcswidth ntpipe_has_no_wcswidth
#pragma redefine_extname wcstoq ntpipe_has_no_wcstoq
#pragma redefine_extname wcstouq ntpipe_has_no_wcstouq
#pragma redefine_extname wcstol_l ntpipe_has_no_wcstol_l
#pragma redefine_extname wcstod_l ntpipe_has_no_wcstod_l
#pragma redefine_extname wcscasecmp_l ntpipe_has_no_wcscasecmp_l
#pragma redefine_extname wcsncasecmp_l ntpipe_has_no_wcsncasecmp_l
#pragma redefine_extname wcscoll_l ntpipe_has_no_wcscoll_l
#pragma redefine_extname wcsxfrm_l ntpipe_has_no_wcsxfrm_l

#endif
