/* Threads and processes as the C runtime offers them. */
#ifndef NTPIPE_PROCESS_H
#define NTPIPE_PROCESS_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#include <ntpipe/compiler.h>
#include <stdint.h>

#if defined(__has_include) && __SIZEOF_WCHAR_T__ == 2
#if __has_include(<crt/ntpipe_process.h>)
#include <crt/ntpipe_io.h>
#include <crt/ntpipe_process.h>
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

uintptr_t _beginthread(void (*start)(void *), unsigned stack_size, void *argument);
uintptr_t _beginthreadex(void *security, unsigned stack_size, unsigned (*start)(void *), void *argument,
                         unsigned creation_flags, unsigned *thread_id);
void _endthread(void) __attribute__((__noreturn__));
void _endthreadex(unsigned exit_code) __attribute__((__noreturn__));

#ifdef __cplusplus
}
#endif
#endif
