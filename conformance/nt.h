/* The functions of ntdll that the cases use, looked up by name: not every import library has them, and a
 * program that looks them up is how they are mostly used. */
#ifndef CONFORMANCE_NT_H
#define CONFORMANCE_NT_H

#include "harness.h"
#include <winternl.h>

/* What an IO_STATUS_BLOCK holds before a call, so that what is untouched shows. */
#define UNTOUCHED_STATUS 0x55555555

#define LISTEN_CONTROL 0x110008
#define PEEK_CONTROL 0x11400C
#define WAIT_CONTROL 0x110018

#define SYNCHRONOUS_ALERT 0x10
#define SYNCHRONOUS_NONALERT 0x20
#define CREATE_NEW_ONLY 2
#define OPEN_OR_CREATE 3

#define STANDARD_CLASS 5
#define PIPE_LOCAL_CLASS 24

struct peeked {
    ULONG state, available, messages, length;
    char data[64];
};

struct pipe_local {
    ULONG type, configuration, max_instances, instances, in_quota, readable, out_quota, writable, state, end;
};

struct standard {
    LONGLONG allocation, end_of_file;
    ULONG links;
    UCHAR delete_pending, directory;
};

/* One instance of this case's pipe. */
struct creation {
    ULONG share, disposition, options, instances;
};
NTSTATUS nt_create_pipe(HANDLE *pipe, struct creation creation);
/* Opens a name of the object manager. */
NTSTATUS nt_open(HANDLE *handle, const char *name, ULONG options);
NTSTATUS nt_control(HANDLE handle, HANDLE event, IO_STATUS_BLOCK *block, ULONG code, void *in, ULONG in_size,
                    void *out, ULONG out_size);
NTSTATUS nt_query(HANDLE handle, void *information, ULONG size, ULONG class);
NTSTATUS nt_read(HANDLE handle, PIO_APC_ROUTINE routine, IO_STATUS_BLOCK *block, void *data, ULONG size);
/* A block with UNTOUCHED_STATUS in it. */
IO_STATUS_BLOCK nt_block(void);
/* `what -> 0xC0000008`. */
NTSTATUS say_status(const char *what, NTSTATUS status);

#endif
