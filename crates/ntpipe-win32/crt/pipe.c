/* Pipes of the runtime's own: between descriptors, and to commands. */

#include "crt.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NO_INHERIT = 0x80 };

/* In machine.c. */
void ntpipe_ignore_broken_pipes(void);

/* A kernel pipe, so that children get it whatever they are. The size is advice, as on Windows. */
API int ntpipe__pipe(int *ends, unsigned size, int mode)
{
    if (!ends) {
        errno = EINVAL;
        return -1;
    }
    ends[0] = ends[1] = -1;
    ntpipe_ignore_broken_pipes();
    if (pipe2(ends, mode & NO_INHERIT ? O_CLOEXEC : 0) < 0)
        return -1;
    int before = errno;
    if (size > 65536 && size <= 0x7FFFFFFF)
        fcntl(ends[1], F_SETPIPE_SZ, (int)size);
    errno = before;
    return 0;
}

/* A command that runs, and the stream to it. */
struct command {
    FILE *stream;
    pid_t process;
    struct command *next;
};

static struct command *commands;
static pthread_mutex_t commands_lock = PTHREAD_MUTEX_INITIALIZER;

/* Starts the shell with one end as its standard input or output; 0 or an errno. What this process does with
 * the signal of a broken pipe is not the command's affair. */
static int start(pid_t *process, const char *command, int end, int standard)
{
    extern char **environ;
    char *arguments[] = { (char *)"sh", (char *)"-c", (char *)command, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    int why = posix_spawn_file_actions_init(&actions);
    if (why)
        return why;
    why = posix_spawnattr_init(&attributes);
    if (!why) {
        why = posix_spawn_file_actions_adddup2(&actions, end, standard);
        posix_spawnattr_setsigdefault(&attributes, &defaults);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
        if (!why)
            why = posix_spawn(process, "/bin/sh", &actions, &attributes, arguments, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return why;
}

static FILE *open_command(const char *command, const char *mode)
{
    int ends[2];
    if (!command || !mode || (mode[0] != 'r' && mode[0] != 'w')
        || strspn(mode + 1, "tb") != strlen(mode + 1)) {
        errno = EINVAL;
        return NULL;
    }
    int reads = mode[0] == 'r';
    struct command *one = malloc(sizeof *one);
    if (!one || ntpipe__pipe(ends, 0, NO_INHERIT) < 0) {
        free(one);
        return NULL;
    }
    one->stream = fdopen(ends[!reads], reads ? "r" : "w");
    int why = one->stream ? start(&one->process, command, ends[reads], reads) : errno;
    close(ends[reads]);
    if (why) {
        if (one->stream)
            fclose(one->stream);
        else
            close(ends[!reads]);
        free(one);
        errno = why;
        return NULL;
    }
    pthread_mutex_lock(&commands_lock);
    one->next = commands;
    commands = one;
    pthread_mutex_unlock(&commands_lock);
    return one->stream;
}

API FILE *ntpipe__popen(const char *command, const char *mode)
{
    return open_command(command, mode);
}

API FILE *ntpipe__wpopen(const wchar_t *command, const wchar_t *mode)
{
    return ntpipe_open_wide(open_command, command, mode);
}

/* The command's exit code, as it is on Windows; of one that a signal has ended, what a shell tells. */
API int ntpipe__pclose(FILE *stream)
{
    int status;
    pthread_mutex_lock(&commands_lock);
    struct command **place = &commands;
    while (*place && (*place)->stream != stream)
        place = &(*place)->next;
    struct command *one = stream ? *place : NULL;
    if (one)
        *place = one->next;
    pthread_mutex_unlock(&commands_lock);
    if (!one) {
        errno = EINVAL;
        return -1;
    }
    pid_t process = one->process;
    free(one);
    fclose(stream);
    while (waitpid(process, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
