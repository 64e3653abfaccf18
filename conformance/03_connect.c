/* Rows 43 to 60: ConnectNamedPipe. */
#include "harness.h"

CASE(43, "connect__client_comes_later__ok")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES), client;
    struct work *connect = start_connect(server);
    say_waiting("ConnectNamedPipe", connect);
    client = say_handle("CreateFile", client_of(READ_WRITE, 0));
    say_end("ConnectNamedPipe", connect);
    shut(client);
    shut(server);
}

CASE(44, "connect__client_is_already_there__pipe_connected")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES);
    HANDLE client = client_of(READ_WRITE, 0);
    say_call("ConnectNamedPipe", ConnectNamedPipe(server, NULL));
    say_write("the client writes", client, "good");
    say_read("the server reads", server, 10);
    shut(client);
    shut(server);
}

CASE(45, "connect__overlapped_and_client_is_already_there__pipe_connected_and_nothing_completes")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, BYTES);
    HANDLE client = client_of(READ_WRITE, 0), port;
    struct async *connect = new_async();
    SetEvent(connect->overlapped.hEvent);
    async_connect(server, connect);
    say_started("ConnectNamedPipe", connect);
    say("Internal %s", status_of(connect));
    say("event %s", is_set(connect->overlapped.hEvent) ? "set" : "reset");
    port = port_of(server);
    async_connect(server, connect);
    say_started("ConnectNamedPipe with a port", connect);
    say_packet(port, A_WHILE);
    shut(port);
    shut(client);
    shut(server);
    free_async(connect);
}

CASE(46, "connect__overlapped_and_nobody_there__pending")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, BYTES);
    struct async *connect = new_async();
    SetEvent(connect->overlapped.hEvent);
    async_connect(server, connect);
    say_started("ConnectNamedPipe", connect);
    say("Internal %s", status_of(connect));
    say("event %s", is_set(connect->overlapped.hEvent) ? "set" : "reset");
    CancelIo(server);
    say_async("cancelled", server, connect, FALSE);
    shut(server);
    free_async(connect);
}

CASE(47, "connect__overlapped_then_a_client_opens__completes_at_once")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, BYTES), client;
    struct async *connect = new_async();
    async_connect(server, connect);
    say_started("ConnectNamedPipe", connect);
    client = say_handle("CreateFile", client_of(READ_WRITE, 0));
    say_async("ConnectNamedPipe", server, connect, FALSE);
    say("Internal %s", status_of(connect));
    shut(client);
    shut(server);
    free_async(connect);
}

CASE(48, "connect__client_gone_and_not_disconnected__no_data")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES);
    shut(client_of(READ_WRITE, 0));
    say_call("ConnectNamedPipe", ConnectNamedPipe(server, NULL));
    say_call("once more", ConnectNamedPipe(server, NULL));
    shut(server);
}

CASE(49, "connect__on_a_client__invalid_function")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    say_call("ConnectNamedPipe", ConnectNamedPipe(pair.client, NULL));
    close_pair(pair);
}

CASE(50, "connect__second_while_one_is_pending__one_client_completes_both")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, BYTES), client;
    struct async *first = new_async(), *second = new_async();
    async_connect(server, first);
    say_started("first", first);
    async_connect(server, second);
    say_started("second", second);
    client = say_handle("CreateFile", client_of(READ_WRITE, 0));
    say_async("first", server, first, FALSE);
    say_async("second", server, second, FALSE);
    shut(client);
    shut(server);
    free_async(first);
    free_async(second);
}

CASE(51, "connect__nowait__says_how_it_stands")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE | PIPE_NOWAIT), client;
    say_call("no client", ConnectNamedPipe(server, NULL));
    client = client_of(READ_WRITE, 0);
    say_call("client there", ConnectNamedPipe(server, NULL));
    shut(client);
    say_call("client gone", ConnectNamedPipe(server, NULL));
    shut(server);
}

CASE(52, "connect__nowait_after_disconnect__listening_again_but_failed")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE | PIPE_NOWAIT);
    HANDLE client = client_of(READ_WRITE, 0);
    DisconnectNamedPipe(server);
    shut(client);
    say_handle("CreateFile before", client_of(READ_WRITE, 0));
    say_call("ConnectNamedPipe", ConnectNamedPipe(server, NULL));
    client = say_handle("CreateFile after", client_of(READ_WRITE, 0));
    shut(client);
    shut(server);
}

CASE(53, "connect__overlapped_handle_without_overlapped__waits")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, BYTES), client;
    struct work *connect = start_connect(server);
    say_waiting("ConnectNamedPipe", connect);
    client = say_handle("CreateFile", client_of(READ_WRITE, 0));
    say_end("ConnectNamedPipe", connect);
    shut(client);
    shut(server);
}

CASE_MODEL(54, "connect__pending_and_disconnected__ends_with_233")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, BYTES);
    struct async *connect = new_async();
    async_connect(server, connect);
    say_started("ConnectNamedPipe", connect);
    say_call("DisconnectNamedPipe", DisconnectNamedPipe(server));
    say_soon("ConnectNamedPipe", server, connect, FALSE);
    say("Internal %s", status_of(connect));
    CancelIo(server);
    WaitForSingleObject(connect->overlapped.hEvent, PATIENCE);
    shut(server);
    free_async(connect);
}

CASE(55, "connect__pending_and_server_closed__ends_with_109")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, BYTES);
    struct async *connect = new_async();
    async_connect(server, connect);
    say_started("ConnectNamedPipe", connect);
    say_call("CloseHandle", CloseHandle(server));
    say("event %s",
        WaitForSingleObject(connect->overlapped.hEvent, PATIENCE) == WAIT_OBJECT_0 ? "set" : "reset");
    say("Internal %s", status_of(connect));
    free_async(connect);
}

CASE(56, "connect__pending_and_cancelled__995")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, BYTES);
    struct async *connect = new_async(), *again = new_async();
    async_connect(server, connect);
    say_call("CancelIo", CancelIo(server));
    say_async("ConnectNamedPipe", server, connect, FALSE);
    say("Internal %s", status_of(connect));
    async_connect(server, again);
    say_started("again", again);
    say_call("CancelIoEx", CancelIoEx(server, &again->overlapped));
    say_async("ConnectNamedPipe", server, again, FALSE);
    say("Internal %s", status_of(again));
    shut(server);
    free_async(connect);
    free_async(again);
}

/* Cancels what the thread is blocked in, which it may only be about to enter. */
static void cancel_thread(HANDLE thread)
{
    int turn;
    for (turn = 0; turn < PATIENCE; turn++) {
        SetLastError(54321);
        if (CancelSynchronousIo(thread)) {
            say("CancelSynchronousIo -> ok, last error %s",
                GetLastError() == 54321 ? "untouched" : "changed");
            return;
        }
        if (GetLastError() != ERROR_NOT_FOUND)
            break;
        Sleep(1);
    }
    say_call("CancelSynchronousIo", FALSE);
}

CASE(57, "connect__thread_cancelled__995_there")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES);
    struct work *connect = start_connect(server);
    cancel_thread(work_thread(connect));
    say_end("ConnectNamedPipe", connect);
    shut(server);
}

struct alertable {
    HANDLE server, entered;
    volatile LONG ran;
    LONG ran_before_it_returned;
    BOOL ok;
};

static VOID CALLBACK count_call(ULONG_PTR argument)
{
    InterlockedIncrement(&((struct alertable *)argument)->ran);
}

static DWORD WINAPI connect_then_be_alertable(LPVOID argument)
{
    struct alertable *state = argument;
    SetEvent(state->entered);
    state->ok = ConnectNamedPipe(state->server, NULL);
    state->ran_before_it_returned = state->ran;
    SleepEx(0, TRUE);
    return 0;
}

CASE(58, "connect__synchronous_wait__not_alertable")
{
    struct alertable state;
    HANDLE thread, client;
    memset(&state, 0, sizeof(state));
    state.server = server_of(PIPE_ACCESS_DUPLEX, BYTES);
    state.entered = CreateEventA(NULL, TRUE, FALSE, NULL);
    thread = CreateThread(NULL, 0, connect_then_be_alertable, &state, 0, NULL);
    WaitForSingleObject(state.entered, PATIENCE);
    say("QueueUserAPC %s", QueueUserAPC(count_call, thread, (ULONG_PTR)&state) ? "ok" : "failed");
    say("%s", WaitForSingleObject(thread, A_WHILE) == WAIT_TIMEOUT ? "still waiting" : "has returned");
    client = client_of(READ_WRITE, 0);
    WaitForSingleObject(thread, PATIENCE);
    say("ConnectNamedPipe %s", state.ok ? "ok" : "failed");
    say("routine ran %d times before it returned", (int)state.ran_before_it_returned);
    say("routine ran %d times after an alertable wait", (int)state.ran);
    shut(thread);
    shut(state.entered);
    shut(client);
    shut(state.server);
}

CASE(59, "connect__again_while_the_old_client_is_open__works_and_the_old_one_stays_out")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    HANDLE client;
    struct work *connect;
    say_call("DisconnectNamedPipe", DisconnectNamedPipe(pair.server));
    connect = start_connect(pair.server);
    say_waiting("ConnectNamedPipe", connect);
    client = say_handle("CreateFile", client_of(READ_WRITE, 0));
    say_end("ConnectNamedPipe", connect);
    say_write("the old client writes", pair.client, "old");
    say_read("the old client reads", pair.client, 10);
    say_write("the new client writes", client, "new");
    say_read("the server reads", pair.server, 10);
    shut(client);
    close_pair(pair);
}

CASE(60, "connect__bad_handle__6")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES);
    shut(server);
    say_call("closed", ConnectNamedPipe(server, NULL));
    say_call("NULL", ConnectNamedPipe(NULL, NULL));
    say_call("INVALID_HANDLE_VALUE", ConnectNamedPipe(INVALID_HANDLE_VALUE, NULL));
}
