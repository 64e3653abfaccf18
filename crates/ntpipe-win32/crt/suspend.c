/* Programs that are started but do not run yet.
 *
 * The child asks to be traced, so that the system stops it when it has become the new program, before the
 * first instruction of that. Then the parent lets it go, stopped as by SIGSTOP: SIGCONT resumes it. No
 * descriptor of the parent is open in it by then, and whether it can run at all has been found out. */

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

int ntpipe_trace_me(void);
int ntpipe_leave_stopped(int pid);

/* In the child; 0 or an errno. */
int ntpipe_trace_me(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) ? errno : 0;
}

/* In the thread of the parent that started it, when that has succeeded; 0 or an errno. */
int ntpipe_leave_stopped(int pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return errno;
    /* It has been killed meanwhile: that is what its exit code tells. */
    if (!WIFSTOPPED(status))
        return 0;
    return ptrace(PTRACE_DETACH, pid, NULL, (void *)(size_t)SIGSTOP) ? errno : 0;
}
