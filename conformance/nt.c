/* ntdll's functions, found by name. */
#include "nt.h"

typedef NTSTATUS(NTAPI *create_pipe_call)(HANDLE *, ULONG, OBJECT_ATTRIBUTES *, IO_STATUS_BLOCK *, ULONG,
                                          ULONG, ULONG, ULONG, ULONG, ULONG, ULONG, ULONG, ULONG,
                                          LARGE_INTEGER *);
typedef NTSTATUS(NTAPI *open_call)(HANDLE *, ULONG, OBJECT_ATTRIBUTES *, IO_STATUS_BLOCK *, ULONG, ULONG);
typedef NTSTATUS(NTAPI *control_call)(HANDLE, HANDLE, PIO_APC_ROUTINE, void *, IO_STATUS_BLOCK *, ULONG,
                                      void *, ULONG, void *, ULONG);
typedef NTSTATUS(NTAPI *query_call)(HANDLE, IO_STATUS_BLOCK *, void *, ULONG, int);
typedef NTSTATUS(NTAPI *read_call)(HANDLE, HANDLE, PIO_APC_ROUTINE, void *, IO_STATUS_BLOCK *, void *, ULONG,
                                   LARGE_INTEGER *, ULONG *);

/* The function's address goes into `pointer`, which is of the function's own type. */
static void find(const char *name, void *pointer, size_t size)
{
    FARPROC found = GetProcAddress(GetModuleHandleA("ntdll.dll"), name);
    if (!found) {
        say("ntdll has no %s", name);
        fflush(stdout);
        ExitProcess(4);
    }
    memcpy(pointer, &found, size);
}

/* A name as the object manager takes it. The text lives until the next call. */
static OBJECT_ATTRIBUTES attributes_of(const char *name)
{
    static WCHAR text[300];
    static UNICODE_STRING string;
    OBJECT_ATTRIBUTES attributes;
    size_t i;
    for (i = 0; name[i] && i < 299; i++)
        text[i] = (WCHAR)name[i];
    text[i] = 0;
    string.Buffer = text;
    string.Length = (USHORT)(i * sizeof(WCHAR));
    string.MaximumLength = (USHORT)(string.Length + sizeof(WCHAR));
    memset(&attributes, 0, sizeof(attributes));
    attributes.Length = sizeof(attributes);
    attributes.ObjectName = &string;
    attributes.Attributes = 0x40; /* OBJ_CASE_INSENSITIVE */
    return attributes;
}

NTSTATUS nt_create_pipe(HANDLE *pipe, struct creation creation)
{
    create_pipe_call create;
    char name[300];
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK block = nt_block();
    LARGE_INTEGER timeout;
    timeout.QuadPart = -50000000; /* 5 s */
    find("NtCreateNamedPipeFile", &create, sizeof(create));
    sprintf(name, "\\??\\pipe\\%s", pipe_name() + 9);
    attributes = attributes_of(name);
    *pipe = NULL;
    return create(pipe, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &attributes, &block, creation.share,
                  creation.disposition, creation.options, 0, 0, 0, creation.instances, 100, 100, &timeout);
}

NTSTATUS nt_open(HANDLE *handle, const char *name, ULONG options)
{
    open_call open;
    OBJECT_ATTRIBUTES attributes = attributes_of(name);
    IO_STATUS_BLOCK block = nt_block();
    find("NtOpenFile", &open, sizeof(open));
    *handle = NULL;
    return open(handle, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &attributes, &block,
                FILE_SHARE_READ | FILE_SHARE_WRITE, options);
}

NTSTATUS nt_control(HANDLE handle, HANDLE event, IO_STATUS_BLOCK *block, ULONG code, void *in, ULONG in_size,
                    void *out, ULONG out_size)
{
    control_call control;
    find("NtFsControlFile", &control, sizeof(control));
    return control(handle, event, NULL, NULL, block, code, in, in_size, out, out_size);
}

NTSTATUS nt_query(HANDLE handle, void *information, ULONG size, ULONG class)
{
    query_call query;
    IO_STATUS_BLOCK block = nt_block();
    find("NtQueryInformationFile", &query, sizeof(query));
    return query(handle, &block, information, size, (int)class);
}

NTSTATUS nt_read(HANDLE handle, PIO_APC_ROUTINE routine, IO_STATUS_BLOCK *block, void *data, ULONG size)
{
    read_call read;
    find("NtReadFile", &read, sizeof(read));
    return read(handle, NULL, routine, NULL, block, data, size, NULL, NULL);
}

IO_STATUS_BLOCK nt_block(void)
{
    IO_STATUS_BLOCK block;
    memset(&block, 0, sizeof(block));
    block.Status = UNTOUCHED_STATUS;
    block.Information = UNTOUCHED_STATUS;
    return block;
}

NTSTATUS say_status(const char *what, NTSTATUS status)
{
    say("%s -> 0x%08X", what, (unsigned)status);
    return status;
}
