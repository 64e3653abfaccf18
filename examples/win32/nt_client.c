/*
 * The client one level deeper: opens the pipe with NtCreateFile, writes with NtWriteFile, looks with
 * FSCTL_PIPE_PEEK at what has come, and reads it with NtReadFile. (mingw: link with -lntdll.)
 *
 * nt_client COUNT [NAME]      NAME without the \\.\pipe\
 */
#include <windows.h>
#include <winternl.h>
#include <winioctl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef FSCTL_PIPE_PEEK
#define FSCTL_PIPE_PEEK CTL_CODE(FILE_DEVICE_NAMED_PIPE, 3, METHOD_BUFFERED, FILE_READ_DATA)
#endif

/* What FSCTL_PIPE_PEEK answers. */
typedef struct {
    ULONG NamedPipeState;
    ULONG ReadDataAvailable;
    ULONG NumberOfMessages;
    ULONG MessageLength;
    CHAR Data[64];
} PEEKED;

NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                          PLARGE_INTEGER, PULONG);
NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                           PLARGE_INTEGER, PULONG);
NTSTATUS NTAPI NtFsControlFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, ULONG, PVOID, ULONG,
                               PVOID, ULONG);

static NTSTATUS open_pipe(const char *name, HANDLE *pipe)
{
    WCHAR path[MAX_PATH];
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK iosb;
    NTSTATUS status;
    int i;

    lstrcpyW(path, L"\\??\\pipe\\");
    if (MultiByteToWideChar(CP_ACP, 0, name, -1, path + lstrlenW(path), MAX_PATH - 16) == 0)
        return (NTSTATUS)0xC0000033;
    RtlInitUnicodeString(&string, path);
    InitializeObjectAttributes(&attributes, &string, OBJ_CASE_INSENSITIVE, NULL, NULL);
    for (i = 0; i < 500; i++) {
        status = NtCreateFile(pipe, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &attributes, &iosb, NULL,
                              FILE_ATTRIBUTE_NORMAL, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN,
                              FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
        if (NT_SUCCESS(status))
            break;
        Sleep(20);
    }
    return status;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1;
    const char *name = argc > 2 ? argv[2] : "example";
    IO_STATUS_BLOCK iosb;
    NTSTATUS status;
    HANDLE pipe;
    int i;

    status = open_pipe(name, &pipe);
    if (!NT_SUCCESS(status)) {
        printf("NtCreateFile: %08lX\n", (unsigned long)(ULONG)status);
        return 1;
    }
    for (i = 1; i <= count; i++) {
        char text[64], reply[64];
        PEEKED peeked;

        sprintf(text, "native %d", i);
        status = NtWriteFile(pipe, NULL, NULL, NULL, &iosb, text, (ULONG)strlen(text), NULL, NULL);
        printf("write: %08lX, %lu bytes\n", (unsigned long)(ULONG)status, (unsigned long)iosb.Information);

        do {
            memset(&peeked, 0, sizeof(peeked));
            status = NtFsControlFile(pipe, NULL, NULL, NULL, &iosb, FSCTL_PIPE_PEEK, NULL, 0, &peeked,
                                     sizeof(peeked));
            Sleep(1);
        } while (NT_SUCCESS(status) && peeked.ReadDataAvailable == 0);
        printf("peek: %08lX, state %lu, %lu available, \"%.*s\"\n", (unsigned long)(ULONG)status,
               (unsigned long)peeked.NamedPipeState, (unsigned long)peeked.ReadDataAvailable,
               (int)(iosb.Information - offsetof(PEEKED, Data)), peeked.Data);

        status = NtReadFile(pipe, NULL, NULL, NULL, &iosb, reply, sizeof(reply), NULL, NULL);
        printf("read: %08lX, %lu bytes\n", (unsigned long)(ULONG)status, (unsigned long)iosb.Information);
        if (!NT_SUCCESS(status))
            return 1;
    }
    printf("close: %08lX\n", (unsigned long)(ULONG)NtClose(pipe));
    return 0;
}
