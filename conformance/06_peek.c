/* Rows 116 to 125: PeekNamedPipe. */
#include "harness.h"

CASE(116, "peek__listening_or_disconnected_server__bad_pipe")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES), client;
    say_peek("listening", server, 10);
    client = client_of(READ_WRITE, 0);
    DisconnectNamedPipe(server);
    say_peek("disconnected", server, 10);
    shut(client);
    shut(server);
}

CASE(117, "peek__connected_and_empty__nothing")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    say_peek("the server", pair.server, 10);
    say_peek("the client", pair.client, 10);
    close_pair(pair);
    pair = pair_of(MESSAGES, 0, 0);
    say_peek("messages", pair.server, 10);
    close_pair(pair);
}

CASE(118, "peek__bytes__across_writes_and_left_is_0_minus_copied")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    say_write("WriteFile", pair.client, "one");
    say_write("WriteFile", pair.client, "two");
    say_peek("PeekNamedPipe of 100", pair.server, 100);
    say_peek("PeekNamedPipe of 4", pair.server, 4);
    say_peek("PeekNamedPipe of 0", pair.server, 0);
    say_read("ReadFile", pair.server, 100);
    close_pair(pair);
}

CASE(119, "peek__messages__the_first_only_and_avail_of_all")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    say_write("WriteFile", pair.client, "first");
    say_write("WriteFile", pair.client, "second");
    say_peek("PeekNamedPipe of 100", pair.server, 100);
    say_peek("PeekNamedPipe of 2", pair.server, 2);
    say_read("ReadFile of 2", pair.server, 2);
    say_peek("PeekNamedPipe of 2", pair.server, 2);
    say_read("ReadFile", pair.server, 100);
    say_peek("PeekNamedPipe of 100", pair.server, 100);
    close_pair(pair);
}

CASE(120, "peek__buffer_smaller_than_the_message__ok")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    say_write("WriteFile", pair.client, "message");
    say_peek("PeekNamedPipe of 3", pair.server, 3);
    close_pair(pair);
}

CASE(121, "peek__messages_in_byte_read_mode__still_by_message")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    say_call("byte-read mode", set_mode(pair.server, PIPE_READMODE_BYTE));
    say_write("WriteFile", pair.client, "first");
    say_write("WriteFile", pair.client, "second");
    say_peek("PeekNamedPipe of 100", pair.server, 100);
    say_read("ReadFile", pair.server, 100);
    close_pair(pair);
}

CASE(122, "peek__null_buffer_size_0_or_no_outputs__ok")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    DWORD available = 7777, left = 7777, copied = 7777;
    say_write("WriteFile", pair.client, "data");
    say_call("NULL buffer", PeekNamedPipe(pair.server, NULL, 0, &copied, &available, &left));
    say("copied %u avail %u left %d", (unsigned)copied, (unsigned)available, (int)left);
    available = 7777;
    say_call("size 0 and junk",
             PeekNamedPipe(pair.server, (void *)(ULONG_PTR)0xDEAD, 0, NULL, &available, NULL));
    say("avail %u", (unsigned)available);
    say_call("no outputs", PeekNamedPipe(pair.server, NULL, 0, NULL, NULL, NULL));
    close_pair(pair);
}

CASE(123, "peek__peer_closed__what_is_there_then_broken")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    say_write("WriteFile", pair.client, "data");
    shut(pair.client);
    say_peek("with data", pair.server, 100);
    say_read("ReadFile", pair.server, 100);
    say_peek("without", pair.server, 100);
    shut(pair.server);
}

CASE(124, "peek__write_only_handle__access_denied")
{
    HANDLE server = server_of(PIPE_ACCESS_INBOUND, BYTES), client = client_of(GENERIC_WRITE, 0);
    say_peek("the client of an inbound pipe", client, 10);
    shut(client);
    shut(server);
    server = server_of(PIPE_ACCESS_OUTBOUND, BYTES);
    client = client_of(GENERIC_READ, 0);
    say_peek("an outbound server", server, 10);
    shut(client);
    shut(server);
}

CASE(125, "peek__empty_messages_in_front__not_counted")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    DWORD available = 7777;
    say_write("WriteFile of nothing", pair.client, "");
    say_write("WriteFile of nothing", pair.client, "");
    say_write("WriteFile", pair.client, "data");
    say_call("PeekNamedPipe", PeekNamedPipe(pair.server, NULL, 0, NULL, &available, NULL));
    say("avail %u", (unsigned)available);
    close_pair(pair);
}
