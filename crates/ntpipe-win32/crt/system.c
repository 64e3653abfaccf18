/* Files by descriptor, environment and the rest of the runtime that stands on POSIX. */

#include "crt.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int ntpipe_wcscmp(const wchar_t *one, const wchar_t *other);

/* Descriptors. */

/* The library's part, in io.rs: closes the handle too that a descriptor has. */
int ntpipe_close_descriptor(int fd);
int ntpipe_dup2_descriptor(int fd, int other);

API int ntpipe__fileno(FILE *file)
{
    return fileno(file);
}
API FILE *ntpipe__fdopen(int fd, const char *mode)
{
    return fdopen(fd, mode);
}
API int ntpipe__isatty(int fd)
{
    return isatty(fd);
}
API int ntpipe__read(int fd, void *to, unsigned n)
{
    return (int)read(fd, to, n);
}
API int ntpipe__write(int fd, const void *from, unsigned n)
{
    return (int)write(fd, from, n);
}
API int ntpipe__close(int fd)
{
    int why = ntpipe_close_descriptor(fd);
    errno = why ? why : errno;
    return why ? -1 : 0;
}
API int ntpipe__dup(int fd)
{
    return dup(fd);
}
API int ntpipe__dup2(int fd, int other)
{
    int why = ntpipe_dup2_descriptor(fd, other);
    errno = why ? why : errno;
    return why ? -1 : 0;
}
API long ntpipe__lseek(int fd, long offset, int origin)
{
    return lseek(fd, offset, origin);
}
API long long ntpipe__lseeki64(int fd, long long offset, int origin)
{
    return lseek(fd, offset, origin);
}

/* Windows' flags, which are others than Linux'. */
enum { O_WINDOWS_APPEND = 8, O_WINDOWS_NOINHERIT = 0x80, O_WINDOWS_CREAT = 0x100, O_WINDOWS_TRUNC = 0x200,
       O_WINDOWS_EXCL = 0x400 };

/* The library's part. */
void *CreateFileA(const char *name, uint32_t access, uint32_t share, const void *security,
                  uint32_t disposition, uint32_t flags, void *template);
int CloseHandle(void *handle);
int _open_osfhandle(intptr_t handle, int flags);

/* An end of a pipe by its name: it is there or it is not, whatever the flags say of files. */
static int open_pipe(const char *name, int flags)
{
    enum { WRITES_ONLY = 1, BOTH = 2, OPEN_EXISTING = 3, SHARED = 3 };
    const uint32_t reads = 0x80000000, writes = 0x40000000;
    struct {
        uint32_t size;
        void *descriptor;
        int inherits;
    } security = { sizeof security, NULL, !(flags & O_WINDOWS_NOINHERIT) };
    uint32_t access = flags & BOTH ? reads | writes : flags & WRITES_ONLY ? writes : reads;
    void *handle = CreateFileA(name, access, SHARED, &security, OPEN_EXISTING, 0, NULL);
    if (handle == (void *)-1) {
        errno = ntpipe_reason();
        return -1;
    }
    int fd = _open_osfhandle((intptr_t)handle, flags);
    if (fd < 0)
        CloseHandle(handle);
    return fd;
}

int ntpipe_open_descriptor(const char *path, int flags, int mode)
{
    int own = flags & 3, is_pipe;
    own |= flags & O_WINDOWS_APPEND ? O_APPEND : 0;
    own |= flags & O_WINDOWS_NOINHERIT ? O_CLOEXEC : 0;
    own |= flags & O_WINDOWS_CREAT ? O_CREAT : 0;
    own |= flags & O_WINDOWS_TRUNC ? O_TRUNC : 0;
    own |= flags & O_WINDOWS_EXCL ? O_EXCL : 0;
    char *own_path = ntpipe_own_path(path, &is_pipe);
    if (!own_path)
        return -1;
    /* _S_IWRITE is the owner's bit; on Windows it means that anybody may write. */
    int fd = is_pipe ? open_pipe(own_path, flags) : open(own_path, own, mode & S_IWUSR ? 0666 : 0444);
    int why = errno;
    free(own_path);
    errno = why;
    return fd;
}

API int ntpipe__open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    int mode = flags & O_WINDOWS_CREAT ? va_arg(list, int) : 0;
    va_end(list);
    return ntpipe_open_descriptor(path, flags, mode);
}

API int ntpipe__wopen(const wchar_t *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    int mode = flags & O_WINDOWS_CREAT ? va_arg(list, int) : 0;
    va_end(list);
    char *narrow = ntpipe_utf8_copy(path);
    int fd = ntpipe_open_descriptor(narrow, flags, mode);
    int why = errno;
    free(narrow);
    errno = why;
    return fd;
}

/* Remembered only to be told: streams carry bytes, and wide text as UTF-8, in every mode. */
API int ntpipe__setmode(int fd, int mode)
{
    enum { TEXT = 0x4000, BINARY = 0x8000, WTEXT = 0x10000, U16TEXT = 0x20000, U8TEXT = 0x40000,
           DESCRIPTORS = 256 };
    static int modes[DESCRIPTORS];
    /* 0 is what O_BINARY and O_TEXT are here. */
    if (mode && mode != TEXT && mode != BINARY && mode != WTEXT && mode != U16TEXT && mode != U8TEXT) {
        errno = EINVAL;
        return -1;
    }
    if (fcntl(fd, F_GETFD) < 0)
        return -1;
    if (fd >= DESCRIPTORS)
        return TEXT;
    int before = __atomic_exchange_n(&modes[fd], mode, __ATOMIC_RELAXED);
    return before ? before : TEXT;
}

/* Processes and the environment. */

API void ntpipe__swab(char *from, char *to, int n)
{
    swab(from, to, n);
}

API int ntpipe__getpid(void)
{
    return getpid();
}

API void ntpipe__sleep(unsigned ms)
{
    struct timespec left = { ms / 1000, (long)(ms % 1000) * 1000000 };
    while (nanosleep(&left, &left) < 0 && errno == EINTR) {
    }
}

API int ntpipe__wsystem(const wchar_t *command)
{
    char *narrow = ntpipe_utf8_copy(command);
    int result = command && !narrow ? -1 : system(narrow);
    free(narrow);
    return result;
}

/* The values that _wgetenv has given, each to stay until its variable has another. */
struct wide_value {
    char *name;
    wchar_t *value;
    struct wide_value *next;
};

static wchar_t *wide_copy(const char *text)
{
    size_t units = 0;
    wchar_t *copy = malloc((strlen(text) + 1) * sizeof *copy);
    const unsigned char *at = (const unsigned char *)text;
    while (copy && *at)
        units += ntpipe_utf16_put(copy + units, ntpipe_utf8_next(&at));
    if (copy)
        copy[units] = 0;
    return copy;
}

/* Takes the name and the new value, and gives the one that stays. */
static wchar_t *keep_value(char *name, wchar_t *value)
{
    static struct wide_value *values;
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    wchar_t *kept = NULL;
    pthread_mutex_lock(&lock);
    struct wide_value *one = values;
    while (one && strcmp(one->name, name) != 0)
        one = one->next;
    if (!one && (one = calloc(1, sizeof *one))) {
        *one = (struct wide_value){ name, NULL, values };
        values = one;
        name = NULL;
    }
    if (one && one->value && ntpipe_wcscmp(one->value, value) == 0) {
        kept = one->value;
    } else if (one) {
        free(one->value);
        kept = one->value = value;
        value = NULL;
    }
    pthread_mutex_unlock(&lock);
    free(name);
    free(value);
    return kept;
}

API wchar_t *ntpipe__wgetenv(const wchar_t *name)
{
    char *narrow = ntpipe_utf8_copy(name);
    const char *found = narrow ? getenv(narrow) : NULL;
    wchar_t *value = found ? wide_copy(found) : NULL;
    if (value)
        return keep_value(narrow, value);
    free(narrow);
    return NULL;
}

API errno_t ntpipe_getenv_s(size_t *needed, char *to, size_t room, const char *name)
{
    if (!needed || !name || (!to) != (room == 0))
        return fail(EINVAL);
    const char *value = getenv(name);
    *needed = value ? strlen(value) + 1 : 0;
    if (to && room)
        to[0] = 0;
    if (!value || !room)
        return 0;
    if (*needed > room)
        return ERANGE;
    memcpy(to, value, *needed);
    return 0;
}

API errno_t ntpipe__dupenv_s(char **copy, size_t *length, const char *name)
{
    if (length)
        *length = 0;
    if (!copy || !name)
        return fail(EINVAL);
    const char *value = getenv(name);
    *copy = value ? strdup(value) : NULL;
    if (value && !*copy)
        return fail(ENOMEM);
    if (length && value)
        *length = strlen(value) + 1;
    return 0;
}

API int ntpipe__putenv(const char *setting)
{
    const char *equals = strchr(setting, '=');
    char *name = equals ? strndup(setting, (size_t)(equals - setting)) : NULL;
    if (!name)
        return -1;
    int result = equals[1] ? setenv(name, equals + 1, 1) : unsetenv(name);
    free(name);
    return result;
}

API errno_t ntpipe_rand_s(unsigned *value)
{
    return value && getrandom(value, sizeof *value, 0) == sizeof *value ? 0 : fail(EINVAL);
}

API errno_t ntpipe__set_errno(int value)
{
    errno = value;
    return 0;
}

API errno_t ntpipe__get_errno(int *value)
{
    if (!value)
        return fail(EINVAL);
    *value = errno;
    return 0;
}
