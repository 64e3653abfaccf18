/* Programs that are started with words: _spawn, _exec, and _cwait for their ends.
 *
 * As on Windows the words are joined with blanks into a command line, without quotes: a word with a blank in
 * it arrives as two, unless the program has put it between quotes itself. The child has all descriptors of
 * its parent that are not _O_NOINHERIT, under their numbers. */

#include "crt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { P_WAIT, P_NOWAIT, P_OVERLAY, P_NOWAITO, P_DETACH };

/* The library's part. */
void *ntpipe_spawn(const char *name, const char *line, const void *environment, int search, uint32_t flags);
void ntpipe_drain(void);
uint32_t GetLastError(void);
uint32_t WaitForSingleObject(void *handle, uint32_t ms);
int GetExitCodeProcess(void *process, uint32_t *code);
int CloseHandle(void *handle);

static intptr_t refuse(int why)
{
    errno = why;
    return -1;
}

int ntpipe_reason(void)
{
    enum { PATH_NOT_FOUND = 3, FILE_NOT_FOUND = 2, TOO_MANY_FILES = 4, DENIED = 5, NO_MEMORY = 8,
           OUT_OF_MEMORY = 14, BROKEN = 109, BAD_FORMAT = 193, NO_DATA = 232 };
    switch (GetLastError()) {
    case FILE_NOT_FOUND:
    case PATH_NOT_FOUND:
        return ENOENT;
    case TOO_MANY_FILES:
        return EMFILE;
    case DENIED:
        return EACCES;
    case NO_MEMORY:
    case OUT_OF_MEMORY:
        return ENOMEM;
    case BROKEN:
    case NO_DATA:
        return EPIPE;
    case BAD_FORMAT:
        return ENOEXEC;
    default:
        return EINVAL;
    }
}

/* The texts one after the other, each with the separator behind it, and a zero; to be freed. */
static char *join(const char *const *texts, char separator)
{
    size_t length = 2, n = 0;
    for (size_t i = 0; texts[i]; i++)
        length += strlen(texts[i]) + 1;
    char *joined = malloc(length);
    if (!joined)
        return NULL;
    for (size_t i = 0; texts[i]; i++) {
        size_t own = strlen(texts[i]);
        memcpy(joined + n, texts[i], own);
        n += own;
        joined[n++] = separator;
    }
    /* An empty block has two zeros. */
    joined[n] = joined[n + 1] = 0;
    return joined;
}

static intptr_t start(int mode, const char *name, const char *line, const char *environment, int search)
{
    enum { DETACHED = 8 };
    const uint32_t forever = 0xFFFFFFFF;
    void *process = ntpipe_spawn(name, line, environment, search, mode == P_DETACH ? DETACHED : 0);
    if (!process)
        return refuse(ntpipe_reason());
    if (mode == P_OVERLAY) {
        ntpipe_drain();
        _exit(0);
    }
    if (mode == P_NOWAIT || mode == P_NOWAITO)
        return (intptr_t)process;
    uint32_t code = 0;
    if (mode == P_WAIT && WaitForSingleObject(process, forever) == 0)
        GetExitCodeProcess(process, &code);
    CloseHandle(process);
    return (int)code;
}

static intptr_t spawn(int mode, const char *name, const char *const *words, const char *const *environment,
                      int search)
{
    if (!name || !*name || !words || !words[0] || !*words[0] || mode < P_WAIT || mode > P_DETACH)
        return refuse(EINVAL);
    char *line = join(words, ' '), *block = environment ? join(environment, 0) : NULL;
    intptr_t result = line && (block || !environment) ? start(mode, name, line, block, search)
                                                      : refuse(ENOMEM);
    int why = errno;
    free(line);
    free(block);
    errno = why;
    return result;
}

static void free_all(char **texts)
{
    for (size_t i = 0; texts && texts[i]; i++)
        free(texts[i]);
    free(texts);
}

/* A null pointer for one, and without memory. */
static char **narrow_all(const wchar_t *const *texts)
{
    size_t n = 0;
    while (texts && texts[n])
        n++;
    char **copies = texts ? calloc(n + 1, sizeof *copies) : NULL;
    for (size_t i = 0; copies && i < n; i++) {
        copies[i] = ntpipe_utf8_copy(texts[i]);
        if (!copies[i]) {
            free_all(copies);
            return NULL;
        }
    }
    return copies;
}

static intptr_t wide_spawn(int mode, const wchar_t *name, const wchar_t *const *words,
                           const wchar_t *const *environment, int search)
{
    char *own_name = ntpipe_utf8_copy(name), **own = narrow_all(words), **variables = narrow_all(environment);
    intptr_t result = -1;
    if (environment && !variables)
        errno = ENOMEM;
    else
        result = spawn(mode, own_name, (const char *const *)own, (const char *const *)variables, search);
    int why = errno;
    free(own_name);
    free_all(own);
    free_all(variables);
    errno = why;
    return result;
}

/* The words of a call up to its null pointer, and what stands behind that if it is wanted; to be freed. */
static const void **collect(const void *first, va_list *list, int has_environment, const void **environment)
{
    size_t n = 0;
    va_list again;
    va_copy(again, *list);
    for (const void *one = first; one; one = va_arg(again, const void *))
        n++;
    va_end(again);
    const void **words = malloc((n + 1) * sizeof *words);
    *environment = NULL;
    if (!words)
        return NULL;
    words[0] = first;
    for (size_t i = 1; i <= n; i++)
        words[i] = va_arg(*list, const void *);
    if (first && has_environment)
        *environment = va_arg(*list, const void *);
    return words;
}

#define LISTED(name, UNIT, call, mode, search, has_environment, ...)                                        \
    API intptr_t ntpipe_##name(__VA_ARGS__ const UNIT *program, const UNIT *first, ...)                     \
    {                                                                                                       \
        va_list list;                                                                                       \
        const void *environment;                                                                            \
        va_start(list, first);                                                                              \
        const void **words = collect(first, &list, has_environment, &environment);                          \
        va_end(list);                                                                                       \
        if (!words)                                                                                         \
            return refuse(ENOMEM);                                                                          \
        intptr_t result = call(mode, program, (const UNIT *const *)words, environment, search);             \
        int why = errno;                                                                                    \
        free(words);                                                                                        \
        errno = why;                                                                                        \
        return result;                                                                                      \
    }
#define COUNTED(name, UNIT, call, mode, search, ...)                                                        \
    API intptr_t ntpipe_##name(__VA_ARGS__ const UNIT *program, const UNIT *const *words)                   \
    {                                                                                                       \
        return call(mode, program, words, NULL, search);                                                    \
    }                                                                                                       \
    API intptr_t ntpipe_##name##e(__VA_ARGS__ const UNIT *program, const UNIT *const *words,                \
                                  const UNIT *const *environment)                                           \
    {                                                                                                       \
        return call(mode, program, words, environment, search);                                             \
    }
#define FAMILY(prefix, UNIT, call, mode, ...)                          \
    LISTED(prefix##l, UNIT, call, mode, 0, 0, __VA_ARGS__)             \
    LISTED(prefix##le, UNIT, call, mode, 0, 1, __VA_ARGS__)            \
    LISTED(prefix##lp, UNIT, call, mode, 1, 0, __VA_ARGS__)            \
    LISTED(prefix##lpe, UNIT, call, mode, 1, 1, __VA_ARGS__)           \
    COUNTED(prefix##v, UNIT, call, mode, 0, __VA_ARGS__)               \
    COUNTED(prefix##vp, UNIT, call, mode, 1, __VA_ARGS__)
/* So that the mode stands before the others as an argument, or nothing does. */
#define MODE int mode,

FAMILY(_spawn, char, spawn, mode, MODE)
FAMILY(_wspawn, wchar_t, wide_spawn, mode, MODE)
FAMILY(_exec, char, spawn, P_OVERLAY, )
FAMILY(_wexec, wchar_t, wide_spawn, P_OVERLAY, )

/* Waits for a process of _P_NOWAIT, and closes its handle, as Windows' runtime does. */
API intptr_t ntpipe__cwait(int *status, intptr_t process, int action)
{
    const uint32_t forever = 0xFFFFFFFF;
    uint32_t code = 0;
    (void)action;
    /* -1 and -2 mean the calling process and thread, which nobody can wait for. */
    int ended = process != -1 && process != -2 && WaitForSingleObject((void *)process, forever) == 0
                && GetExitCodeProcess((void *)process, &code);
    if (status)
        *status = ended ? (int)code : -1;
    if (!ended)
        return refuse(ECHILD);
    CloseHandle((void *)process);
    return process;
}
