/* The frames at the bottom of a thread that CreateThread starts, and the ways out of one.
 *
 * ExitThread leaves the routine without unwinding it, as on Windows: no destructor of the program runs. Both
 * ends of the jump are here, so it passes no frame of Rust. From a routine that the library called it would:
 * then the thread goes at once, and its stack stays with all that is on it. */
#include <pthread.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a thread runs; filled by ntpipe_thread_begin. */
struct work {
    union {
        uint32_t (*routine)(void *);
        /* One of _beginthread, which gives no exit code. */
        void (*silent)(void *);
    } call;
    void *argument;
    int is_silent;
};

/* The library's part, in processthreadsapi/thread.rs: ntpipe_thread_begin takes what CreateThread left at
 * `start`, ntpipe_thread_ends notes the exit code of the calling thread, ntpipe_thread_leaves_frames says
 * whether the library's frames are below its caller, ntpipe_thread_is_gone tells that it has ended. */
void ntpipe_thread_begin(void *start, struct work *work);
void ntpipe_thread_ends(uint32_t code);
int ntpipe_thread_leaves_frames(void);
void ntpipe_thread_is_gone(void);

int ntpipe_thread_start(void *start, size_t stack);
void ntpipe_thread_stack(void **start, size_t *size);
_Noreturn void ExitThread(uint32_t code);
_Noreturn void _endthreadex(unsigned code);
_Noreturn void _endthread(void);

static __thread jmp_buf *bottom;

static void *run(void *start) {
    struct work work;
    jmp_buf here;
    ntpipe_thread_begin(start, &work);
    bottom = &here;
    if (setjmp(here) == 0) {
        uint32_t code = 0;
        if (work.is_silent)
            work.call.silent(work.argument);
        else
            code = work.call.routine(work.argument);
        ntpipe_thread_ends(code);
    }
    bottom = NULL;
    return NULL;
}

/* Starts a thread that nobody joins; 0, or an errno. */
int ntpipe_thread_start(void *start, size_t stack) {
    pthread_attr_t attributes;
    pthread_t thread;
    int failed = pthread_attr_init(&attributes);
    if (failed)
        return failed;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (stack)
        pthread_attr_setstacksize(&attributes, stack);
    failed = pthread_create(&thread, &attributes, run, start);
    pthread_attr_destroy(&attributes);
    return failed;
}

/* The stack of the calling thread; of size 0 if it cannot be told. */
void ntpipe_thread_stack(void **start, size_t *size) {
    pthread_attr_t attributes;
    *start = NULL;
    *size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes))
        return;
    pthread_attr_getstack(&attributes, start, size);
    pthread_attr_destroy(&attributes);
}

_Noreturn void ExitThread(uint32_t code) {
    ntpipe_thread_ends(code);
    int leaves_frames = ntpipe_thread_leaves_frames();
    if (bottom && !leaves_frames)
        longjmp(*bottom, 1);
    ntpipe_thread_is_gone();
    while (leaves_frames)
        syscall(SYS_exit, 0);
    /* The first thread of the program, or one that it started by other means. */
    pthread_exit(NULL);
}

_Noreturn void _endthreadex(unsigned code) {
    ExitThread(code);
}

_Noreturn void _endthread(void) {
    ExitThread(0);
}
