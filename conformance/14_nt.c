/* Rows 225 to 235: the same pipes through ntdll. */
#include "nt.h"

#define SHARED (FILE_SHARE_READ | FILE_SHARE_WRITE)

/* FSCTL_PIPE_LISTEN on a handle that is not overlapped, so that the answer is final. */
static void say_listen(const char *what, HANDLE pipe)
{
    IO_STATUS_BLOCK block = nt_block();
    say_status(what, nt_control(pipe, NULL, &block, LISTEN_CONTROL, NULL, 0, NULL, 0));
}

static void say_nt_peek(const char *what, HANDLE pipe, ULONG data_size)
{
    struct peeked peeked;
    IO_STATUS_BLOCK block = nt_block();
    NTSTATUS status;
    ULONG fixed = (ULONG)((char *)peeked.data - (char *)&peeked);
    memset(&peeked, 0, sizeof(peeked));
    status = nt_control(pipe, NULL, &block, PEEK_CONTROL, NULL, 0, &peeked, fixed + data_size);
    say_status(what, status);
    /* Only an error leaves the buffer as it was: an overflow is a warning. */
    if ((ULONG)status < 0xC0000000)
        say("%s: state %u, %u available, data %s", what, (unsigned)peeked.state, (unsigned)peeked.available,
            quoted(peeked.data, block.Information - fixed));
}

CASE(225, "nt_listen__on_the_client__illegal_function")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    say_listen("FSCTL_PIPE_LISTEN", pair.client);
    close_pair(pair);
}

CASE(226, "nt_listen__connected_or_closing__pipe_connected_or_pipe_closing")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    say_listen("connected", pair.server);
    shut(pair.client);
    say_listen("closing", pair.server);
    shut(pair.server);
}

CASE(227, "nt_peek__by_state_of_the_server__invalid_pipe_state_or_pipe_broken")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES), client;
    say_nt_peek("listening", server, 10);
    client = client_of(READ_WRITE, 0);
    say_nt_peek("connected", server, 10);
    say_write("the client writes", client, "last");
    shut(client);
    say_nt_peek("closing with data", server, 10);
    say_read("the server reads", server, 10);
    say_nt_peek("closing, empty", server, 10);
    say_call("DisconnectNamedPipe", DisconnectNamedPipe(server));
    say_nt_peek("disconnected", server, 10);
    shut(server);
}

CASE(228, "nt_peek__message_longer_than_the_buffer__buffer_overflow")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    say_write("the client writes", pair.client, "a message");
    say_nt_peek("4 bytes", pair.server, 4);
    say_nt_peek("9 bytes", pair.server, 9);
    close_pair(pair);
}

/* Creates an instance of this case's pipe and says the status. NULL when there is none. */
static HANDLE say_creation(const char *what, ULONG share, ULONG disposition, ULONG instances)
{
    struct creation creation;
    HANDLE pipe;
    creation.share = share;
    creation.disposition = disposition;
    creation.options = SYNCHRONOUS_NONALERT;
    creation.instances = instances;
    return say_status(what, nt_create_pipe(&pipe, creation)) < 0 ? NULL : pipe;
}

CASE(229, "nt_create__overwriting_or_not_shared__invalid_parameter")
{
    shut(say_creation("FILE_SUPERSEDE", SHARED, 0, 1));
    shut(say_creation("FILE_OVERWRITE", SHARED, 4, 1));
    shut(say_creation("FILE_OVERWRITE_IF", SHARED, 5, 1));
    shut(say_creation("no sharing", 0, CREATE_NEW_ONLY, 1));
    shut(say_creation("FILE_CREATE, shared", SHARED, CREATE_NEW_ONLY, 1));
    shut(say_creation("FILE_OPEN_IF, shared", SHARED, OPEN_OR_CREATE, 1));
}

CASE(230, "nt_create__new_pipe_whose_name_exists__access_denied_or_not_available")
{
    HANDLE first = say_creation("FILE_CREATE", SHARED, CREATE_NEW_ONLY, 2), second;
    shut(say_creation("FILE_CREATE again", SHARED, CREATE_NEW_ONLY, 2));
    second = say_creation("FILE_OPEN_IF", SHARED, OPEN_OR_CREATE, 2);
    shut(say_creation("FILE_CREATE, all instances taken", SHARED, CREATE_NEW_ONLY, 2));
    shut(second);
    shut(first);
}

static void say_quota(const char *what, HANDLE pipe)
{
    struct pipe_local local;
    NTSTATUS status;
    memset(&local, 0, sizeof(local));
    status = nt_query(pipe, &local, sizeof(local), PIPE_LOCAL_CLASS);
    if (status < 0)
        say_status(what, status);
    else
        say("%s: %u may be written, %u may be read", what, (unsigned)local.writable,
            (unsigned)local.readable);
}

CASE(231, "nt_query__free_quota__what_is_unread_and_what_is_awaited_are_charged")
{
    struct pair pair = pair_sized(BYTES, OVERLAPPED_PIPE, OVERLAPPED_PIPE, 1000, 2000);
    struct async *write = new_async(), *read = new_async();
    say_quota("server, idle", pair.server);
    say_quota("client, idle", pair.client);
    async_write(pair.server, write, "data", 300);
    say_started("the server writes", write);
    say_quota("server, 300 unread", pair.server);
    say_quota("client, 300 unread", pair.client);
    async_read(pair.client, read, 300);
    say_started("the client reads", read);
    say_quota("server, all read", pair.server);
    free_async(read);
    read = new_async();
    async_read(pair.client, read, 200);
    say_started("the client reads", read);
    say_quota("server, client reads 200", pair.server);
    CancelIo(pair.client);
    say_async("cancelled", pair.client, read, TRUE);
    say_quota("server, read cancelled", pair.server);
    close_pair(pair);
    free_async(write);
    free_async(read);
}

static void say_standard(const char *what, HANDLE pipe)
{
    struct standard standard;
    NTSTATUS status;
    memset(&standard, 0, sizeof(standard));
    status = nt_query(pipe, &standard, sizeof(standard), STANDARD_CLASS);
    if (status < 0)
        say_status(what, status);
    else
        say("%s: allocation %u, end %u, links %u, delete pending %u, directory %u", what,
            (unsigned)standard.allocation, (unsigned)standard.end_of_file, (unsigned)standard.links,
            standard.delete_pending, standard.directory);
}

CASE(232, "nt_query__standard_information__quotas_and_readable_bytes")
{
    struct pair pair = pair_sized(BYTES, 0, 0, 1000, 2000);
    say_standard("server, idle", pair.server);
    say_write("the client writes", pair.client, "hello");
    say_standard("server, 5 unread", pair.server);
    say_standard("client, nothing to read", pair.client);
    close_pair(pair);
}

static VOID NTAPI never(PVOID context, PIO_STATUS_BLOCK block, ULONG reserved)
{
    (void)context;
    (void)block;
    (void)reserved;
    say("the routine has run");
}

CASE(233, "nt_read__routine_on_a_handle_bound_to_a_port__invalid_parameter")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    HANDLE port = CreateIoCompletionPort(pair.server, NULL, 1, 0);
    IO_STATUS_BLOCK block = nt_block();
    char data[16];
    say_status("NtReadFile, nothing there", nt_read(pair.server, never, &block, data, sizeof(data)));
    say_write("the client writes", pair.client, "hello");
    say_status("NtReadFile, data there", nt_read(pair.server, never, &block, data, sizeof(data)));
    SleepEx(1, TRUE);
    shut(port);
    close_pair(pair);
}

static void say_wait(const char *what, HANDLE handle)
{
    struct {
        LARGE_INTEGER timeout;
        ULONG name_length;
        BOOLEAN timeout_specified;
        WCHAR name[16];
    } wait;
    static const char name[] = "no-such-pipe";
    IO_STATUS_BLOCK block = nt_block();
    size_t i;
    memset(&wait, 0, sizeof(wait));
    wait.timeout.QuadPart = -10000; /* 1 ms */
    wait.timeout_specified = TRUE;
    wait.name_length = (ULONG)((sizeof(name) - 1) * sizeof(WCHAR));
    for (i = 0; i < sizeof(name) - 1; i++)
        wait.name[i] = (WCHAR)name[i];
    say_status(what, nt_control(handle, NULL, &block, WAIT_CONTROL, &wait, sizeof(wait), NULL, 0));
}

CASE(234, "nt_wait__on_the_device__illegal_function")
{
    HANDLE device, directory;
    say_status("open the device", nt_open(&device, "\\Device\\NamedPipe", SYNCHRONOUS_NONALERT));
    say_wait("FSCTL_PIPE_WAIT on the device", device);
    say_status("open the directory", nt_open(&directory, "\\Device\\NamedPipe\\", SYNCHRONOUS_NONALERT));
    say_wait("FSCTL_PIPE_WAIT on the directory", directory);
    shut(directory);
    shut(device);
}

static int apcs;

static VOID CALLBACK count_apc(ULONG_PTR added)
{
    apcs += (int)added;
}

CASE(235, "nt_listen__alertable_handle_and_apc_queued__cancelled")
{
    struct creation creation;
    HANDLE pipe, event = CreateEventA(NULL, TRUE, FALSE, NULL), client;
    IO_STATUS_BLOCK block = nt_block();
    creation.share = SHARED;
    creation.disposition = CREATE_NEW_ONLY;
    creation.options = SYNCHRONOUS_ALERT;
    creation.instances = 1;
    say_status("NtCreateNamedPipeFile", nt_create_pipe(&pipe, creation));
    apcs = 0;
    QueueUserAPC(count_apc, GetCurrentThread(), 1);
    say_status("FSCTL_PIPE_LISTEN", nt_control(pipe, event, &block, LISTEN_CONTROL, NULL, 0, NULL, 0));
    say("APCs run: %d, event %s", apcs, is_set(event) ? "set" : "reset");
    client = client_of(READ_WRITE, 0);
    say("a client later: block %s, event %s",
        (ULONG)block.Status == UNTOUCHED_STATUS ? "untouched" : "changed", is_set(event) ? "set" : "reset");
    shut(client);
    shut(pipe);
    shut(event);
}
