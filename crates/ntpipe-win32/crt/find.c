/* Files that a pattern names, and pipes: _findfirst and what follows, over FindFirstFile. */

#include "crt.h"

#include <errno.h>
#include <string.h>

enum { MAX_NAME = 260, NORMAL = 0x80 };

/* 100 nanoseconds since 1601, in two halves. */
struct moment {
    uint32_t low, high;
};

/* WIN32_FIND_DATA with each kind of characters. */
#define FOUND(type, UNIT)                      \
    struct type {                              \
        uint32_t attributes;                   \
        struct moment made, read, written;     \
        uint32_t size_high, size, reserved[2]; \
        UNIT name[MAX_NAME], other_name[14];   \
    }
FOUND(found, char);
FOUND(wide_found, wchar_t);

/* struct _finddata_t and its kin. */
#define TOLD(type, SIZE, UNIT)          \
    struct type {                       \
        uint32_t attributes;            \
        int64_t made, read, written;    \
        SIZE size;                      \
        UNIT name[MAX_NAME];            \
    }
TOLD(told, uint32_t, char);
TOLD(told_large, int64_t, char);
TOLD(wide_told, uint32_t, wchar_t);
TOLD(wide_told_large, int64_t, wchar_t);
_Static_assert(sizeof(struct told) == 296 && sizeof(struct told_large) == 304, "as on Windows");
_Static_assert(sizeof(struct wide_told) == 560 && sizeof(struct wide_told_large) == 560, "as on Windows");

void *FindFirstFileA(const char *pattern, struct found *found);
void *FindFirstFileW(const wchar_t *pattern, struct wide_found *found);
int FindNextFileA(void *search, struct found *found);
int FindNextFileW(void *search, struct wide_found *found);
int FindClose(void *search);
uint32_t GetLastError(void);

static void not_found(void)
{
    enum { NO_MORE_FILES = 18 };
    errno = GetLastError() == NO_MORE_FILES ? ENOENT : ntpipe_reason();
}

/* Seconds since 1970; -1 for a time that the file system does not know. */
static int64_t seconds(struct moment moment)
{
    const int64_t since_1601 = 11644473600;
    uint64_t units = (uint64_t)moment.high << 32 | moment.low;
    return units ? (int64_t)(units / 10000000) - since_1601 : -1;
}

#define TELL(to, from)                                                             \
    do {                                                                           \
        uint64_t whole = (uint64_t)(from).size_high << 32 | (from).size;           \
        (to)->attributes = (from).attributes == NORMAL ? 0 : (from).attributes;    \
        (to)->made = seconds((from).made);                                         \
        (to)->read = seconds((from).read);                                         \
        (to)->written = seconds((from).written);                                   \
        (to)->size = (__typeof__((to)->size))whole;                                \
        memcpy((to)->name, (from).name, sizeof(from).name);                        \
    } while (0)

#define SEARCH(first, next, UNIT, FOUND, TOLD, FindFirst, FindNext)           \
    API intptr_t ntpipe_##first(const UNIT *pattern, struct TOLD *to)         \
    {                                                                         \
        struct FOUND found;                                                   \
        if (!pattern || !to) {                                                \
            errno = EINVAL;                                                   \
            return -1;                                                        \
        }                                                                     \
        intptr_t search = (intptr_t)FindFirst(pattern, &found);               \
        if (search == -1)                                                     \
            not_found();                                                      \
        else                                                                  \
            TELL(to, found);                                                  \
        return search;                                                        \
    }                                                                         \
    API int ntpipe_##next(intptr_t search, struct TOLD *to)                   \
    {                                                                         \
        struct FOUND found;                                                   \
        if (!to) {                                                            \
            errno = EINVAL;                                                   \
            return -1;                                                        \
        }                                                                     \
        if (!FindNext((void *)search, &found)) {                              \
            not_found();                                                      \
            return -1;                                                        \
        }                                                                     \
        TELL(to, found);                                                      \
        return 0;                                                             \
    }

SEARCH(_findfirst, _findnext, char, found, told, FindFirstFileA, FindNextFileA)
SEARCH(_findfirst64, _findnext64, char, found, told_large, FindFirstFileA, FindNextFileA)
SEARCH(_wfindfirst, _wfindnext, wchar_t, wide_found, wide_told, FindFirstFileW, FindNextFileW)
SEARCH(_wfindfirst64, _wfindnext64, wchar_t, wide_found, wide_told_large, FindFirstFileW, FindNextFileW)

API int ntpipe__findclose(intptr_t search)
{
    if (FindClose((void *)search))
        return 0;
    errno = EINVAL;
    return -1;
}
