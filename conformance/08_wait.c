/* Rows 140 to 149: WaitNamedPipe. */
#include "harness.h"

CASE(140, "wait__no_such_pipe__2_whatever_the_timeout")
{
    say_call("1 ms", WaitNamedPipeA(pipe_name(), NMPWAIT_NOWAIT));
    say_call("the default", WaitNamedPipeA(pipe_name(), NMPWAIT_USE_DEFAULT_WAIT));
    say_call("for ever", WaitNamedPipeA(pipe_name(), NMPWAIT_WAIT_FOREVER));
}

CASE(141, "wait__an_instance_listens__ok")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES);
    say_call("WaitNamedPipe", WaitNamedPipeA(pipe_name(), NMPWAIT_NOWAIT));
    say_call("for ever", WaitNamedPipeA(pipe_name(), NMPWAIT_WAIT_FOREVER));
    shut(server);
}

CASE(142, "wait__all_busy__121")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    ULONGLONG begin = GetTickCount64();
    say_call("WaitNamedPipe", WaitNamedPipeA(pipe_name(), 60));
    /* The clock's steps are up to 16 ms. */
    say("%s", GetTickCount64() - begin >= 40 ? "waited" : "returned at once");
    close_pair(pair);
}

CASE(143, "wait__values_of_the_timeout")
{
    /* The pipe's default is 100 ms. */
    HANDLE server = CreateNamedPipeA(pipe_name(), PIPE_ACCESS_DUPLEX, BYTES, 5, 512, 512, 100, NULL);
    HANDLE client = client_of(READ_WRITE, 0), second;
    struct work *wait;
    ULONGLONG begin;
    say_call("NMPWAIT_NOWAIT", WaitNamedPipeA(pipe_name(), NMPWAIT_NOWAIT));
    begin = GetTickCount64();
    say_call("NMPWAIT_USE_DEFAULT_WAIT", WaitNamedPipeA(pipe_name(), NMPWAIT_USE_DEFAULT_WAIT));
    /* The clock's steps are up to 16 ms. */
    say("%s", GetTickCount64() - begin >= 80 ? "waited" : "returned at once");
    wait = start_wait(pipe_name(), NMPWAIT_WAIT_FOREVER);
    Sleep(100);
    say_waiting("NMPWAIT_WAIT_FOREVER beyond the default", wait);
    second = server_of(PIPE_ACCESS_DUPLEX, BYTES);
    say_end("NMPWAIT_WAIT_FOREVER", wait);
    shut(second);
    shut(client);
    shut(server);
}

CASE(144, "wait__a_new_instance__wakes")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    struct work *wait = start_wait(pipe_name(), PATIENCE);
    HANDLE second;
    say_waiting("WaitNamedPipe", wait);
    second = server_of(PIPE_ACCESS_DUPLEX, BYTES);
    say_end("WaitNamedPipe", wait);
    shut(second);
    close_pair(pair);
}

CASE(145, "wait__connect_of_a_disconnected_instance__wakes_and_disconnect_alone_not")
{
    struct pair pair = pair_of(BYTES, FILE_FLAG_OVERLAPPED, 0);
    struct work *wait = start_wait(pipe_name(), PATIENCE);
    struct async *connect = new_async();
    say_waiting("WaitNamedPipe", wait);
    say_call("DisconnectNamedPipe", DisconnectNamedPipe(pair.server));
    say_waiting("WaitNamedPipe", wait);
    async_connect(pair.server, connect);
    say_started("ConnectNamedPipe", connect);
    say_end("WaitNamedPipe", wait);
    CancelIo(pair.server);
    WaitForSingleObject(connect->overlapped.hEvent, PATIENCE);
    close_pair(pair);
    free_async(connect);
}

CASE(146, "wait__last_server_closed_but_a_client_open__waits_on")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    struct work *wait = start_wait(pipe_name(), 4 * A_WHILE);
    say_waiting("WaitNamedPipe", wait);
    shut(pair.server);
    say_end("WaitNamedPipe", wait);
    shut(pair.client);
}

CASE_MODEL(147, "wait__pipe_fully_gone__2")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    struct work *wait = start_wait(pipe_name(), 4 * A_WHILE);
    say_waiting("WaitNamedPipe", wait);
    shut(pair.client);
    shut(pair.server);
    say_end("WaitNamedPipe", wait);
}

CASE_MODEL(148, "wait__not_a_pipes_name__bad_pathname")
{
    say_call("no prefix", WaitNamedPipeA("not a pipe", NMPWAIT_NOWAIT));
    say_call("a file's path", WaitNamedPipeA("c:\\no pipe", NMPWAIT_NOWAIT));
}

CASE_DOCS(149, "wait__reserves_nothing")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES), client;
    say_call("WaitNamedPipe", WaitNamedPipeA(pipe_name(), NMPWAIT_NOWAIT));
    client = say_handle("someone else opens", client_of(READ_WRITE, 0));
    say_handle("CreateFile", client_of(READ_WRITE, 0));
    shut(client);
    shut(server);
}
