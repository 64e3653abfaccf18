/* What the system tells through the C library alone. */

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define API __attribute__((visibility("default")))

int64_t ntpipe_zone(int64_t seconds);
void ntpipe_flush_stdout(void);
void ntpipe_flush_all(void);
void ntpipe_ignore_broken_pipes(void);
void DebugBreak(void);

/* How far local time is ahead of the world's at a time since 1970, in seconds. */
int64_t ntpipe_zone(int64_t seconds)
{
    struct tm local;
    time_t time = seconds;
    return localtime_r(&time, &local) ? local.tm_gmtoff : 0;
}

/* What printf has left comes before what goes to the terminal past it: on Windows nothing is left. */
void ntpipe_flush_stdout(void)
{
    fflush(stdout);
}

void ntpipe_flush_all(void)
{
    fflush(NULL);
}

/* To write to a pipe that nobody reads is an error, and does not end the program. */
void ntpipe_ignore_broken_pipes(void)
{
    struct sigaction now;
    if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

/* Without a debugger the program ends, as on Windows. */
API void DebugBreak(void)
{
    raise(SIGTRAP);
}
