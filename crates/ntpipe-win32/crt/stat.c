/* What a file is: _stat and its kin, in Windows' structures. */

#include "crt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* struct _stat, whose size has 32 bits, and struct _stat64. */
struct small {
    uint32_t device;
    uint16_t number, mode;
    int16_t links, user, group;
    uint32_t same_device;
    int32_t size;
    int64_t times[3];
};
struct large {
    uint32_t device;
    uint16_t number, mode;
    int16_t links, user, group;
    uint32_t same_device;
    int64_t size;
    int64_t times[3];
};
_Static_assert(sizeof(struct small) == 48 && offsetof(struct small, size) == 20, "as on Windows");
_Static_assert(sizeof(struct large) == 56 && offsetof(struct large, size) == 24, "as on Windows");

enum { OF_DIRECTORY = 0x4000, OF_DEVICE = 0x2000, OF_PIPE = 0x1000, OF_FILE = 0x8000 };

static int has_program_name(const char *path)
{
    static const char *const endings[] = { ".exe", ".com", ".bat", ".cmd" };
    size_t length = path ? strlen(path) : 0;
    for (int i = 0; i < 4 && length >= 4; i++)
        if (strcasecmp(path + length - 4, endings[i]) == 0)
            return 1;
    return 0;
}

static int told(int directory, const char *path, int flags, struct statx *file)
{
    return statx(directory, path, flags, STATX_BASIC_STATS | STATX_BTIME, file);
}

static void translate(const struct statx *file, const char *path, struct large *to)
{
    mode_t mode = file->stx_mode;
    memset(to, 0, sizeof *to);
    to->links = file->stx_nlink > SHRT_MAX ? SHRT_MAX : (int16_t)file->stx_nlink;
    to->device = to->same_device = file->stx_dev_major << 8 | (file->stx_dev_minor & 0xFF);
    to->size = S_ISDIR(mode) ? 0 : (int64_t)file->stx_size;
    to->times[0] = file->stx_atime.tv_sec;
    to->times[1] = file->stx_mtime.tv_sec;
    /* When it was made; where the file system does not know, Windows tells when it was changed. */
    to->times[2] = file->stx_mask & STATX_BTIME ? file->stx_btime.tv_sec : file->stx_mtime.tv_sec;
    if (S_ISDIR(mode)) {
        to->mode = OF_DIRECTORY | 0777;
    } else {
        /* The bits are the same for all, and everybody may read. */
        int runs = mode & 0111 || has_program_name(path);
        to->mode = (uint16_t)((S_ISCHR(mode) ? OF_DEVICE : S_ISFIFO(mode) ? OF_PIPE : OF_FILE) | 0444
                              | (mode & 0222 ? 0222 : 0) | (runs ? 0111 : 0));
    }
}

static int of_path(const char *path, struct large *to)
{
    struct statx file;
    char *own = to ? ntpipe_own_path(path, NULL) : NULL;
    int result = own ? told(AT_FDCWD, own, 0, &file) : -1;
    int why = to ? errno : EINVAL;
    if (result == 0)
        translate(&file, own, to);
    else if (to)
        memset(to, 0, sizeof *to);
    free(own);
    errno = why;
    return result;
}

/* Of a pipe or a device Windows tells the descriptor for its number, and how much a pipe holds. */
static int of_descriptor(int fd, struct large *to)
{
    struct statx file;
    if (!to) {
        errno = EINVAL;
        return -1;
    }
    memset(to, 0, sizeof *to);
    if (told(fd, "", AT_EMPTY_PATH, &file) < 0)
        return -1;
    translate(&file, NULL, to);
    if (S_ISREG(file.stx_mode) || S_ISDIR(file.stx_mode))
        return 0;
    int is_device = S_ISCHR(file.stx_mode), before = errno, waiting = 0;
    if (!is_device && ioctl(fd, FIONREAD, &waiting) < 0)
        waiting = 0;
    errno = before;
    *to = (struct large){ .device = (uint32_t)fd, .same_device = (uint32_t)fd, .links = 1, .size = waiting,
                          .mode = is_device ? OF_DEVICE : OF_PIPE };
    return 0;
}

static int narrow_down(int result, const struct large *from, struct small *to)
{
    if (result < 0) {
        if (to)
            memset(to, 0, sizeof *to);
        return result;
    }
    if (from->size > INT32_MAX) {
        memset(to, 0, sizeof *to);
        errno = EOVERFLOW;
        return -1;
    }
    *to = (struct small){ from->device, from->number, from->mode, from->links, from->user, from->group,
                          from->same_device, (int32_t)from->size,
                          { from->times[0], from->times[1], from->times[2] } };
    return result;
}

API int ntpipe__stat64(const char *path, struct large *to)
{
    return of_path(path, to);
}
API int ntpipe__stat(const char *path, struct small *to)
{
    struct large file;
    return narrow_down(of_path(path, to ? &file : NULL), &file, to);
}
API int ntpipe__fstat64(int fd, struct large *to)
{
    return of_descriptor(fd, to);
}
API int ntpipe__fstat(int fd, struct small *to)
{
    struct large file;
    return narrow_down(of_descriptor(fd, to ? &file : NULL), &file, to);
}
API int ntpipe__wstat64(const wchar_t *path, struct large *to)
{
    char *own = ntpipe_utf8_copy(path);
    int result = of_path(own, to), why = errno;
    free(own);
    errno = why;
    return result;
}
API int ntpipe__wstat(const wchar_t *path, struct small *to)
{
    struct large file;
    return narrow_down(ntpipe__wstat64(path, to ? &file : NULL), &file, to);
}
