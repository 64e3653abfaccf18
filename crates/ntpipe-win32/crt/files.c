/* Files and directories by name, and descriptors of files. */

#include "crt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ends a call that had memory: what it answers and tells stays. */
static int done(int result, void *one, void *other)
{
    int why = errno;
    free(one);
    free(other);
    errno = why;
    return result;
}

/* The wide form of a function of a path. */
#define WIDE(name, narrow)                                    \
    API int ntpipe_##name(const wchar_t *path)                \
    {                                                         \
        char *own = ntpipe_utf8_copy(path);                   \
        return done(ntpipe_##narrow(own), own, NULL);         \
    }
#define WIDE_WITH_MODE(name, narrow)                          \
    API int ntpipe_##name(const wchar_t *path, int mode)      \
    {                                                         \
        char *own = ntpipe_utf8_copy(path);                   \
        return done(ntpipe_##narrow(own, mode), own, NULL);   \
    }

/* What Windows shows as read-only, GetFileAttributes here too: nobody may write. */
static int is_read_only(const struct stat *file)
{
    return !S_ISDIR(file->st_mode) && !(file->st_mode & 0222);
}

static errno_t look(const char *path, int mode)
{
    enum { WRITES = 2, READS = 4 };
    struct stat file;
    errno_t why = 0;
    char *own = ntpipe_own_path(path, NULL);
    if (!own || stat(own, &file) < 0)
        why = errno;
    /* A directory is only asked whether it is there, as on Windows. */
    else if (S_ISDIR(file.st_mode))
        why = 0;
    else if ((mode & WRITES && (is_read_only(&file) || access(own, W_OK) < 0))
             || (mode & READS && access(own, R_OK) < 0))
        why = EACCES;
    free(own);
    return why;
}

API errno_t ntpipe__access_s(const char *path, int mode)
{
    errno_t why = !path || mode & ~6 ? EINVAL : look(path, mode);
    return why ? fail(why) : 0;
}
API int ntpipe__access(const char *path, int mode)
{
    return ntpipe__access_s(path, mode) ? -1 : 0;
}
WIDE_WITH_MODE(_waccess_s, _access_s)
WIDE_WITH_MODE(_waccess, _access)

/* Only whether anybody may write can be changed. */
API int ntpipe__chmod(const char *path, int mode)
{
    struct stat file;
    char *own = ntpipe_own_path(path, NULL);
    int result = -1;
    if (own && stat(own, &file) == 0) {
        mode_t bits = file.st_mode & 07777;
        result = chmod(own, mode & S_IWUSR ? bits | S_IWUSR : bits & ~(mode_t)0222);
    }
    return done(result, own, NULL);
}
WIDE_WITH_MODE(_wchmod, _chmod)

API int ntpipe__unlink(const char *path)
{
    struct stat file;
    char *own = ntpipe_own_path(path, NULL);
    int result = -1;
    if (own && lstat(own, &file) == 0 && (S_ISDIR(file.st_mode) || is_read_only(&file)))
        errno = EACCES;
    else if (own)
        result = unlink(own);
    return done(result, own, NULL);
}
API int ntpipe_remove(const char *path)
{
    return ntpipe__unlink(path);
}
WIDE(_wunlink, _unlink)

/* A name that is there already is not taken from its file, as it would be by the C library. */
API int ntpipe_rename(const char *from, const char *to)
{
    char *one = ntpipe_own_path(from, NULL), *other = one ? ntpipe_own_path(to, NULL) : NULL;
    int result = one && other ? renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_NOREPLACE) : -1;
    /* A file system that cannot do both at once. */
    if (result < 0 && one && other && (errno == EINVAL || errno == ENOSYS)) {
        struct stat file;
        if (lstat(other, &file) == 0)
            errno = EEXIST;
        else
            result = rename(one, other);
    }
    return done(result, one, other);
}
API int ntpipe__wrename(const wchar_t *from, const wchar_t *to)
{
    char *one = ntpipe_utf8_copy(from), *other = ntpipe_utf8_copy(to);
    return done(ntpipe_rename(one, other), one, other);
}

/* Directories. */

API int ntpipe__mkdir(const char *path)
{
    char *own = ntpipe_own_path(path, NULL);
    return done(own ? mkdir(own, 0777) : -1, own, NULL);
}
API int ntpipe__rmdir(const char *path)
{
    char *own = ntpipe_own_path(path, NULL);
    return done(own ? rmdir(own) : -1, own, NULL);
}
API int ntpipe__chdir(const char *path)
{
    char *own = ntpipe_own_path(path, NULL);
    return done(own ? chdir(own) : -1, own, NULL);
}
WIDE(_wmkdir, _mkdir)
WIDE(_wrmdir, _rmdir)
WIDE(_wchdir, _chdir)

/* Into the buffer, or into memory of its own if there is none; units of this size. */
static void *whole_directory(void *to, int room, size_t unit, size_t length, const void *text)
{
    size_t needed = length + 1;
    if (to ? needed > (size_t)room : 0) {
        memset(to, 0, unit);
        errno = ERANGE;
        return NULL;
    }
    if (!to)
        to = malloc((room > 0 && (size_t)room > needed ? (size_t)room : needed) * unit);
    if (to)
        memcpy(to, text, needed * unit);
    return to;
}

API char *ntpipe__getcwd(char *to, int room)
{
    if (to && room <= 0) {
        errno = EINVAL;
        return NULL;
    }
    char *directory = getcwd(NULL, 0);
    char *result = directory ? whole_directory(to, room, 1, strlen(directory), directory) : NULL;
    done(0, directory, NULL);
    return result;
}

API wchar_t *ntpipe__wgetcwd(wchar_t *to, int room)
{
    if (to && room <= 0) {
        errno = EINVAL;
        return NULL;
    }
    char *directory = getcwd(NULL, 0);
    wchar_t *wide = directory ? malloc((strlen(directory) + 1) * sizeof *wide) : NULL, *result = NULL;
    size_t units = 0;
    const unsigned char *at = (const unsigned char *)directory;
    while (wide && *at)
        units += ntpipe_utf16_put(wide + units, ntpipe_utf8_next(&at));
    if (wide) {
        wide[units] = 0;
        result = whole_directory(to, room, sizeof *wide, units, wide);
    }
    done(0, directory, wide);
    return result;
}

/* What a descriptor's file tells. */

API long long ntpipe__telli64(int fd)
{
    return lseek(fd, 0, SEEK_CUR);
}
API long ntpipe__tell(int fd)
{
    return lseek(fd, 0, SEEK_CUR);
}
API long long ntpipe__filelengthi64(int fd)
{
    struct stat file;
    return fstat(fd, &file) < 0 ? -1 : file.st_size;
}
API long ntpipe__filelength(int fd)
{
    return ntpipe__filelengthi64(fd);
}
API int ntpipe__eof(int fd)
{
    long long at = ntpipe__telli64(fd);
    return at < 0 ? -1 : at >= ntpipe__filelengthi64(fd);
}
API int ntpipe__commit(int fd)
{
    return fsync(fd);
}
API int ntpipe__chsize(int fd, long size)
{
    return ftruncate(fd, size);
}
API errno_t ntpipe__chsize_s(int fd, long long size)
{
    return ftruncate(fd, size) < 0 ? errno : 0;
}
