/* Names of files for a while. */

#include "crt.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Fills the six X at the end with a letter and the process's number, so that no such file is there. */
API errno_t ntpipe__mktemp_s(char *name, size_t room)
{
    size_t length = name ? strnlen(name, room) : 0;
    if (!name || length == room || length < 6 || memcmp(name + length - 6, "XXXXXX", 6) != 0) {
        if (name && room)
            name[0] = 0;
        return fail(EINVAL);
    }
    char digits[16];
    snprintf(digits, sizeof digits, "%05u", (unsigned)getpid() % 100000);
    memcpy(name + length - 5, digits, 5);
    for (char letter = 'a'; letter <= 'z'; letter++) {
        name[length - 6] = letter;
        char *own = ntpipe_own_path(name, NULL);
        int is_free = own && access(own, F_OK) < 0 && errno == ENOENT;
        free(own);
        if (is_free)
            return 0;
    }
    name[0] = 0;
    return fail(EEXIST);
}

API char *ntpipe__mktemp(char *name)
{
    return name && ntpipe__mktemp_s(name, strlen(name) + 1) == 0 ? name : NULL;
}

/* A name that no file has, in this directory; to be freed. */
static char *free_name(const char *directory, const char *prefix)
{
    static _Atomic unsigned last;
    size_t room = strlen(directory) + strlen(prefix) + 32;
    char *name = malloc(room);
    while (name) {
        size_t end = strlen(directory);
        const char *slash = end && directory[end - 1] == '/' ? "" : "/";
        snprintf(name, room, "%s%s%s%x.%x", directory, slash, prefix, (unsigned)getpid(),
                 atomic_fetch_add_explicit(&last, 1, memory_order_relaxed));
        if (access(name, F_OK) < 0)
            break;
    }
    return name;
}

static int is_directory(const char *path)
{
    return path && *path && access(path, W_OK | X_OK) == 0;
}

/* What TMP says counts before what the program says. */
API char *ntpipe__tempnam(const char *directory, const char *prefix)
{
    const char *variable = getenv("TMP");
    char *own = directory ? ntpipe_own_path(directory, NULL) : NULL;
    const char *place = is_directory(variable) ? variable : is_directory(own) ? own : P_tmpdir;
    char *name = free_name(place, prefix ? prefix : "");
    free(own);
    return name;
}

API errno_t ntpipe_tmpnam_s(char *to, size_t room)
{
    if (!to || !room)
        return fail(EINVAL);
    char *name = ntpipe__tempnam(NULL, "s");
    size_t length = name ? strlen(name) : 0;
    errno_t why = !name ? ENOMEM : length < room ? 0 : ERANGE;
    memcpy(to, why ? "" : name, why ? 1 : length + 1);
    free(name);
    return why ? fail(why) : 0;
}

API errno_t ntpipe_tmpfile_s(FILE **file)
{
    if (!file)
        return fail(EINVAL);
    *file = tmpfile();
    return *file ? 0 : errno;
}
