/* Rows 61 to 72: DisconnectNamedPipe and what follows. */
#include "harness.h"

CASE(61, "disconnect__unread_data_both_ways__dropped")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    HANDLE client;
    say_write("the client writes", pair.client, "to the server");
    say_write("the server writes", pair.server, "to the client");
    say_call("DisconnectNamedPipe", DisconnectNamedPipe(pair.server));
    say_read("the client reads", pair.client, 100);
    say_read("the server reads", pair.server, 100);
    shut(pair.client);
    {
        struct work *connect = start_connect(pair.server);
        say_waiting("ConnectNamedPipe", connect);
        client = say_handle("CreateFile", client_of(READ_WRITE, 0));
        say_end("ConnectNamedPipe", connect);
    }
    say_peek("the server peeks", pair.server, 100);
    say_peek("the new client peeks", client, 100);
    shut(client);
    shut(pair.server);
}

CASE(62, "disconnect__twice__233")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    say_call("DisconnectNamedPipe", DisconnectNamedPipe(pair.server));
    say_call("again", DisconnectNamedPipe(pair.server));
    close_pair(pair);
}

CASE(63, "disconnect__on_a_client__invalid_function")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    say_call("DisconnectNamedPipe", DisconnectNamedPipe(pair.client));
    say_write("still connected", pair.client, "x");
    close_pair(pair);
}

CASE_MODEL(64, "disconnect__listening_never_connected__ok")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES), client;
    say_call("DisconnectNamedPipe", DisconnectNamedPipe(server));
    client = say_handle("CreateFile", client_of(READ_WRITE, 0));
    shut(client);
    shut(server);
}

CASE(65, "disconnect__client_closed__ok")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    shut(pair.client);
    say_call("DisconnectNamedPipe", DisconnectNamedPipe(pair.server));
    shut(pair.server);
}

CASE(66, "disconnect__client_afterwards__233_in_everything")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    DWORD flags, mode = PIPE_READMODE_BYTE;
    say_call("DisconnectNamedPipe", DisconnectNamedPipe(pair.server));
    say_read("ReadFile", pair.client, 10);
    say_write("WriteFile", pair.client, "x");
    say_peek("PeekNamedPipe", pair.client, 10);
    say_call("FlushFileBuffers", FlushFileBuffers(pair.client));
    say_call("GetNamedPipeHandleState",
             GetNamedPipeHandleStateA(pair.client, &flags, NULL, NULL, NULL, NULL, 0));
    say_call("SetNamedPipeHandleState", SetNamedPipeHandleState(pair.client, &mode, NULL, NULL));
    say_call("GetNamedPipeInfo", GetNamedPipeInfo(pair.client, &flags, NULL, NULL, NULL));
    close_pair(pair);
}

CASE(67, "disconnect__server_reads_and_writes_afterwards__233")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    DisconnectNamedPipe(pair.server);
    say_read("ReadFile", pair.server, 10);
    say_write("WriteFile", pair.server, "x");
    close_pair(pair);
}

CASE(68, "disconnect__server_peeks_afterwards__bad_pipe")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    DisconnectNamedPipe(pair.server);
    say_peek("PeekNamedPipe", pair.server, 10);
    close_pair(pair);
}

CASE(69, "disconnect__server_flushes_and_asks_afterwards__ok")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    DWORD flags = 0;
    DisconnectNamedPipe(pair.server);
    say_call("FlushFileBuffers", FlushFileBuffers(pair.server));
    say_call("GetNamedPipeInfo", GetNamedPipeInfo(pair.server, &flags, NULL, NULL, NULL));
    close_pair(pair);
}

CASE(70, "disconnect__clients_pending_calls__end_with_233")
{
    struct pair pair = pair_sized(BYTES, 0, FILE_FLAG_OVERLAPPED, 100, 100);
    struct async *read = new_async(), *write = new_async();
    async_read(pair.client, read, 10);
    say_started("ReadFile", read);
    async_write(pair.client, write, "x", 101);
    say_started("WriteFile", write);
    say_call("DisconnectNamedPipe", DisconnectNamedPipe(pair.server));
    say_async("ReadFile", pair.client, read, TRUE);
    say("Internal %s", status_of(read));
    say_async("WriteFile", pair.client, write, FALSE);
    say("Internal %s", status_of(write));
    close_pair(pair);
    free_async(read);
    free_async(write);
}

CASE(71, "disconnect__client_closes_afterwards__ok")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    DisconnectNamedPipe(pair.server);
    say_call("CloseHandle", CloseHandle(pair.client));
    shut(pair.server);
}

CASE(72, "disconnect__client_after_a_failed_call__not_signaled")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    DisconnectNamedPipe(pair.server);
    say_read("ReadFile", pair.client, 10);
    say("%s", is_set(pair.client) ? "signaled" : "not signaled");
    say_write("WriteFile", pair.client, "x");
    say("%s", is_set(pair.client) ? "signaled" : "not signaled");
    close_pair(pair);
}
