/* Rows 183, 184 and 188 to 195: completion ports, and what is never announced there. */
#include "harness.h"

/* As port_of gives it. */
#define KEY 7

/* A server end bound to a new port, and its client. */
struct bound {
    struct pair pair;
    HANDLE port;
};

static struct bound bound_of(DWORD pipe_mode)
{
    struct bound bound;
    bound.pair = pair_of(pipe_mode, OVERLAPPED_PIPE, 0);
    bound.port = port_of(bound.pair.server);
    return bound;
}

static void close_bound(struct bound bound)
{
    close_pair(bound.pair);
    shut(bound.port);
}

/* Without an event the packet is all that comes. */
static struct async *new_for_port(void)
{
    struct async *async = new_async();
    CloseHandle(async->overlapped.hEvent);
    async->overlapped.hEvent = NULL;
    return async;
}

/* The next packet; `expected` is the OVERLAPPED that it should name, or NULL for any. */
static void say_next_packet(const char *what, HANDLE port, DWORD wait, const struct async *expected)
{
    DWORD bytes = 99999, error;
    ULONG_PTR key = 0;
    LPOVERLAPPED overlapped = NULL;
    BOOL ok = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, wait);
    error = GetLastError();
    if (!ok && !overlapped) {
        say("%s -> failed %u, no packet", what, (unsigned)error);
        return;
    }
    say_result(what, ok, error, bytes, NULL);
    say("%s: key %u, %s OVERLAPPED", what, (unsigned)key,
        !expected ? "an" : overlapped == &expected->overlapped ? "the right" : "another");
}

/* The handle's value comes as an argument; the read is still pending when the process ends. */
ROLE(read_and_exit)
{
    static OVERLAPPED overlapped;
    static char data[16];
    HANDLE pipe = (HANDLE)(ULONG_PTR)strtoull(count > 0 ? arguments[0] : "0", NULL, 10);
    if (ReadFile(pipe, data, sizeof(data), NULL, &overlapped))
        return 1;
    return GetLastError() == ERROR_IO_PENDING ? 42 : (int)GetLastError();
}

CASE(183, "port__process_exits_with_a_read_pending__995")
{
    struct bound bound = bound_of(BYTES);
    char argument[32];
    HANDLE process;
    SetHandleInformation(bound.pair.server, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    sprintf(argument, "%llu", (unsigned long long)(ULONG_PTR)bound.pair.server);
    process = start_role("read_and_exit", argument);
    if (process)
        say("the second process ended with %u", (unsigned)end_of(process));
    say_next_packet("GetQueuedCompletionStatus", bound.port, PATIENCE, NULL);
    close_bound(bound);
}

/* Holds what it inherited until the event, inherited as well, is set. */
ROLE(hold_handles)
{
    HANDLE leave = (HANDLE)(ULONG_PTR)strtoull(count > 0 ? arguments[0] : "0", NULL, 10);
    HANDLE ready = (HANDLE)(ULONG_PTR)strtoull(count > 1 ? arguments[1] : "0", NULL, 10);
    SetEvent(ready);
    return WaitForSingleObject(leave, PATIENCE) == WAIT_OBJECT_0 ? 0 : 1;
}

CASE(184, "port__handle_closed_while_another_process_holds_it__read_cancelled")
{
    struct bound bound = bound_of(BYTES);
    struct async *read = new_for_port();
    SECURITY_ATTRIBUTES inherited = {sizeof(inherited), NULL, TRUE};
    HANDLE leave = CreateEventA(&inherited, TRUE, FALSE, NULL);
    HANDLE ready = CreateEventA(&inherited, TRUE, FALSE, NULL);
    HANDLE process;
    char argument[64];
    SetHandleInformation(bound.pair.server, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    sprintf(argument, "%llu %llu", (unsigned long long)(ULONG_PTR)leave,
            (unsigned long long)(ULONG_PTR)ready);
    process = start_role("hold_handles", argument);
    if (WaitForSingleObject(ready, PATIENCE) != WAIT_OBJECT_0)
        say("the second process does not start");
    async_read(bound.pair.server, read, 10);
    say_started("ReadFile", read);
    say_call("CloseHandle", CloseHandle(bound.pair.server));
    say_next_packet("GetQueuedCompletionStatus", bound.port, 2000, read);
    SetEvent(leave);
    if (process)
        say("the second process ended with %u", (unsigned)end_of(process));
    shut(leave);
    shut(ready);
    shut(bound.pair.client);
    shut(bound.port);
    free(read);
}

CASE(188, "port__handle_not_overlapped_or_bound_already__87")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    HANDLE port, other;
    say_handle("handle that is not overlapped", CreateIoCompletionPort(pair.client, NULL, KEY, 0));
    port = say_handle("overlapped handle", CreateIoCompletionPort(pair.server, NULL, KEY, 0));
    say_handle("the same again", CreateIoCompletionPort(pair.server, port, KEY, 0));
    other = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    say_handle("the same, another port", CreateIoCompletionPort(pair.server, other, KEY, 0));
    shut(other);
    shut(port);
    close_pair(pair);
}

CASE(189, "port__success_at_once__packet_too")
{
    struct bound bound = bound_of(BYTES);
    struct async *read = new_for_port(), *write = new_for_port();
    say_write("the client writes", bound.pair.client, "hello");
    async_read(bound.pair.server, read, 10);
    say_started("ReadFile", read);
    say_next_packet("packet of the read", bound.port, PATIENCE, read);
    async_write(bound.pair.server, write, "answer", 6);
    say_started("WriteFile", write);
    say_next_packet("packet of the write", bound.port, PATIENCE, write);
    close_bound(bound);
    free(read);
    free(write);
}

CASE(190, "port__more_data_at_once__packet_with_234")
{
    struct bound bound = bound_of(MESSAGES);
    struct async *read = new_for_port();
    say_write("the client writes", bound.pair.client, "a message");
    async_read(bound.pair.server, read, 4);
    say_started("ReadFile of 4", read);
    say_next_packet("packet", bound.port, PATIENCE, read);
    close_bound(bound);
    free(read);
}

CASE(191, "port__error_at_once__no_packet")
{
    struct bound bound = bound_of(BYTES);
    struct async *read = new_for_port();
    shut(bound.pair.client);
    async_read(bound.pair.server, read, 10);
    say_started("ReadFile", read);
    say_next_packet("GetQueuedCompletionStatus", bound.port, A_WHILE, read);
    shut(bound.pair.server);
    shut(bound.port);
    free(read);
}

CASE(192, "port__event_with_its_low_bit_set__no_packet")
{
    struct bound bound = bound_of(BYTES);
    struct async *read = new_async();
    HANDLE event = read->overlapped.hEvent;
    read->overlapped.hEvent = (HANDLE)((ULONG_PTR)event | 1);
    async_read(bound.pair.server, read, 10);
    say_started("ReadFile", read);
    say_write("the client writes", bound.pair.client, "hello");
    say("event %s", WaitForSingleObject(event, PATIENCE) == WAIT_OBJECT_0 ? "set" : "reset");
    say_next_packet("GetQueuedCompletionStatus", bound.port, A_WHILE, read);
    ResetEvent(event);
    say_write("the client writes", bound.pair.client, "again");
    async_read(bound.pair.server, read, 10);
    say_started("ReadFile", read);
    say("event %s", is_set(event) ? "set" : "reset");
    say_next_packet("GetQueuedCompletionStatus", bound.port, A_WHILE, read);
    read->overlapped.hEvent = event;
    close_bound(bound);
    free_async(read);
}

CASE(193, "port__skip_on_success__no_packet_for_what_is_complete_at_once")
{
    struct bound bound = bound_of(MESSAGES);
    struct async *read = new_for_port();
    say_call("SetFileCompletionNotificationModes",
             SetFileCompletionNotificationModes(bound.pair.server, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS));
    say_write("the client writes", bound.pair.client, "hello");
    async_read(bound.pair.server, read, 10);
    say_started("ReadFile, data there", read);
    say_next_packet("GetQueuedCompletionStatus", bound.port, A_WHILE, read);
    async_read(bound.pair.server, read, 10);
    say_started("ReadFile, nothing there", read);
    say_write("the client writes", bound.pair.client, "later");
    say_next_packet("packet", bound.port, PATIENCE, read);
    close_bound(bound);
    free(read);
}

CASE(194, "port__skip_set_event__handle_is_never_signaled")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *read = new_for_port();
    DWORD bytes = 0;
    BOOL ok;
    say_call("SetFileCompletionNotificationModes",
             SetFileCompletionNotificationModes(pair.server, FILE_SKIP_SET_EVENT_ON_HANDLE));
    async_read(pair.server, read, 10);
    say_started("ReadFile", read);
    say_write("the client writes", pair.client, "hello");
    ok = GetOverlappedResult(pair.server, &read->overlapped, &bytes, FALSE);
    say_result("GetOverlappedResult", ok, GetLastError(), bytes, read->data);
    say("the handle: %s", is_set(pair.server) ? "signaled" : "not signaled");
    close_pair(pair);
    free(read);
}

CASE(195, "port__read_cancelled_or_peer_closed__packet_with_the_error")
{
    struct bound bound = bound_of(BYTES);
    struct async *read = new_for_port();
    async_read(bound.pair.server, read, 10);
    say_call("CancelIoEx", CancelIoEx(bound.pair.server, &read->overlapped));
    say_next_packet("cancelled", bound.port, PATIENCE, read);
    async_read(bound.pair.server, read, 10);
    shut(bound.pair.client);
    say_next_packet("client closed", bound.port, PATIENCE, read);
    shut(bound.pair.server);
    shut(bound.port);
    free(read);
}
