/* Rows 94 to 115: messages, bytes, and PIPE_NOWAIT. */
#include "harness.h"

CASE(94, "message_read__buffer_too_small__more_data_and_the_rest_stays")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    say_write("WriteFile", pair.client, "abcdefgh");
    say_read("ReadFile of 3", pair.server, 3);
    say_read("ReadFile of 3", pair.server, 3);
    say_read("ReadFile of 3", pair.server, 3);
    say_write("WriteFile", pair.server, "abcdefgh");
    say_read("ReadFile of 7", pair.client, 7);
    say_read("ReadFile of 7", pair.client, 7);
    close_pair(pair);
}

/* Reads from the inherited handle, and finds what is expected, or returns the error. */
ROLE(read_the_rest)
{
    char data[100];
    DWORD bytes = 0;
    HANDLE pipe;
    if (count < 2)
        return 900;
    pipe = (HANDLE)(ULONG_PTR)strtoul(arguments[0], NULL, 10);
    if (!ReadFile(pipe, data, sizeof(data), &bytes, NULL))
        return (int)GetLastError();
    return bytes == strlen(arguments[1]) && memcmp(data, arguments[1], bytes) == 0 ? 0 : 901;
}

CASE(95, "message_read__the_rest__may_be_read_by_another_thread_or_process")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    struct work *read;
    char line[64];
    HANDLE process;
    say_write("WriteFile", pair.client, "abcdefgh");
    say_read("ReadFile of 3", pair.server, 3);
    read = start_read(pair.server, 100);
    say_end("another thread", read);
    say_write("WriteFile", pair.client, "abcdefgh");
    say_read("ReadFile of 3", pair.server, 3);
    SetHandleInformation(pair.server, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    sprintf(line, "%lu defgh", (unsigned long)(ULONG_PTR)pair.server);
    process = start_role("read_the_rest", line);
    say("another process: %u", (unsigned)end_of(process));
    close_pair(pair);
}

CASE(96, "message_read__exact_or_larger_buffer__one_message_each")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    say_write("WriteFile", pair.client, "one");
    say_write("WriteFile", pair.client, "two");
    say_write("WriteFile", pair.client, "three");
    say_read("ReadFile of 3", pair.server, 3);
    say_read("ReadFile of 100", pair.server, 100);
    say_read("ReadFile of 100", pair.server, 100);
    close_pair(pair);
}

CASE(97, "message__of_length_zero__is_queued")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    say_write("WriteFile", pair.client, "");
    say_write("WriteFile", pair.client, "after");
    say_read("ReadFile", pair.server, 100);
    say_read("ReadFile", pair.server, 100);
    close_pair(pair);
}

CASE(98, "message_read__of_zero_bytes__more_data_and_untouched")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    say_write("WriteFile", pair.client, "message");
    say_read("ReadFile of 0", pair.server, 0);
    say_read("ReadFile of 100", pair.server, 100);
    say_write("WriteFile of nothing", pair.client, "");
    say_read("ReadFile of 0, an empty message", pair.server, 0);
    close_pair(pair);
}

CASE(99, "byte_read__of_messages__joins_them")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    say_call("byte-read mode", set_mode(pair.server, PIPE_READMODE_BYTE));
    say_write("WriteFile", pair.client, "one");
    say_write("WriteFile of nothing", pair.client, "");
    say_write("WriteFile", pair.client, "two");
    say_write("WriteFile", pair.client, "three");
    say_read("ReadFile of 4", pair.server, 4);
    say_read("ReadFile of 100", pair.server, 100);
    close_pair(pair);
}

CASE(100, "message_read__after_a_part_in_byte_mode__the_rest_is_a_message")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    say_call("byte-read mode", set_mode(pair.server, PIPE_READMODE_BYTE));
    say_write("WriteFile", pair.client, "abcdef");
    say_write("WriteFile", pair.client, "next");
    say_read("ReadFile of 2", pair.server, 2);
    say_call("message-read mode", set_mode(pair.server, PIPE_READMODE_MESSAGE));
    say_read("ReadFile of 100", pair.server, 100);
    say_read("ReadFile of 100", pair.server, 100);
    close_pair(pair);
}

CASE(101, "message_read__peer_closed__more_data_then_the_rest_then_broken")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    say_write("WriteFile", pair.client, "abcdef");
    shut(pair.client);
    say_read("ReadFile of 0", pair.server, 0);
    say_read("ReadFile of 4", pair.server, 4);
    say_read("ReadFile of 4", pair.server, 4);
    say_read("ReadFile of 4", pair.server, 4);
    shut(pair.server);
}

CASE(102, "message_read__pending_and_met_by_a_longer_message__more_data")
{
    struct pair pair = pair_of(MESSAGES, FILE_FLAG_OVERLAPPED, 0);
    struct async *read = new_async(), *rest = new_async();
    async_read(pair.server, read, 4);
    say_started("ReadFile of 4", read);
    say_write("WriteFile", pair.client, "abcdef");
    say_async("ReadFile of 4", pair.server, read, TRUE);
    async_read(pair.server, rest, 100);
    say_started("ReadFile of 100", rest);
    say_async("ReadFile of 100", pair.server, rest, TRUE);
    close_pair(pair);
    free_async(read);
    free_async(rest);
}

static void wake_by_nothing(DWORD pipe_mode)
{
    struct pair pair = pair_of(pipe_mode, FILE_FLAG_OVERLAPPED, 0);
    struct async *first = new_async(), *second = new_async();
    async_read(pair.server, first, 10);
    async_read(pair.server, second, 10);
    say_write("WriteFile of nothing", pair.client, "");
    say_soon("first", pair.server, first, TRUE);
    say_pending("second", pair.server, second);
    CancelIo(pair.server);
    WaitForSingleObject(first->overlapped.hEvent, PATIENCE);
    WaitForSingleObject(second->overlapped.hEvent, PATIENCE);
    close_pair(pair);
    free_async(first);
    free_async(second);
}

CASE(103, "write__of_zero_bytes__wakes_one_message_read_and_no_byte_read")
{
    say("messages");
    wake_by_nothing(MESSAGES);
    say("bytes");
    wake_by_nothing(BYTES);
}

CASE(104, "byte_read__ignores_write_boundaries")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    say_write("WriteFile", pair.client, "one");
    say_write("WriteFile", pair.client, "two");
    say_write("WriteFile", pair.client, "three");
    say_read("ReadFile of 4", pair.server, 4);
    say_read("ReadFile of 100", pair.server, 100);
    close_pair(pair);
}

CASE(105, "byte_write__of_zero_bytes__leaves_nothing_and_wakes_nobody")
{
    struct pair pair = pair_of(BYTES, FILE_FLAG_OVERLAPPED, 0);
    struct async *read = new_async();
    say_write("WriteFile of nothing", pair.client, "");
    say_peek("PeekNamedPipe", pair.server, 10);
    async_read(pair.server, read, 10);
    say_started("ReadFile", read);
    say_write("WriteFile of nothing", pair.client, "");
    say_soon("ReadFile", pair.server, read, TRUE);
    say_write("WriteFile", pair.client, "x");
    say_async("ReadFile", pair.server, read, TRUE);
    close_pair(pair);
    free_async(read);
}

CASE(106, "byte_read__of_zero_bytes_with_data__ok")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    say_write("WriteFile", pair.client, "data");
    say_read("ReadFile of 0", pair.server, 0);
    say_read("ReadFile of 100", pair.server, 100);
    close_pair(pair);
}

CASE(107, "byte_read__of_zero_bytes_without_data__waits_and_leaves_what_comes")
{
    struct pair pair = pair_of(BYTES, FILE_FLAG_OVERLAPPED, 0);
    struct async *nothing = new_async(), *read = new_async();
    async_read(pair.server, nothing, 0);
    say_started("ReadFile of 0", nothing);
    say_soon("ReadFile of 0", pair.server, nothing, TRUE);
    say_write("WriteFile", pair.client, "data");
    say_async("ReadFile of 0", pair.server, nothing, TRUE);
    async_read(pair.server, read, 100);
    say_async("ReadFile of 100", pair.server, read, TRUE);
    close_pair(pair);
    free_async(nothing);
    free_async(read);
}

CASE(108, "nowait_read__empty__232_at_once")
{
    struct pair pair = pair_of(BYTES | PIPE_NOWAIT, 0, 0);
    struct async *read = new_async();
    say_read("the server reads", pair.server, 10);
    say_call("the client sets PIPE_NOWAIT", set_mode(pair.client, PIPE_NOWAIT));
    say_read("the client reads", pair.client, 10);
    say_write("WriteFile", pair.client, "x");
    say_read("the server reads", pair.server, 10);
    close_pair(pair);
    pair = pair_of(MESSAGES | PIPE_NOWAIT, FILE_FLAG_OVERLAPPED, 0);
    async_read(pair.server, read, 10);
    say_started("overlapped messages", read);
    close_pair(pair);
    free_async(read);
}

CASE(109, "nowait_read__empty_and_peer_closed__broken_pipe")
{
    struct pair pair = pair_of(BYTES | PIPE_NOWAIT, 0, 0);
    shut(pair.client);
    say_read("ReadFile", pair.server, 10);
    shut(pair.server);
}

CASE(110, "nowait_write__exactly_what_is_free__all_of_it")
{
    struct pair pair = pair_sized(BYTES | PIPE_NOWAIT, 0, 0, 512, 512);
    say_write_size("WriteFile of 512", pair.server, 512);
    say_peek("PeekNamedPipe", pair.client, 1000);
    close_pair(pair);
}

CASE(111, "nowait_byte_write__larger_than_what_fits__0_bytes")
{
    struct pair pair = pair_sized(BYTES | PIPE_NOWAIT, 0, 0, 512, 512);
    say_write_size("WriteFile of 513", pair.server, 513);
    say_peek("PeekNamedPipe", pair.client, 1000);
    say_write_size("WriteFile of 500", pair.server, 500);
    say_write_size("WriteFile of 13", pair.server, 13);
    say_write_size("WriteFile of 12", pair.server, 12);
    close_pair(pair);
}

/* The client waits for `wanted` bytes when the server writes `size` into a quota of 512. */
static void write_to_a_reader(DWORD pipe_mode, DWORD wanted, DWORD size)
{
    struct pair pair = pair_sized(pipe_mode | PIPE_NOWAIT, 0, FILE_FLAG_OVERLAPPED, 512, 512);
    struct async *read = new_async();
    if (!set_mode(pair.client, pipe_mode & PIPE_READMODE_MESSAGE))
        say("the client's mode, %u", (unsigned)GetLastError());
    async_read(pair.client, read, wanted);
    say_started("ReadFile", read);
    say_write_size("WriteFile", pair.server, size);
    say_soon("ReadFile", pair.client, read, TRUE);
    say_peek("PeekNamedPipe", pair.client, 1000);
    CancelIo(pair.client);
    WaitForSingleObject(read->overlapped.hEvent, PATIENCE);
    close_pair(pair);
    free_async(read);
}

CASE(112, "nowait_byte_write__rest_behind_a_reader_does_not_fit__only_the_readers_part")
{
    write_to_a_reader(BYTES, 3, 3 + 513);
}

CASE(113, "nowait_byte_write__rest_behind_a_reader_fits__all_of_it")
{
    write_to_a_reader(BYTES, 1, 513);
}

CASE(114, "nowait_message_write__does_not_fit__0_bytes_and_the_reader_waits_on")
{
    write_to_a_reader(MESSAGES, 1, 514);
}

CASE(114, "nowait_message_write__does_not_fit_and_no_reader__0_bytes")
{
    struct pair pair = pair_sized(MESSAGES | PIPE_NOWAIT, 0, 0, 512, 512);
    say_write_size("WriteFile of 513", pair.server, 513);
    say_peek("PeekNamedPipe", pair.client, 1000);
    say_write_size("WriteFile of 512", pair.server, 512);
    close_pair(pair);
}

CASE(115, "nowait__on_an_anonymous_pipe__works")
{
    HANDLE read_end, write_end;
    say_call("CreatePipe", CreatePipe(&read_end, &write_end, NULL, 512));
    say_call("PIPE_NOWAIT to read", set_mode(read_end, PIPE_NOWAIT));
    say_read("ReadFile", read_end, 10);
    say_call("PIPE_NOWAIT to write", set_mode(write_end, PIPE_NOWAIT));
    say_write_size("WriteFile of 513", write_end, 513);
    say_write("WriteFile", write_end, "data");
    say_read("ReadFile", read_end, 10);
    shut(read_end);
    shut(write_end);
}
