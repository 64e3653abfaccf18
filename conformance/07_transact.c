/* Rows 126 to 139: TransactNamedPipe and CallNamedPipe. */
#include "harness.h"

static BOOL say_transact(const char *what, HANDLE pipe, const char *text, DWORD size)
{
    char answer[1000];
    DWORD bytes = 0;
    BOOL ok = TransactNamedPipe(pipe, (void *)(ULONG_PTR)text, (DWORD)strlen(text), answer, size, &bytes,
                                NULL);
    say_result(what, ok, GetLastError(), bytes, answer);
    return ok;
}

CASE(126, "transact__bytes_or_byte_read_mode__230")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    say_transact("a byte pipe", pair.client, "ask", 10);
    close_pair(pair);
    pair = pair_of(MESSAGES, 0, 0);
    set_mode(pair.client, PIPE_READMODE_BYTE);
    say_transact("byte-read mode", pair.client, "ask", 10);
    say_peek("the server peeks", pair.server, 10);
    close_pair(pair);
}

CASE(127, "transact__unread_data__pipe_busy_and_nothing_written")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    say_write("the server writes", pair.server, "unread");
    say_transact("the client", pair.client, "ask", 10);
    say_peek("the server peeks", pair.server, 10);
    say_read("the client reads", pair.client, 10);
    close_pair(pair);
}

CASE(128, "transact__reply_longer_than_the_buffer__more_data_and_the_rest_by_read")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    struct work *transact = start_transact(pair.client, "ask", 4);
    say_read("the server reads", pair.server, 100);
    say_waiting("TransactNamedPipe", transact);
    say_write("the server answers", pair.server, "an answer");
    say_end("TransactNamedPipe", transact);
    say_read("the client reads", pair.client, 100);
    close_pair(pair);
}

CASE(129, "transact__request_beyond_the_quota__waits_for_the_reply_only")
{
    struct pair pair = pair_sized(MESSAGES, 0, 0, 10, 10);
    struct work *transact = start_transact(pair.client, "a request of more than ten", 100);
    until_available(pair.server, 26);
    /* The reply comes before the request is read. */
    say_write("the server answers", pair.server, "yes");
    say_end("TransactNamedPipe", transact);
    say_read("the server reads", pair.server, 100);
    close_pair(pair);
}

CASE(130, "transact__from_either_end_and_as_an_answer")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    struct work *transact = start_transact(pair.server, "from the server", 100), *other;
    say_read("the client reads", pair.client, 100);
    say_write("the client answers", pair.client, "good");
    say_end("the server's", transact);
    transact = start_transact(pair.client, "first", 100);
    say_read("the server reads", pair.server, 100);
    other = start_transact(pair.server, "second", 100);
    say_end("the client's", transact);
    say_write("the client answers", pair.client, "third");
    say_end("the server's", other);
    close_pair(pair);
}

CASE(131, "transact__empty_request_or_reply__fine")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    struct work *transact = start_transact(pair.client, "", 100);
    say_read("the server reads", pair.server, 100);
    say_write("the server answers", pair.server, "something");
    say_end("an empty request", transact);
    transact = start_transact(pair.client, "something", 100);
    say_read("the server reads", pair.server, 100);
    say_write("the server answers nothing", pair.server, "");
    say_end("an empty reply", transact);
    close_pair(pair);
}

CASE(132, "transact__cancelled__995_and_the_request_stays")
{
    struct pair pair = pair_of(MESSAGES, 0, FILE_FLAG_OVERLAPPED);
    struct async *transact = new_async();
    transact->started_ok =
        TransactNamedPipe(pair.client, (void *)(ULONG_PTR) "request", 7, transact->data, 100,
                          &transact->started_bytes, &transact->overlapped);
    transact->started_error = GetLastError();
    transact->started_bytes = 0;
    say_started("TransactNamedPipe", transact);
    say_call("CancelIoEx", CancelIoEx(pair.client, &transact->overlapped));
    say_async("TransactNamedPipe", pair.client, transact, TRUE);
    say_read("the server reads", pair.server, 100);
    close_pair(pair);
    free_async(transact);
}

CASE(133, "transact__without_a_connected_peer__230_or_233")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, MESSAGES), client;
    struct pair pair;
    say_transact("listening", server, "ask", 10);
    client = client_of(READ_WRITE, 0);
    set_mode(client, PIPE_READMODE_MESSAGE);
    DisconnectNamedPipe(server);
    say_transact("a disconnected server", server, "ask", 10);
    say_transact("a disconnected client", client, "ask", 10);
    shut(client);
    shut(server);
    pair = pair_of(MESSAGES, 0, 0);
    shut(pair.client);
    say_transact("the client closed", pair.server, "ask", 10);
    shut(pair.server);
    pair = pair_of(MESSAGES, 0, 0);
    shut(pair.server);
    say_transact("the server closed", pair.client, "ask", 10);
    shut(pair.client);
}

CASE(134, "transact__one_way_pipe__access_denied")
{
    HANDLE server = server_of(PIPE_ACCESS_INBOUND, MESSAGES), client = client_of(GENERIC_WRITE, 0);
    say_transact("the client of an inbound pipe", client, "ask", 10);
    say_transact("its server", server, "ask", 10);
    shut(client);
    shut(server);
}

struct call {
    char name[256];
    const char *request;
    DWORD size, wait, bytes, error;
    BOOL ok;
    char answer[100];
};

static DWORD WINAPI run_call(LPVOID argument)
{
    struct call *call = argument;
    call->ok = CallNamedPipeA(call->name, (void *)(ULONG_PTR)call->request, (DWORD)strlen(call->request),
                              call->answer, call->size, &call->bytes, call->wait);
    call->error = GetLastError();
    return 0;
}

static HANDLE start_call(struct call *call, const char *request, DWORD size, DWORD wait)
{
    memset(call, 0, sizeof(*call));
    strcpy(call->name, pipe_name());
    call->request = request;
    call->size = size;
    call->wait = wait;
    return CreateThread(NULL, 0, run_call, call, 0, NULL);
}

static void end_call(const char *what, struct call *call, HANDLE thread)
{
    if (WaitForSingleObject(thread, PATIENCE) != WAIT_OBJECT_0)
        say("%s: does not end", what);
    shut(thread);
    say_result(what, call->ok, call->error, call->bytes, call->answer);
}

/* Until the caller of CallNamedPipe is there; then its request is read. */
static void take_request(HANDLE server)
{
    struct work *connect = start_connect(server);
    end_work(connect);
    say_read("the server reads", server, 100);
}

CASE(135, "call__no_pipe__2")
{
    char answer[10];
    DWORD bytes = 0;
    BOOL ok = CallNamedPipeA(pipe_name(), "ask", 3, answer, sizeof(answer), &bytes, NMPWAIT_NOWAIT);
    say_result("CallNamedPipe", ok, GetLastError(), bytes, answer);
}

CASE(136, "call__answered__is_open_transact_close")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, MESSAGES);
    static struct call call;
    HANDLE thread = start_call(&call, "ask", 100, PATIENCE);
    take_request(server);
    say_write("the server answers", server, "answer");
    end_call("CallNamedPipe", &call, thread);
    say_read("then it is closed: the server reads", server, 100);
    shut(server);
}

CASE(137, "call__reply_longer_than_the_buffer__more_data_and_the_rest_is_lost")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, MESSAGES);
    static struct call call;
    HANDLE thread = start_call(&call, "ask", 4, PATIENCE);
    take_request(server);
    say_write("the server answers", server, "a long answer");
    end_call("CallNamedPipe", &call, thread);
    say_read("then it is closed: the server reads", server, 100);
    shut(server);
}

CASE(138, "call__byte_pipe__87")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES);
    char answer[10];
    DWORD bytes = 0;
    BOOL ok = CallNamedPipeA(pipe_name(), "ask", 3, answer, sizeof(answer), &bytes, NMPWAIT_NOWAIT);
    say_result("CallNamedPipe", ok, GetLastError(), bytes, answer);
    shut(server);
}

CASE(139, "call__busy_until_the_timeout__121")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    char answer[10];
    DWORD bytes = 0;
    ULONGLONG begin = GetTickCount64();
    BOOL ok = CallNamedPipeA(pipe_name(), "ask", 3, answer, sizeof(answer), &bytes, 60);
    say_result("CallNamedPipe", ok, GetLastError(), bytes, answer);
    /* The clock's steps are up to 16 ms. */
    say("%s", GetTickCount64() - begin >= 40 ? "waited" : "returned at once");
    close_pair(pair);
}
