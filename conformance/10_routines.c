/* Rows 196 to 200: completion routines, and CancelSynchronousIo. */
#include "harness.h"

/* What the routine was told; the file has one call at a time. */
static int runs;
static DWORD run_error, run_bytes, run_thread;
static LPOVERLAPPED run_overlapped;

static VOID CALLBACK routine(DWORD error, DWORD bytes, LPOVERLAPPED overlapped)
{
    runs++;
    run_error = error;
    run_bytes = bytes;
    run_overlapped = overlapped;
    run_thread = GetCurrentThreadId();
}

static void say_runs(const char *what, const struct async *async)
{
    if (runs == 0)
        say("%s: not run", what);
    else
        say("%s: run %d times, error %u, %u bytes, %s OVERLAPPED, %s thread", what, runs, (unsigned)run_error,
            (unsigned)run_bytes, run_overlapped == &async->overlapped ? "the right" : "another",
            run_thread == GetCurrentThreadId() ? "this" : "another");
}

static BOOL read_ex(HANDLE pipe, struct async *async, DWORD size)
{
    runs = 0;
    SetLastError(0);
    return ReadFileEx(pipe, async->data, size, &async->overlapped, routine);
}

static DWORD WINAPI sleep_alertable(LPVOID unused)
{
    (void)unused;
    return SleepEx(A_WHILE, TRUE);
}

CASE(196, "routine__runs_in_an_alertable_wait_of_its_thread_only")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *async = new_async();
    HANDLE thread;
    DWORD result = 0;
    say_write("the client writes", pair.client, "hello");
    say_call("ReadFileEx, data there", read_ex(pair.server, async, 10));
    say_runs("in the call", async);
    Sleep(A_WHILE);
    say_runs("Sleep", async);
    SleepEx(1, FALSE);
    say_runs("SleepEx, not alertable", async);
    thread = CreateThread(NULL, 0, sleep_alertable, NULL, 0, NULL);
    WaitForSingleObject(thread, PATIENCE);
    GetExitCodeThread(thread, &result);
    CloseHandle(thread);
    say("SleepEx in another thread -> %u", (unsigned)result);
    say_runs("SleepEx in another thread", async);
    say("SleepEx, alertable -> %u", (unsigned)SleepEx(PATIENCE, TRUE));
    say_runs("SleepEx, alertable", async);
    say("SleepEx once more -> %u", (unsigned)SleepEx(1, TRUE));

    say_call("ReadFileEx, nothing there", read_ex(pair.server, async, 10));
    say_write("the client writes", pair.client, "later");
    say_runs("after the write", async);
    result = WaitForSingleObjectEx(GetCurrentProcess(), PATIENCE, TRUE);
    say("WaitForSingleObjectEx -> %u", (unsigned)result);
    say_runs("WaitForSingleObjectEx", async);

    runs = 0;
    say_call("WriteFileEx", WriteFileEx(pair.server, "answer", 6, &async->overlapped, routine));
    say_runs("in the call", async);
    say("SleepEx, alertable -> %u", (unsigned)SleepEx(PATIENCE, TRUE));
    say_runs("SleepEx, alertable", async);
    close_pair(pair);
    free_async(async);
}

CASE(197, "routine__on_a_handle_bound_to_a_port__87")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *async = new_async();
    HANDLE port = CreateIoCompletionPort(pair.server, NULL, 1, 0);
    say_call("ReadFileEx", read_ex(pair.server, async, 10));
    say_call("WriteFileEx", WriteFileEx(pair.server, "text", 4, &async->overlapped, routine));
    say("SleepEx -> %u", (unsigned)SleepEx(1, TRUE));
    say_runs("routine", async);
    shut(port);
    close_pair(pair);
    free_async(async);
}

CASE(198, "routine__cancelled_or_peer_closes__told_the_error")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *async = new_async();
    say_call("ReadFileEx", read_ex(pair.server, async, 10));
    say_call("CancelIo", CancelIo(pair.server));
    say("SleepEx -> %u", (unsigned)SleepEx(PATIENCE, TRUE));
    say_runs("cancelled", async);
    say_call("ReadFileEx", read_ex(pair.server, async, 10));
    shut(pair.client);
    say("SleepEx -> %u", (unsigned)SleepEx(PATIENCE, TRUE));
    say_runs("client closed", async);
    shut(pair.server);
    free_async(async);
}

CASE(199, "routine__pipe_broken_already__109_and_never_run")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct async *async = new_async();
    shut(pair.client);
    say_call("ReadFileEx", read_ex(pair.server, async, 10));
    say("SleepEx -> %u", (unsigned)SleepEx(A_WHILE, TRUE));
    say_runs("routine", async);
    shut(pair.server);
    free_async(async);
}

static DWORD WINAPI wait_for_event(LPVOID event)
{
    return WaitForSingleObject((HANDLE)event, PATIENCE);
}

struct reader {
    HANDLE pipe, started, leave;
    struct async *async;
};

static DWORD WINAPI read_and_wait(LPVOID argument)
{
    struct reader *reader = argument;
    async_read(reader->pipe, reader->async, 10);
    SetEvent(reader->started);
    return WaitForSingleObject(reader->leave, PATIENCE);
}

CASE(200, "cancel_synchronous__bad_handle_or_nothing_blocked__6_or_1168")
{
    struct pair pair = pair_of(BYTES, OVERLAPPED_PIPE, 0);
    struct reader reader;
    HANDLE thread;
    reader.pipe = pair.server;
    reader.started = CreateEventA(NULL, TRUE, FALSE, NULL);
    reader.leave = CreateEventA(NULL, TRUE, FALSE, NULL);
    reader.async = new_async();
    say_call("bad handle", CancelSynchronousIo((HANDLE)(ULONG_PTR)0xDEADBEE0));
    thread = CreateThread(NULL, 0, wait_for_event, reader.leave, 0, NULL);
    say_call("nothing blocked", CancelSynchronousIo(thread));
    SetEvent(reader.leave);
    WaitForSingleObject(thread, PATIENCE);
    shut(thread);
    ResetEvent(reader.leave);
    thread = CreateThread(NULL, 0, read_and_wait, &reader, 0, NULL);
    WaitForSingleObject(reader.started, PATIENCE);
    say_started("ReadFile in the thread", reader.async);
    say_call("an overlapped call pending", CancelSynchronousIo(thread));
    say_pending("the read", pair.server, reader.async);
    SetEvent(reader.leave);
    WaitForSingleObject(thread, PATIENCE);
    shut(thread);
    shut(reader.started);
    shut(reader.leave);
    close_pair(pair);
    free_async(reader.async);
}
