/* Loaded before a program that runs below valgrind. Memcheck up to 3.19 takes F_OFD_SETLKW for a call that
 * does not block, and so stops all threads of the program while one waits, the one too that would give the
 * lock back. Here the lock is tried again and again. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

int fcntl(int file, int command, ...)
{
    va_list arguments;
    void *argument;
    va_start(arguments, command);
    argument = va_arg(arguments, void *);
    va_end(arguments);
    if (command != F_OFD_SETLKW)
        return (int)syscall(SYS_fcntl, file, command, argument);
    for (;;) {
        int answer = (int)syscall(SYS_fcntl, file, F_OFD_SETLK, argument);
        if (answer == 0 || (errno != EAGAIN && errno != EACCES))
            return answer;
        usleep(1000);
    }
}

int fcntl64(int file, int command, ...) __attribute__((alias("fcntl")));
