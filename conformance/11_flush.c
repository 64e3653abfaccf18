/* Rows 201 to 206: FlushFileBuffers. */
#include "harness.h"

CASE(201, "flush__unread_data__waits_until_all_is_read")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    struct work *flush;
    say_write("the server writes", pair.server, "abcdef");
    flush = start_flush(pair.server);
    say_waiting("FlushFileBuffers", flush);
    say_read("the client reads", pair.client, 3);
    say_waiting("FlushFileBuffers", flush);
    say_read("the client reads", pair.client, 3);
    say_end("FlushFileBuffers", flush);
    close_pair(pair);
}

CASE(201, "flush__by_the_client_and_of_messages__waits_too")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    struct work *flush;
    say_write("the client writes", pair.client, "one");
    say_write("the client writes", pair.client, "two");
    flush = start_flush(pair.client);
    say_read("the server reads", pair.server, 100);
    say_waiting("FlushFileBuffers", flush);
    say_read("the server reads", pair.server, 100);
    say_end("FlushFileBuffers", flush);
    close_pair(pair);
}

CASE(201, "flush__overlapped_handle__waits_too")
{
    struct pair pair = pair_sized(BYTES, FILE_FLAG_OVERLAPPED, 0, 100, 100);
    struct async *write = new_async();
    struct work *flush;
    async_write(pair.server, write, "x", 150);
    say_started("WriteFile of 150", write);
    flush = start_flush(pair.server);
    say_waiting("FlushFileBuffers", flush);
    say_read("the client reads", pair.client, 60);
    say_async("WriteFile of 150", pair.server, write, FALSE);
    say_waiting("FlushFileBuffers", flush);
    say_read("the client reads", pair.client, 100);
    say_end("FlushFileBuffers", flush);
    close_pair(pair);
    free_async(write);
}

CASE(202, "flush__nothing_unread_listening_or_peer_closed__ok")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES), client;
    say_call("listening", FlushFileBuffers(server));
    client = client_of(READ_WRITE, 0);
    say_call("connected, the server", FlushFileBuffers(server));
    say_call("connected, the client", FlushFileBuffers(client));
    say_write("the client writes", client, "unread");
    say_call("what the peer wrote is not flushed", FlushFileBuffers(server));
    shut(client);
    say_call("the client closed", FlushFileBuffers(server));
    shut(server);
}

CASE(203, "flush__peer_closes_meanwhile__broken_pipe")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    struct work *flush;
    say_write("the server writes", pair.server, "unread");
    flush = start_flush(pair.server);
    say_waiting("FlushFileBuffers", flush);
    shut(pair.client);
    say_end("FlushFileBuffers", flush);
    shut(pair.server);
}

CASE(204, "flush__server_disconnects_meanwhile__233")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    struct work *flush;
    say_write("the client writes", pair.client, "unread");
    flush = start_flush(pair.client);
    say_waiting("FlushFileBuffers", flush);
    say_call("DisconnectNamedPipe", DisconnectNamedPipe(pair.server));
    say_end("FlushFileBuffers", flush);
    close_pair(pair);
}

CASE(205, "flush__the_write_is_cancelled__ok")
{
    struct pair pair = pair_sized(BYTES, FILE_FLAG_OVERLAPPED, 0, 100, 100);
    struct async *write = new_async();
    struct work *flush;
    async_write(pair.server, write, "x", 150);
    say_started("WriteFile of 150", write);
    flush = start_flush(pair.server);
    say_waiting("FlushFileBuffers", flush);
    say_call("CancelIoEx", CancelIoEx(pair.server, &write->overlapped));
    say_async("WriteFile of 150", pair.server, write, FALSE);
    say_end("FlushFileBuffers", flush);
    close_pair(pair);
    free_async(write);
}

CASE_DOCS(206, "flush__without_write_access__access_denied")
{
    HANDLE server = server_of(PIPE_ACCESS_OUTBOUND, BYTES), client = client_of(GENERIC_READ, 0);
    say_call("a client that asked to read", FlushFileBuffers(client));
    say_call("its server", FlushFileBuffers(server));
    shut(client);
    shut(server);
}
