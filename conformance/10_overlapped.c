/* Rows 167 to 187: calls with an OVERLAPPED, their results, signals and cancellation. */
#include "harness.h"

#define UNTOUCHED 0xDEAD

/* Everything that a program can see of a call: status, count, event. */
static void say_block(const char *what, const struct async *async)
{
    const OVERLAPPED *overlapped = &async->overlapped;
    char high[32];
    if (overlapped->InternalHigh == UNTOUCHED)
        strcpy(high, "untouched");
    else
        sprintf(high, "%u", (unsigned)overlapped->InternalHigh);
    say("%s: Internal %s, InternalHigh %s, event %s", what, status_of(async), high,
        is_set(overlapped->hEvent) ? "set" : "reset");
}

/* GetOverlappedResult without waiting. */
static void say_poll(const char *what, HANDLE pipe, struct async *async)
{
    DWORD bytes = 99999;
    BOOL ok = GetOverlappedResult(pipe, &async->overlapped, &bytes, FALSE);
    if (!ok && GetLastError() == ERROR_IO_INCOMPLETE)
        say("%s -> failed 996", what);
    else
        say_result(what, ok, GetLastError(), bytes, NULL);
}

/* The same call with no event: the handle itself is what is signaled. */
static struct async *new_async_without_event(void)
{
    struct async *async = new_async();
    CloseHandle(async->overlapped.hEvent);
    async->overlapped.hEvent = NULL;
    return async;
}

static HANDLE duplicate(HANDLE handle)
{
    HANDLE copy = NULL;
    if (!DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &copy, 0, FALSE,
                         DUPLICATE_SAME_ACCESS))
        say("no duplicate, %u", (unsigned)GetLastError());
    return copy;
}

/* A thread that writes after a while. */
static DWORD WINAPI write_later(LPVOID pipe)
{
    DWORD bytes;
    Sleep(A_WHILE);
    WriteFile((HANDLE)pipe, "later", 5, &bytes, NULL);
    return 0;
}

static void end_thread(HANDLE thread)
{
    WaitForSingleObject(thread, PATIENCE);
    CloseHandle(thread);
}

CASE(167, "overlapped__pending__997_and_event_reset")
{
    struct pair pair = pair_sized(BYTES, OVERLAPPED_PIPE, 0, 100, 100);
    struct async *read = new_async(), *write = new_async();
    SetEvent(read->overlapped.hEvent);
    async_read(pair.server, read, 10);
    say_started("ReadFile", read);
    say_block("read", read);
    SetEvent(write->overlapped.hEvent);
    async_write(pair.server, write, "x", 101);
    say_started("WriteFile of more than the quota", write);
    say_block("write", write);
    CancelIo(pair.server);
    say_async("cancelled read", pair.server, read, TRUE);
    say_async("cancelled write", pair.server, write, FALSE);
    close_pair(pair);
    free_async(read);
    free_async(write);
}

CASE(168, "overlapped__complete_at_once__true_and_event_set")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *read = new_async(), *write = new_async();
    say_write("the client writes", pair.client, "hello");
    async_read(pair.server, read, 10);
    say_started("ReadFile", read);
    say_block("read", read);
    async_write(pair.server, write, "answer", 6);
    say_started("WriteFile", write);
    say_block("write", write);
    say_poll("GetOverlappedResult of the read", pair.server, read);
    close_pair(pair);
    free_async(read);
    free_async(write);
}

CASE(169, "overlapped__more_data_at_once__234_and_no_count")
{
    struct pair pair = pair_of(MESSAGES, OVERLAPPED_PIPE, 0);
    struct async *read = new_async();
    say_write("the client writes", pair.client, "a message");
    async_read(pair.server, read, 4);
    say_started("ReadFile of 4", read);
    say("Internal %s, InternalHigh %u, data %s", status_of(read), (unsigned)read->overlapped.InternalHigh,
        quoted(read->data, 4));
    say_poll("GetOverlappedResult", pair.server, read);
    close_pair(pair);
    free_async(read);
}

CASE(170, "overlapped__result_of_a_short_message_read__234_and_the_count")
{
    struct pair pair = pair_of(MESSAGES, OVERLAPPED_PIPE, 0);
    struct async *read = new_async(), *rest = new_async();
    async_read(pair.server, read, 4);
    say_started("ReadFile of 4", read);
    say_write("the client writes", pair.client, "a message");
    say_async("GetOverlappedResult", pair.server, read, TRUE);
    say_block("read", read);
    async_read(pair.server, rest, 100);
    say_started("ReadFile of the rest", rest);
    close_pair(pair);
    free_async(read);
    free_async(rest);
}

CASE(171, "overlapped__failure_at_once__block_left_pending")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *read = new_async();
    shut(pair.client);
    async_read(pair.server, read, 10);
    say_started("ReadFile, client closed", read);
    say("Internal %s, InternalHigh %s", status_of(read),
        read->overlapped.InternalHigh == UNTOUCHED ? "untouched" : "changed");
    free_async(read);
    say_call("DisconnectNamedPipe", DisconnectNamedPipe(pair.server));
    read = new_async();
    async_read(pair.server, read, 10);
    say_started("ReadFile, disconnected", read);
    say("Internal %s, InternalHigh %s", status_of(read),
        read->overlapped.InternalHigh == UNTOUCHED ? "untouched" : "changed");
    shut(pair.server);
    free_async(read);
}

CASE(172, "overlapped__result_without_waiting_while_pending__996")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *read = new_async();
    async_read(pair.server, read, 10);
    say_poll("GetOverlappedResult", pair.server, read);
    say_write("the client writes", pair.client, "now");
    say_async("after the write", pair.server, read, TRUE);
    close_pair(pair);
    free_async(read);
}

static int apcs;

static VOID CALLBACK count_apc(ULONG_PTR added)
{
    apcs += (int)added;
}

CASE(173, "overlapped__result_ex__996_or_258_or_192")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *read = new_async();
    DWORD bytes = 0;
    BOOL ok;
    apcs = 0;
    async_read(pair.server, read, 10);
    QueueUserAPC(count_apc, GetCurrentThread(), 1);
    say_call("0 ms, alertable", GetOverlappedResultEx(pair.server, &read->overlapped, &bytes, 0, TRUE));
    say("APCs run: %d", apcs);
    say_call("20 ms, not alertable",
             GetOverlappedResultEx(pair.server, &read->overlapped, &bytes, 20, FALSE));
    say("APCs run: %d", apcs);
    say_call("alertable", GetOverlappedResultEx(pair.server, &read->overlapped, &bytes, PATIENCE, TRUE));
    say("APCs run: %d", apcs);
    say_call("20 ms, alertable, no APC",
             GetOverlappedResultEx(pair.server, &read->overlapped, &bytes, 20, TRUE));
    say_write("the client writes", pair.client, "now");
    ok = GetOverlappedResultEx(pair.server, &read->overlapped, &bytes, PATIENCE, FALSE);
    say_result("after the write", ok, GetLastError(), bytes, read->data);
    close_pair(pair);
    free_async(read);
}

CASE(174, "overlapped__result_without_an_event__waits_on_the_handle")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *read = new_async_without_event();
    DWORD bytes = 99999;
    HANDLE thread;
    BOOL ok;
    async_read(pair.server, read, 10);
    say_started("ReadFile", read);
    thread = CreateThread(NULL, 0, write_later, pair.client, 0, NULL);
    ok = GetOverlappedResult(pair.server, &read->overlapped, &bytes, TRUE);
    say_result("GetOverlappedResult, waiting", ok, GetLastError(), bytes, read->data);
    end_thread(thread);
    close_pair(pair);
    free(read);
}

static void say_signal(const char *what, HANDLE handle)
{
    say("%s: %s", what, is_set(handle) ? "signaled" : "not signaled");
}

CASE(175, "overlapped__signal_of_the_handle__cleared_by_a_start_and_set_without_event")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *plain = new_async_without_event(), *with_event = new_async();
    say_signal("new", pair.server);
    async_read(pair.server, plain, 10);
    say_signal("read without event pending", pair.server);
    say_write("the client writes", pair.client, "one");
    say_signal("complete", pair.server);
    async_read(pair.server, with_event, 10);
    say_signal("read with event pending", pair.server);
    say_write("the client writes", pair.client, "two");
    say_async("read with event", pair.server, with_event, TRUE);
    say_signal("complete", pair.server);
    async_write(pair.server, plain, "three", 5);
    say_signal("write without event complete", pair.server);
    close_pair(pair);
    free(plain);
    free_async(with_event);
}

CASE(176, "cancel__one_call__995")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *first = new_async(), *second = new_async();
    async_read(pair.server, first, 10);
    async_read(pair.server, second, 10);
    say_call("CancelIoEx of the first", CancelIoEx(pair.server, &first->overlapped));
    say_async("first", pair.server, first, TRUE);
    say_block("first", first);
    say_pending("second", pair.server, second);
    say_write("the client writes", pair.client, "for the second");
    say_async("second", pair.server, second, TRUE);
    close_pair(pair);
    free_async(first);
    free_async(second);
}

CASE(177, "cancel__nothing_to_cancel__1168")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *read = new_async(), *unused = new_async();
    say_call("CancelIoEx, never used", CancelIoEx(pair.server, &unused->overlapped));
    async_read(pair.server, read, 10);
    say_call("CancelIoEx of another one", CancelIoEx(pair.server, &unused->overlapped));
    say_call("CancelIoEx", CancelIoEx(pair.server, &read->overlapped));
    say_async("read", pair.server, read, TRUE);
    say_call("CancelIoEx again", CancelIoEx(pair.server, &read->overlapped));
    close_pair(pair);
    free_async(read);
    free_async(unused);
}

CASE_DOCS(178, "cancel__all_of_nothing__1168")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *read = new_async();
    say_call("CancelIoEx with NULL, nothing pending", CancelIoEx(pair.server, NULL));
    async_read(pair.server, read, 10);
    say_call("CancelIoEx with NULL, one pending", CancelIoEx(pair.server, NULL));
    say_async("read", pair.server, read, TRUE);
    close_pair(pair);
    free_async(read);
}

CASE(179, "cancel__cancel_io_of_nothing__true")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    say_call("CancelIo", CancelIo(pair.server));
    close_pair(pair);
}

CASE(180, "cancel__through_a_duplicate__works")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *read = new_async();
    HANDLE copy = duplicate(pair.server);
    async_read(pair.server, read, 10);
    say_call("CancelIoEx through the duplicate", CancelIoEx(copy, &read->overlapped));
    say_async("read", pair.server, read, TRUE);
    free_async(read);
    read = new_async();
    async_read(pair.server, read, 10);
    say_call("CancelIo through the duplicate", CancelIo(copy));
    say_async("read", pair.server, read, TRUE);
    free_async(read);
    shut(copy);
    close_pair(pair);
}

CASE(181, "overlapped__one_of_two_duplicates_closed__goes_on")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *read = new_async();
    HANDLE copy = duplicate(pair.server);
    async_read(pair.server, read, 10);
    say_call("CloseHandle of the handle that reads", CloseHandle(pair.server));
    say_pending("read", copy, read);
    say_write("the client writes", pair.client, "still");
    say_async("read", copy, read, TRUE);
    free_async(read);
    shut(copy);
    shut(pair.client);
}

CASE(182, "overlapped__last_handle_closed__ends")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *read = new_async();
    async_read(pair.server, read, 10);
    say_call("CloseHandle", CloseHandle(pair.server));
    say("event %s",
        WaitForSingleObject(read->overlapped.hEvent, PATIENCE) == WAIT_OBJECT_0 ? "set" : "reset");
    say("Internal %s", status_of(read));
    say_read("the client reads", pair.client, 10);
    free_async(read);
    shut(pair.client);
}

/* Rows 183 and 184 are with the completion ports. */

CASE(185, "overlapped__peer_closes__109")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *read = new_async();
    async_read(pair.server, read, 10);
    shut(pair.client);
    say_async("read", pair.server, read, TRUE);
    say("Internal %s", status_of(read));
    free_async(read);
    shut(pair.server);
}

CASE(186, "overlapped__handle_without_an_overlapped__call_waits")
{
    struct pair pair = pair_sized(BYTES, OVERLAPPED_PIPE, 0, 100, 100);
    struct work *work = start_read(pair.server, 10);
    say_waiting("ReadFile with NULL", work);
    say_write("the client writes", pair.client, "hello");
    say_end("ReadFile with NULL", work);
    work = start_write(pair.server, "w", 101);
    say_waiting("WriteFile with NULL", work);
    say_read("the client reads", pair.client, 200);
    say_end("WriteFile with NULL", work);
    close_pair(pair);
}

CASE(187, "overlapped__on_a_handle_that_is_not__completes_in_the_call")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    struct async *read = new_async(), *write = new_async();
    HANDLE thread = CreateThread(NULL, 0, write_later, pair.client, 0, NULL);
    async_read(pair.server, read, 10);
    say_started("ReadFile, data comes later", read);
    say_block("read", read);
    say("data %s", quoted(read->data, read->started_bytes));
    end_thread(thread);
    async_write(pair.server, write, "hello", 5);
    say_started("WriteFile", write);
    say_block("write", write);
    close_pair(pair);
    free_async(read);
    free_async(write);
}
