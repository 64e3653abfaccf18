/* Rows 73 to 93: ReadFile and WriteFile, whatever the pipe's type. */
#include "harness.h"

CASE(73, "transfer__server_while_listening__536")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES);
    say_read("ReadFile", server, 10);
    say_write("WriteFile", server, "x");
    shut(server);
}

CASE(74, "read__peer_closes__broken_pipe")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    struct work *read = start_read(pair.server, 10);
    say_waiting("ReadFile", read);
    shut(pair.client);
    say_end("the server's ReadFile", read);
    say_read("again", pair.server, 10);
    shut(pair.server);
    pair = pair_of(MESSAGES, 0, 0);
    shut(pair.server);
    say_read("the client's ReadFile", pair.client, 10);
    shut(pair.client);
}

CASE(75, "read__written_before_the_close__stays_readable")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    say_write("WriteFile", pair.client, "last words");
    shut(pair.client);
    say_read("ReadFile", pair.server, 4);
    say_read("ReadFile", pair.server, 100);
    say_read("ReadFile", pair.server, 100);
    shut(pair.server);
    pair = pair_of(BYTES, 0, 0);
    say_write("WriteFile", pair.server, "the other way");
    shut(pair.server);
    say_read("ReadFile", pair.client, 100);
    say_read("ReadFile", pair.client, 100);
    shut(pair.client);
}

CASE(76, "write__peer_closed__no_data")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    HANDLE read_end, write_end;
    shut(pair.client);
    say_write_size("1 byte", pair.server, 1);
    say_write_size("0 bytes", pair.server, 0);
    say_write_size("10000 bytes", pair.server, 10000);
    shut(pair.server);
    pair = pair_of(MESSAGES, 0, 0);
    shut(pair.server);
    say_write_size("the client", pair.client, 1);
    shut(pair.client);
    CreatePipe(&read_end, &write_end, NULL, 0);
    shut(read_end);
    say_write_size("anonymous", write_end, 1);
    shut(write_end);
}

CASE(77, "write__pending_when_the_peer_closes__broken_pipe")
{
    struct pair pair = pair_sized(BYTES, FILE_FLAG_OVERLAPPED, 0, 100, 100);
    struct async *write = new_async();
    struct work *blocked;
    async_write(pair.server, write, "x", 101);
    say_started("WriteFile", write);
    shut(pair.client);
    say_async("overlapped", pair.server, write, FALSE);
    shut(pair.server);
    free_async(write);
    pair = pair_sized(BYTES, 0, 0, 100, 100);
    blocked = start_write(pair.server, "x", 101);
    until_available(pair.client, 101);
    say_waiting("WriteFile", blocked);
    shut(pair.client);
    say_end("synchronous", blocked);
    shut(pair.server);
}

CASE(78, "read__zero_bytes_of_a_closed_and_empty_pipe__broken_pipe")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    shut(pair.client);
    say_read("bytes", pair.server, 0);
    shut(pair.server);
    pair = pair_of(MESSAGES, 0, 0);
    shut(pair.client);
    say_read("messages", pair.server, 0);
    shut(pair.server);
}

CASE(79, "transfer__without_the_right__access_denied")
{
    HANDLE server = server_of(PIPE_ACCESS_INBOUND, BYTES), client = client_of(GENERIC_WRITE, 0);
    say_write("an inbound server writes", server, "x");
    say_read("its client reads", client, 10);
    shut(client);
    shut(server);
    server = server_of(PIPE_ACCESS_OUTBOUND, BYTES);
    client = client_of(GENERIC_READ, 0);
    say_read("an outbound server reads", server, 10);
    say_write("its client writes", client, "x");
    shut(client);
    shut(server);
    server = server_of(PIPE_ACCESS_DUPLEX, BYTES);
    client = client_of(GENERIC_READ, 0);
    say_write("a client that asked to read writes", client, "x");
    shut(client);
    shut(server);
}

CASE(80, "transfer__count__zero_before_anything_else")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    DWORD bytes = 12345;
    char data[4];
    BOOL ok = ReadFile(NULL, data, 4, &bytes, NULL);
    say("bad handle: ReadFile %s, count %u", ok ? "ok" : "failed", (unsigned)bytes);
    bytes = 12345;
    ok = WriteFile(NULL, data, 4, &bytes, NULL);
    say("bad handle: WriteFile %s, count %u", ok ? "ok" : "failed", (unsigned)bytes);
    DisconnectNamedPipe(pair.server);
    bytes = 12345;
    ok = ReadFile(pair.client, data, 4, &bytes, NULL);
    say("disconnected: ReadFile %s, count %u", ok ? "ok" : "failed", (unsigned)bytes);
    bytes = 12345;
    ok = WriteFile(pair.client, data, 4, &bytes, NULL);
    say("disconnected: WriteFile %s, count %u", ok ? "ok" : "failed", (unsigned)bytes);
    close_pair(pair);
}

CASE(81, "transfer__bad_handle__6")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    close_pair(pair);
    say_read("ReadFile of a closed handle", pair.server, 1);
    say_write("WriteFile of a closed handle", pair.client, "x");
    say_read("ReadFile of NULL", NULL, 1);
    say_write("WriteFile of NULL", NULL, "x");
}

CASE(82, "read__synchronous__returns_with_what_is_there")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    struct work *read;
    say_write("WriteFile", pair.client, "abcde");
    say_read("ReadFile of 100", pair.server, 100);
    say_write("WriteFile", pair.client, "abcde");
    say_read("ReadFile of 3", pair.server, 3);
    say_read("ReadFile of 3", pair.server, 3);
    read = start_read(pair.server, 100);
    say_waiting("ReadFile of 100", read);
    say_write("WriteFile", pair.client, "xy");
    say_end("ReadFile of 100", read);
    close_pair(pair);
}

CASE(83, "write__quota__one_each_way")
{
    struct pair pair = pair_sized(BYTES, FILE_FLAG_OVERLAPPED, FILE_FLAG_OVERLAPPED, 200, 100);
    struct async *client = new_async(), *server = new_async(), *more = new_async(), *again = new_async();
    async_write(pair.client, client, "c", 100);
    say_started("the client writes 100 of its 100", client);
    async_write(pair.client, more, "c", 1);
    say_started("the client writes 1 more", more);
    async_write(pair.server, server, "s", 200);
    say_started("the server writes 200 of its 200", server);
    async_write(pair.server, again, "s", 1);
    say_started("the server writes 1 more", again);
    CancelIo(pair.client);
    CancelIo(pair.server);
    say_async("the client's", pair.client, more, FALSE);
    say_async("the server's", pair.server, again, FALSE);
    close_pair(pair);
    free_async(client);
    free_async(server);
    free_async(more);
    free_async(again);
}

CASE(84, "write__exactly_what_is_free__completes")
{
    struct pair pair = pair_sized(BYTES, FILE_FLAG_OVERLAPPED, 0, 100, 100);
    struct async *write = new_async();
    say_write_size("the client writes 40", pair.client, 40);
    say_write_size("the client writes 60", pair.client, 60);
    async_write(pair.server, write, "x", 100);
    say_started("the server writes 100", write);
    say_peek("the client peeks", pair.client, 1000);
    say_peek("the server peeks", pair.server, 1000);
    close_pair(pair);
    free_async(write);
}

CASE(85, "write__one_more_than_is_free__pends")
{
    struct pair pair = pair_sized(BYTES, FILE_FLAG_OVERLAPPED, 0, 100, 100);
    struct async *write = new_async();
    struct work *blocked;
    async_write(pair.server, write, "x", 101);
    say_started("overlapped 101", write);
    say_pending("overlapped", pair.server, write);
    say_read("one byte is read", pair.client, 1);
    say_async("overlapped", pair.server, write, FALSE);
    blocked = start_write(pair.client, "y", 101);
    until_available(pair.server, 101);
    say_waiting("synchronous", blocked);
    {
        struct async *read = new_async();
        async_read(pair.server, read, 1);
        say_started("one byte is read", read);
        free_async(read);
    }
    say_end("synchronous", blocked);
    close_pair(pair);
    free_async(write);
}

CASE(86, "write__pending__all_of_it_is_visible")
{
    struct pair pair = pair_sized(BYTES, FILE_FLAG_OVERLAPPED, 0, 100, 100);
    struct async *write = new_async();
    async_write(pair.server, write, "x", 1000);
    say_started("WriteFile of 1000", write);
    say_peek("PeekNamedPipe", pair.client, 2000);
    say_read("ReadFile", pair.client, 2000);
    say_async("WriteFile", pair.server, write, FALSE);
    close_pair(pair);
    pair = pair_sized(MESSAGES, FILE_FLAG_OVERLAPPED, 0, 100, 100);
    async_write(pair.server, write, "x", 1000);
    say_started("a message of 1000", write);
    say_peek("PeekNamedPipe", pair.client, 2000);
    say_read("ReadFile", pair.client, 2000);
    say_async("WriteFile", pair.server, write, FALSE);
    close_pair(pair);
    free_async(write);
}

static void complete_by_reading(DWORD pipe_mode)
{
    struct pair pair = pair_sized(pipe_mode, FILE_FLAG_OVERLAPPED, 0, 100, 100);
    struct async *write = new_async();
    async_write(pair.server, write, "x", 150);
    say_started("WriteFile of 150", write);
    say_read("ReadFile", pair.client, 49);
    say_pending("101 left", pair.server, write);
    say_read("ReadFile", pair.client, 1);
    say_async("100 left", pair.server, write, FALSE);
    say_read("ReadFile", pair.client, 1000);
    close_pair(pair);
    free_async(write);
}

CASE(87, "write__pending__completes_when_its_rest_fits")
{
    say("bytes");
    complete_by_reading(BYTES);
    say("messages");
    complete_by_reading(MESSAGES);
}

CASE(88, "write__several_pending__in_order")
{
    struct pair pair = pair_sized(BYTES, FILE_FLAG_OVERLAPPED, 0, 100, 100);
    struct async *first = new_async(), *second = new_async(), *third = new_async();
    async_write(pair.server, first, "1", 120);
    say_started("first, 120", first);
    async_write(pair.server, second, "2", 30);
    say_started("second, 30", second);
    async_write(pair.server, third, "3", 1);
    say_started("third, 1", third);
    say_read("ReadFile", pair.client, 20);
    say_async("first", pair.server, first, FALSE);
    say_pending("second", pair.server, second);
    say_pending("third", pair.server, third);
    say_read("ReadFile", pair.client, 30);
    say_async("second", pair.server, second, FALSE);
    say_pending("third", pair.server, third);
    say_read("ReadFile", pair.client, 65);
    say_async("third", pair.server, third, FALSE);
    say_read("the end is in order", pair.client, 40);
    close_pair(pair);
    free_async(first);
    free_async(second);
    free_async(third);
}

CASE(89, "write__buffer_size_0__pends_until_read")
{
    struct pair pair = pair_sized(BYTES, FILE_FLAG_OVERLAPPED, FILE_FLAG_OVERLAPPED, 0, 0);
    struct async *write = new_async(), *read = new_async();
    async_write(pair.server, write, "abc", 3);
    say_started("WriteFile", write);
    async_read(pair.client, read, 2);
    say_async("ReadFile of 2", pair.client, read, TRUE);
    say_pending("WriteFile", pair.server, write);
    async_read(pair.client, read, 2);
    say_async("ReadFile of 2", pair.client, read, TRUE);
    say_async("WriteFile", pair.server, write, FALSE);
    async_read(pair.client, read, 10);
    say_started("ReadFile waits", read);
    async_write(pair.server, write, "abc", 3);
    say_async("WriteFile to a waiting reader", pair.server, write, FALSE);
    say_async("ReadFile", pair.client, read, TRUE);
    close_pair(pair);
    free_async(write);
    free_async(read);
}

CASE(90, "write__zero_bytes__never_blocks")
{
    struct pair pair = pair_sized(BYTES, FILE_FLAG_OVERLAPPED, 0, 100, 100);
    struct async *big = new_async(), *empty = new_async();
    async_write(pair.server, big, "x", 150);
    say_started("bytes: WriteFile of 150", big);
    async_write(pair.server, empty, "x", 0);
    say_started("bytes: WriteFile of 0", empty);
    say_read("ReadFile", pair.client, 1000);
    say_async("bytes: WriteFile of 150", pair.server, big, FALSE);
    close_pair(pair);
    pair = pair_sized(MESSAGES, FILE_FLAG_OVERLAPPED, 0, 100, 100);
    async_write(pair.server, big, "x", 150);
    say_started("messages: WriteFile of 150", big);
    async_write(pair.server, empty, "x", 0);
    say_started("messages: WriteFile of 0", empty);
    say_read("ReadFile", pair.client, 1000);
    say_async("messages: WriteFile of 150", pair.server, big, FALSE);
    say_read("ReadFile", pair.client, 1000);
    close_pair(pair);
    free_async(big);
    free_async(empty);
}

CASE(91, "write__cancelled__its_unread_data_vanishes")
{
    struct pair pair = pair_sized(BYTES, FILE_FLAG_OVERLAPPED, 0, 100, 100);
    struct async *write = new_async(), *next = new_async();
    async_write(pair.server, write, "x", 150);
    say_started("WriteFile of 150", write);
    say_read("ReadFile", pair.client, 10);
    say_call("CancelIoEx", CancelIoEx(pair.server, &write->overlapped));
    say_async("WriteFile", pair.server, write, FALSE);
    say_peek("PeekNamedPipe", pair.client, 1000);
    async_write(pair.server, next, "next", 4);
    say_started("the next WriteFile", next);
    say_read("ReadFile", pair.client, 1000);
    close_pair(pair);
    pair = pair_sized(MESSAGES, FILE_FLAG_OVERLAPPED, 0, 100, 100);
    async_write(pair.server, write, "x", 150);
    say_started("a message of 150", write);
    say_read("ReadFile", pair.client, 10);
    say_call("CancelIoEx", CancelIoEx(pair.server, &write->overlapped));
    say_async("WriteFile", pair.server, write, FALSE);
    async_write(pair.server, next, "next", 4);
    say_started("the next message", next);
    say_read("ReadFile", pair.client, 1000);
    close_pair(pair);
    free_async(write);
    free_async(next);
}

/* Opens the pipe, writes 50 bytes, which complete, and is ended while it writes 200 more. */
ROLE(blocked_writer)
{
    char data[200];
    DWORD bytes;
    HANDLE client = open_name(count ? arguments[0] : "", GENERIC_WRITE, 0);
    memset(data, 'a', sizeof(data));
    if (!WriteFile(client, data, 50, &bytes, NULL))
        return 1;
    memset(data, 'b', sizeof(data));
    WriteFile(client, data, sizeof(data), &bytes, NULL);
    return 2;
}

CASE(92, "write__pending_in_a_process_that_is_ended__its_data_is_gone")
{
    HANDLE server = server_sized(PIPE_ACCESS_DUPLEX, BYTES, 100, 100);
    HANDLE process = start_role("blocked_writer", pipe_name());
    struct work *connect = start_connect(server);
    end_work(connect);
    until_available(server, 250);
    say_call("TerminateProcess", TerminateProcess(process, 5));
    say("exit code %u", (unsigned)end_of(process));
    until_available(server, 50);
    say_read("ReadFile", server, 1000);
    say_read("ReadFile", server, 1000);
    shut(server);
}

CASE(93, "read__several_pending__in_order")
{
    struct pair pair = pair_of(MESSAGES, FILE_FLAG_OVERLAPPED, 0);
    struct async *reads[4];
    int i;
    for (i = 0; i < 4; i++) {
        reads[i] = new_async();
        async_read(pair.server, reads[i], 10);
        say_started("ReadFile", reads[i]);
    }
    say_write("WriteFile", pair.client, "one");
    say_async("first", pair.server, reads[0], TRUE);
    say_call("CancelIoEx of the second", CancelIoEx(pair.server, &reads[1]->overlapped));
    say_async("second", pair.server, reads[1], TRUE);
    say_pending("third", pair.server, reads[2]);
    say_pending("fourth", pair.server, reads[3]);
    say_write("WriteFile", pair.client, "two");
    say_async("third", pair.server, reads[2], TRUE);
    say_pending("fourth", pair.server, reads[3]);
    say_write("WriteFile", pair.client, "three");
    say_async("fourth", pair.server, reads[3], TRUE);
    close_pair(pair);
    for (i = 0; i < 4; i++)
        free_async(reads[i]);
}
