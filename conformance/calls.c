/* The calls that the cases have in common: pipes and pairs, blocking calls in threads, overlapped calls. */
#include "harness.h"

static BOOL usable(HANDLE handle)
{
    return handle != NULL && handle != INVALID_HANDLE_VALUE;
}

/* --- Pipes --- */

const char *other_name(const char *suffix)
{
    static char name[512];
    sprintf(name, "%s%s", pipe_name(), suffix);
    return name;
}

HANDLE server_sized(DWORD open_mode, DWORD pipe_mode, DWORD out, DWORD in)
{
    return CreateNamedPipeA(pipe_name(), open_mode, pipe_mode, PIPE_UNLIMITED_INSTANCES, out, in, 5000, NULL);
}

HANDLE server_of(DWORD open_mode, DWORD pipe_mode)
{
    return server_sized(open_mode, pipe_mode, 4096, 4096);
}

HANDLE open_name(const char *name, DWORD access, DWORD flags)
{
    return CreateFileA(name, access, 0, NULL, OPEN_EXISTING, flags, NULL);
}

HANDLE client_of(DWORD access, DWORD flags)
{
    return open_name(pipe_name(), access, flags);
}

struct pair pair_sized(DWORD pipe_mode, DWORD server_flags, DWORD client_flags, DWORD out, DWORD in)
{
    struct pair pair;
    pair.server = server_sized(PIPE_ACCESS_DUPLEX | server_flags, pipe_mode, out, in);
    pair.client = client_of(READ_WRITE, client_flags);
    if (!usable(pair.server) || !usable(pair.client))
        say("no connected pair, %u", (unsigned)GetLastError());
    if ((pipe_mode & PIPE_READMODE_MESSAGE) && !set_mode(pair.client, PIPE_READMODE_MESSAGE))
        say("no message-read mode, %u", (unsigned)GetLastError());
    return pair;
}

struct pair pair_of(DWORD pipe_mode, DWORD server_flags, DWORD client_flags)
{
    return pair_sized(pipe_mode, server_flags, client_flags, 4096, 4096);
}

void close_pair(struct pair pair)
{
    shut(pair.client);
    shut(pair.server);
}

BOOL set_mode(HANDLE pipe, DWORD mode)
{
    return SetNamedPipeHandleState(pipe, &mode, NULL, NULL);
}

void shut(HANDLE handle)
{
    if (usable(handle) && !CloseHandle(handle))
        say("a handle cannot be closed, %u", (unsigned)GetLastError());
}

BOOL say_read(const char *what, HANDLE pipe, DWORD size)
{
    static char data[70000];
    DWORD bytes = 99999;
    BOOL ok = ReadFile(pipe, data, size, &bytes, NULL);
    say_result(what, ok, GetLastError(), bytes, data);
    return ok;
}

BOOL say_write(const char *what, HANDLE pipe, const char *text)
{
    DWORD bytes = 99999;
    BOOL ok = WriteFile(pipe, text, (DWORD)strlen(text), &bytes, NULL);
    say_result(what, ok, GetLastError(), bytes, NULL);
    return ok;
}

BOOL say_write_size(const char *what, HANDLE pipe, DWORD size)
{
    static char data[70000];
    DWORD bytes = 99999;
    BOOL ok;
    memset(data, 'w', sizeof(data));
    ok = WriteFile(pipe, data, size, &bytes, NULL);
    say_result(what, ok, GetLastError(), bytes, NULL);
    return ok;
}

BOOL say_peek(const char *what, HANDLE pipe, DWORD size)
{
    static char data[70000];
    DWORD copied = 7777, available = 7777, left = 7777;
    BOOL ok = PeekNamedPipe(pipe, data, size, &copied, &available, &left);
    if (!ok && copied == 7777 && available == 7777 && left == 7777)
        say("%s -> failed %u, outputs untouched", what, (unsigned)GetLastError());
    else if (!ok)
        say("%s -> failed %u, %u avail %u left %u", what, (unsigned)GetLastError(), (unsigned)copied,
            (unsigned)available, (unsigned)left);
    else
        say("%s -> ok %s avail %u left %d", what, quoted(data, copied), (unsigned)available, (int)left);
    return ok;
}

DWORD access_of(HANDLE handle)
{
    typedef LONG(WINAPI * query)(HANDLE, void *, void *, ULONG, int);
    struct {
        union {
            LONG status;
            void *pointer;
        } u;
        ULONG_PTR information;
    } block;
    union {
        FARPROC found;
        query call;
    } function;
    DWORD access = 0;
    function.found = GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtQueryInformationFile");
    /* 8 is FileAccessInformation. */
    if (!function.found || function.call(handle, &block, &access, sizeof(access), 8) < 0)
        say("no access information");
    return access;
}

/* --- Blocking calls in threads --- */

enum call { CALL_READ, CALL_WRITE, CALL_CONNECT, CALL_FLUSH, CALL_WAIT, CALL_TRANSACT };

struct work {
    enum call call;
    HANDLE thread, entered, pipe;
    char name[512];
    DWORD size, bytes, error;
    BOOL ok;
    char *data, *answer;
};

static DWORD WINAPI run_work(LPVOID argument)
{
    struct work *work = argument;
    SetEvent(work->entered);
    switch (work->call) {
    case CALL_READ:
        work->ok = ReadFile(work->pipe, work->data, work->size, &work->bytes, NULL);
        break;
    case CALL_WRITE:
        work->ok = WriteFile(work->pipe, work->data, work->size, &work->bytes, NULL);
        break;
    case CALL_CONNECT:
        work->ok = ConnectNamedPipe(work->pipe, NULL);
        break;
    case CALL_FLUSH:
        work->ok = FlushFileBuffers(work->pipe);
        break;
    case CALL_WAIT:
        work->ok = WaitNamedPipeA(work->name, work->size);
        break;
    case CALL_TRANSACT:
        work->ok = TransactNamedPipe(work->pipe, work->name, (DWORD)strlen(work->name), work->answer,
                                     work->size, &work->bytes, NULL);
        break;
    }
    work->error = GetLastError();
    return 0;
}

static struct work *new_work(enum call call, HANDLE pipe, DWORD size)
{
    struct work *work = calloc(1, sizeof(*work));
    work->call = call;
    work->pipe = pipe;
    work->size = size;
    work->data = calloc(1, size + 1);
    work->answer = calloc(1, size + 1);
    return work;
}

static struct work *start_work(struct work *work)
{
    work->entered = CreateEventA(NULL, TRUE, FALSE, NULL);
    work->thread = CreateThread(NULL, 0, run_work, work, 0, NULL);
    WaitForSingleObject(work->entered, PATIENCE);
    return work;
}

static void fill(char *data, const char *text, DWORD size)
{
    size_t length = strlen(text);
    DWORD i;
    for (i = 0; i < size; i++)
        data[i] = text[i % length];
}

struct work *start_read(HANDLE pipe, DWORD size)
{
    return start_work(new_work(CALL_READ, pipe, size));
}

struct work *start_write(HANDLE pipe, const char *text, DWORD size)
{
    struct work *work = new_work(CALL_WRITE, pipe, size);
    fill(work->data, text, size);
    return start_work(work);
}

struct work *start_connect(HANDLE pipe)
{
    return start_work(new_work(CALL_CONNECT, pipe, 0));
}

struct work *start_flush(HANDLE pipe)
{
    return start_work(new_work(CALL_FLUSH, pipe, 0));
}

struct work *start_wait(const char *name, DWORD milliseconds)
{
    struct work *work = calloc(1, sizeof(*work));
    work->call = CALL_WAIT;
    work->size = milliseconds;
    strcpy(work->name, name);
    return start_work(work);
}

struct work *start_transact(HANDLE pipe, const char *text, DWORD size)
{
    struct work *work = new_work(CALL_TRANSACT, pipe, size);
    strcpy(work->name, text);
    return start_work(work);
}

HANDLE work_thread(const struct work *work)
{
    return work->thread;
}

BOOL say_waiting(const char *what, struct work *work)
{
    BOOL waiting = WaitForSingleObject(work->thread, A_WHILE) == WAIT_TIMEOUT;
    say("%s: %s", what, waiting ? "still waiting" : "has returned");
    return waiting;
}

static BOOL ended(const char *what, struct work *work)
{
    if (WaitForSingleObject(work->thread, PATIENCE) == WAIT_OBJECT_0)
        return TRUE;
    /* The thread still uses the memory, so it is left. */
    say("%s: does not end", what);
    return FALSE;
}

static BOOL free_work(struct work *work)
{
    BOOL ok = work->ok;
    CloseHandle(work->thread);
    CloseHandle(work->entered);
    free(work->data);
    free(work->answer);
    free(work);
    return ok;
}

BOOL say_end(const char *what, struct work *work)
{
    if (!ended(what, work))
        return FALSE;
    SetLastError(work->error);
    if (work->call == CALL_READ)
        say_result(what, work->ok, work->error, work->bytes, work->data);
    else if (work->call == CALL_WRITE)
        say_result(what, work->ok, work->error, work->bytes, NULL);
    else if (work->call == CALL_TRANSACT)
        say_result(what, work->ok, work->error, work->bytes, work->answer);
    else
        say_call(what, work->ok);
    return free_work(work);
}

BOOL end_work(struct work *work)
{
    return ended("a call in a thread", work) && free_work(work);
}

/* --- Overlapped calls --- */

struct async *new_async(void)
{
    struct async *async = calloc(1, sizeof(*async));
    async->overlapped.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    async->overlapped.Internal = 0xDEAD;
    async->overlapped.InternalHigh = 0xDEAD;
    return async;
}

void free_async(struct async *async)
{
    CloseHandle(async->overlapped.hEvent);
    free(async);
}

static BOOL started(struct async *async, BOOL ok)
{
    async->started_ok = ok;
    async->started_error = ok ? 0 : GetLastError();
    return ok;
}

BOOL async_read(HANDLE pipe, struct async *async, DWORD size)
{
    async->size = size;
    async->started_bytes = 99999;
    return started(async, ReadFile(pipe, async->data, size, &async->started_bytes, &async->overlapped));
}

BOOL async_write(HANDLE pipe, struct async *async, const char *text, DWORD size)
{
    async->size = size;
    async->started_bytes = 99999;
    fill(async->data, text, size);
    return started(async, WriteFile(pipe, async->data, size, &async->started_bytes, &async->overlapped));
}

BOOL async_connect(HANDLE pipe, struct async *async)
{
    async->started_bytes = 0;
    return started(async, ConnectNamedPipe(pipe, &async->overlapped));
}

void say_started(const char *what, const struct async *async)
{
    if (async->started_ok)
        say("%s -> ok %u", what, (unsigned)async->started_bytes);
    else
        say("%s -> failed %u, %u", what, (unsigned)async->started_error, (unsigned)async->started_bytes);
}

BOOL say_pending(const char *what, HANDLE pipe, struct async *async)
{
    DWORD bytes = 0;
    BOOL pending = !GetOverlappedResult(pipe, &async->overlapped, &bytes, FALSE) &&
                   GetLastError() == ERROR_IO_INCOMPLETE;
    say("%s: %s", what, pending ? "still pending" : "complete");
    return pending;
}

BOOL say_async(const char *what, HANDLE pipe, struct async *async, BOOL is_read)
{
    DWORD bytes = 99999;
    BOOL ok;
    if (WaitForSingleObject(async->overlapped.hEvent, PATIENCE) != WAIT_OBJECT_0) {
        say("%s: does not end", what);
        return FALSE;
    }
    ok = GetOverlappedResult(pipe, &async->overlapped, &bytes, FALSE);
    say_result(what, ok, GetLastError(), bytes, is_read ? async->data : NULL);
    return ok;
}

const char *status_of(const struct async *async)
{
    static char text[32];
    if (async->overlapped.Internal == 0x103)
        return "pending";
    sprintf(text, "0x%08X", (unsigned)async->overlapped.Internal);
    return text;
}

BOOL is_set(HANDLE event)
{
    return WaitForSingleObject(event, 0) == WAIT_OBJECT_0;
}

BOOL say_soon(const char *what, HANDLE pipe, struct async *async, BOOL is_read)
{
    if (WaitForSingleObject(async->overlapped.hEvent, A_WHILE) == WAIT_OBJECT_0)
        return say_async(what, pipe, async, is_read);
    say("%s: still pending", what);
    return FALSE;
}

HANDLE port_of(HANDLE pipe)
{
    return CreateIoCompletionPort(pipe, NULL, 7, 0);
}

void say_packet(HANDLE port, DWORD milliseconds)
{
    DWORD bytes = 0;
    ULONG_PTR key = 0;
    LPOVERLAPPED overlapped = NULL;
    BOOL ok = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, milliseconds);
    DWORD error = GetLastError();
    if (!ok && !overlapped)
        say("no packet, %u", (unsigned)error);
    else
        say_result(key == 7 ? "packet" : "packet of another key", ok, error, bytes, NULL);
}

BOOL until_available(HANDLE pipe, DWORD bytes)
{
    int turn;
    DWORD available = 0;
    for (turn = 0; turn < PATIENCE; turn++) {
        if (!PeekNamedPipe(pipe, NULL, 0, NULL, &available, NULL))
            break;
        if (available == bytes)
            return TRUE;
        Sleep(1);
    }
    say("%u bytes available and never %u", (unsigned)available, (unsigned)bytes);
    return FALSE;
}
