/* Paths: taken apart, put together, made whole; and what a path of Windows' is called here. */

#include "crt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_DRIVE = 3, MAX_PART = 256, MAX_WHOLE = 260 };

/* The library's part, in io.rs. */
int ntpipe_path(const char *path, char *to, uint32_t room);
uint32_t GetFullPathNameA(const char *path, uint32_t room, char *to, char **last);
uint32_t GetFullPathNameW(const wchar_t *path, uint32_t room, wchar_t *to, wchar_t **last);

char *ntpipe_own_path(const char *path, int *is_pipe)
{
    enum { FILE_PATH, PIPE_PATH };
    if (!path) {
        errno = EINVAL;
        return NULL;
    }
    /* What is no UTF-8 can need two bytes for one, and a device has a longer name here. */
    size_t room = 2 * strlen(path) + 16;
    char *own = room <= UINT32_MAX ? malloc(room) : NULL;
    if (!own)
        return NULL;
    int kind = ntpipe_path(path, own, (uint32_t)room);
    if (is_pipe)
        *is_pipe = kind == PIPE_PATH;
    if (kind == FILE_PATH || (kind == PIPE_PATH && is_pipe))
        return own;
    free(own);
    errno = ENOENT;
    return NULL;
}

#define UNIT char
#define LENGTH(text, most) strnlen(text, most)
#define WHOLE GetFullPathNameA
#define NAME(narrow, wide) ntpipe_##narrow
#include "paths.inc"
#undef UNIT
#undef LENGTH
#undef WHOLE
#undef NAME

#define UNIT wchar_t
#define LENGTH(text, most) ntpipe_wcsnlen(text, most)
#define WHOLE GetFullPathNameW
#define NAME(narrow, wide) ntpipe_##wide
#include "paths.inc"
