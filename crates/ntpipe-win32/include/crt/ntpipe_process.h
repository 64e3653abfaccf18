/* Programs that are started with words: the part of Windows' <process.h> that is not threads. */
#ifndef NTPIPE_CRT_PROCESS_H
#define NTPIPE_CRT_PROCESS_H

#pragma GCC system_header

#include "ntpipe_base.h"
#include <stdint.h>

#define _P_WAIT 0
#define _P_NOWAIT 1
#define _P_OVERLAY 2
#define _P_NOWAITO 3
#define _P_DETACH 4
#define _OLD_P_OVERLAY _P_OVERLAY
#define _WAIT_CHILD 0
#define _WAIT_GRANDCHILD 1
#define P_WAIT _P_WAIT
#define P_NOWAIT _P_NOWAIT
#define P_OVERLAY _P_OVERLAY
#define P_NOWAITO _P_NOWAITO
#define P_DETACH _P_DETACH
#define OLD_P_OVERLAY _P_OVERLAY
#define WAIT_CHILD _WAIT_CHILD
#define WAIT_GRANDCHILD _WAIT_GRANDCHILD

/* Words, and variables: arrays of pointers, constant or not. In C++ all of them convert to the strictest; in
 * C a compiler for Windows takes them without a word too, and this says so to one that would not. */
#if defined __cplusplus || !defined __GNUC__
#define NTPIPE_WORDS const char *const *
#define NTPIPE_WIDE_WORDS const wchar_t *const *
#else
typedef union {
    const char *const *strictest;
    const char **texts_constant;
    char *const *array_constant;
    char **neither;
} ntpipe_words __attribute__((__transparent_union__));
typedef union {
    const wchar_t *const *strictest;
    const wchar_t **texts_constant;
    wchar_t *const *array_constant;
    wchar_t **neither;
} ntpipe_wide_words __attribute__((__transparent_union__));
#define NTPIPE_WORDS ntpipe_words
#define NTPIPE_WIDE_WORDS ntpipe_wide_words
#endif

NTPIPE_CRT_BEGIN

/* _P_NOWAIT gives a handle of the process, for WaitForSingleObject and the others or for _cwait. */
intptr_t _spawnl(int, const char *, const char *, ...) NTPIPE_CRT(_spawnl);
intptr_t _spawnle(int, const char *, const char *, ...) NTPIPE_CRT(_spawnle);
intptr_t _spawnlp(int, const char *, const char *, ...) NTPIPE_CRT(_spawnlp);
intptr_t _spawnlpe(int, const char *, const char *, ...) NTPIPE_CRT(_spawnlpe);
intptr_t _spawnv(int, const char *, NTPIPE_WORDS) NTPIPE_CRT(_spawnv);
intptr_t _spawnve(int, const char *, NTPIPE_WORDS, NTPIPE_WORDS) NTPIPE_CRT(_spawnve);
intptr_t _spawnvp(int, const char *, NTPIPE_WORDS) NTPIPE_CRT(_spawnvp);
intptr_t _spawnvpe(int, const char *, NTPIPE_WORDS, NTPIPE_WORDS) NTPIPE_CRT(_spawnvpe);
intptr_t _wspawnl(int, const wchar_t *, const wchar_t *, ...) NTPIPE_CRT(_wspawnl);
intptr_t _wspawnle(int, const wchar_t *, const wchar_t *, ...) NTPIPE_CRT(_wspawnle);
intptr_t _wspawnlp(int, const wchar_t *, const wchar_t *, ...) NTPIPE_CRT(_wspawnlp);
intptr_t _wspawnlpe(int, const wchar_t *, const wchar_t *, ...) NTPIPE_CRT(_wspawnlpe);
intptr_t _wspawnv(int, const wchar_t *, NTPIPE_WIDE_WORDS) NTPIPE_CRT(_wspawnv);
intptr_t _wspawnve(int, const wchar_t *, NTPIPE_WIDE_WORDS, NTPIPE_WIDE_WORDS) NTPIPE_CRT(_wspawnve);
intptr_t _wspawnvp(int, const wchar_t *, NTPIPE_WIDE_WORDS) NTPIPE_CRT(_wspawnvp);
intptr_t _wspawnvpe(int, const wchar_t *, NTPIPE_WIDE_WORDS, NTPIPE_WIDE_WORDS) NTPIPE_CRT(_wspawnvpe);
intptr_t _execl(const char *, const char *, ...) NTPIPE_CRT(_execl);
intptr_t _execle(const char *, const char *, ...) NTPIPE_CRT(_execle);
intptr_t _execlp(const char *, const char *, ...) NTPIPE_CRT(_execlp);
intptr_t _execlpe(const char *, const char *, ...) NTPIPE_CRT(_execlpe);
intptr_t _execv(const char *, NTPIPE_WORDS) NTPIPE_CRT(_execv);
intptr_t _execve(const char *, NTPIPE_WORDS, NTPIPE_WORDS) NTPIPE_CRT(_execve);
intptr_t _execvp(const char *, NTPIPE_WORDS) NTPIPE_CRT(_execvp);
intptr_t _execvpe(const char *, NTPIPE_WORDS, NTPIPE_WORDS) NTPIPE_CRT(_execvpe);
intptr_t _wexecl(const wchar_t *, const wchar_t *, ...) NTPIPE_CRT(_wexecl);
intptr_t _wexecle(const wchar_t *, const wchar_t *, ...) NTPIPE_CRT(_wexecle);
intptr_t _wexeclp(const wchar_t *, const wchar_t *, ...) NTPIPE_CRT(_wexeclp);
intptr_t _wexeclpe(const wchar_t *, const wchar_t *, ...) NTPIPE_CRT(_wexeclpe);
intptr_t _wexecv(const wchar_t *, NTPIPE_WIDE_WORDS) NTPIPE_CRT(_wexecv);
intptr_t _wexecve(const wchar_t *, NTPIPE_WIDE_WORDS, NTPIPE_WIDE_WORDS) NTPIPE_CRT(_wexecve);
intptr_t _wexecvp(const wchar_t *, NTPIPE_WIDE_WORDS) NTPIPE_CRT(_wexecvp);
intptr_t _wexecvpe(const wchar_t *, NTPIPE_WIDE_WORDS, NTPIPE_WIDE_WORDS) NTPIPE_CRT(_wexecvpe);
intptr_t spawnl(int, const char *, const char *, ...) NTPIPE_CRT(_spawnl);
intptr_t spawnle(int, const char *, const char *, ...) NTPIPE_CRT(_spawnle);
intptr_t spawnlp(int, const char *, const char *, ...) NTPIPE_CRT(_spawnlp);
intptr_t spawnlpe(int, const char *, const char *, ...) NTPIPE_CRT(_spawnlpe);
intptr_t spawnv(int, const char *, NTPIPE_WORDS) NTPIPE_CRT(_spawnv);
intptr_t spawnve(int, const char *, NTPIPE_WORDS, NTPIPE_WORDS) NTPIPE_CRT(_spawnve);
intptr_t spawnvp(int, const char *, NTPIPE_WORDS) NTPIPE_CRT(_spawnvp);
intptr_t spawnvpe(int, const char *, NTPIPE_WORDS, NTPIPE_WORDS) NTPIPE_CRT(_spawnvpe);
intptr_t _cwait(int *, intptr_t, int) NTPIPE_CRT(_cwait);
intptr_t cwait(int *, intptr_t, int) NTPIPE_CRT(_cwait);

NTPIPE_CRT_END

#endif
