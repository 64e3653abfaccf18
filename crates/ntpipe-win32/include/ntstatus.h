/* The statuses of the native interface, as far as pipe programs and those around them meet them. */
#ifndef NTPIPE_NTSTATUS_H
#define NTPIPE_NTSTATUS_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#ifndef NTPIPE_NTSTATUS_DEFINED
#define NTPIPE_NTSTATUS_DEFINED
typedef int NTSTATUS, *PNTSTATUS;
#endif

/* Those that winnt.h defines too stay as they are there, unless WIN32_NO_STATUS was defined for it. */
#ifndef STATUS_WAIT_0
#endif
#endif
