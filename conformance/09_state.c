/* Rows 150 to 166: states, GetNamedPipeInfo, and the ids of the ends. */
#include "harness.h"

static void say_state(const char *what, HANDLE pipe)
{
    DWORD state = 77, instances = 77;
    if (!GetNamedPipeHandleStateA(pipe, &state, &instances, NULL, NULL, NULL, 0))
        say_call(what, FALSE);
    else
        say("%s: state %u, %u instances", what, (unsigned)state, (unsigned)instances);
}

static void say_info(const char *what, HANDLE pipe)
{
    DWORD flags = 77, out = 77, in = 77, max = 77;
    if (!GetNamedPipeInfo(pipe, &flags, &out, &in, &max))
        say_call(what, FALSE);
    else
        say("%s: flags %u, out %u, in %u, max %u", what, (unsigned)flags, (unsigned)out, (unsigned)in,
            (unsigned)max);
}

CASE(150, "state__all_null__ok")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    say_call("GetNamedPipeHandleState",
             GetNamedPipeHandleStateA(pair.server, NULL, NULL, NULL, NULL, NULL, 0));
    say_call("SetNamedPipeHandleState", SetNamedPipeHandleState(pair.server, NULL, NULL, NULL));
    say_call("GetNamedPipeInfo", GetNamedPipeInfo(pair.server, NULL, NULL, NULL, NULL));
    say_call("the client's GetNamedPipeHandleState",
             GetNamedPipeHandleStateA(pair.client, NULL, NULL, NULL, NULL, NULL, 0));
    say_call("the client's SetNamedPipeHandleState", SetNamedPipeHandleState(pair.client, NULL, NULL, NULL));
    close_pair(pair);
}

CASE(151, "state__bits__nowait_and_message_read")
{
    static const DWORD modes[] = {BYTES, BYTES | PIPE_NOWAIT, PIPE_TYPE_MESSAGE, MESSAGES,
                                  MESSAGES | PIPE_NOWAIT};
    int i;
    for (i = 0; i < 5; i++) {
        HANDLE server = server_of(PIPE_ACCESS_DUPLEX, modes[i]);
        char what[32];
        sprintf(what, "mode %u", (unsigned)modes[i]);
        say_state(what, server);
        shut(server);
    }
}

CASE(152, "state__instances__of_the_name")
{
    HANDLE one = server_of(PIPE_ACCESS_DUPLEX, BYTES), two, client;
    say_state("the first", one);
    two = server_of(PIPE_ACCESS_DUPLEX, BYTES);
    client = client_of(READ_WRITE, 0);
    say_state("the first", one);
    say_state("the second", two);
    say_state("the client", client);
    shut(two);
    say_state("the first", one);
    shut(client);
    shut(one);
}

CASE(153, "state__collection_of_a_local_pipe__get_fails_with_87")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    DWORD count = 0, wait = 0;
    say_call("count, server", GetNamedPipeHandleStateA(pair.server, NULL, NULL, &count, NULL, NULL, 0));
    say_call("timeout, server", GetNamedPipeHandleStateA(pair.server, NULL, NULL, NULL, &wait, NULL, 0));
    say_call("both, client", GetNamedPipeHandleStateA(pair.client, NULL, NULL, &count, &wait, NULL, 0));
    close_pair(pair);
}

CASE_DOCS(154, "state__collection_of_a_local_pipe__set_fails_with_87")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    DWORD count = 100, wait = 100;
    say_call("count, server", SetNamedPipeHandleState(pair.server, NULL, &count, NULL));
    say_call("timeout, server", SetNamedPipeHandleState(pair.server, NULL, NULL, &wait));
    say_call("both, client", SetNamedPipeHandleState(pair.client, NULL, &count, &wait));
    close_pair(pair);
}

CASE(155, "state__message_read_on_a_byte_pipe__87")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    say_call("the server", set_mode(pair.server, PIPE_READMODE_MESSAGE));
    say_call("the client", set_mode(pair.client, PIPE_READMODE_MESSAGE));
    say_state("the server", pair.server);
    close_pair(pair);
}

CASE(156, "state__message_pipe__each_end_has_its_own_mode")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, MESSAGES);
    HANDLE client = client_of(READ_WRITE, 0);
    say_state("the server", server);
    say_state("the client", client);
    say_call("the server to bytes", set_mode(server, PIPE_READMODE_BYTE));
    say_call("the client to messages", set_mode(client, PIPE_READMODE_MESSAGE));
    say_state("the server", server);
    say_state("the client", client);
    say_call("the server to messages", set_mode(server, PIPE_READMODE_MESSAGE));
    say_call("the client to bytes", set_mode(client, PIPE_READMODE_BYTE));
    say_state("the server", server);
    say_state("the client", client);
    shut(client);
    shut(server);
}

CASE(157, "state__unknown_mode_bits__87")
{
    struct pair pair = pair_of(MESSAGES, 0, 0);
    say_call("bit 4", set_mode(pair.server, PIPE_TYPE_MESSAGE));
    say_call("bit 16", set_mode(pair.client, 16));
    say_call("all", set_mode(pair.client, 0xFFFFFFFF));
    close_pair(pair);
}

CASE(158, "state__without_write_attributes__access_denied")
{
    HANDLE server = server_of(PIPE_ACCESS_INBOUND, MESSAGES), client = client_of(GENERIC_WRITE, 0);
    say_call("an inbound server", set_mode(server, PIPE_READMODE_BYTE));
    shut(client);
    shut(server);
    server = server_of(PIPE_ACCESS_DUPLEX, MESSAGES);
    client = client_of(GENERIC_READ, 0);
    say_call("a client that asked to read", set_mode(client, PIPE_READMODE_MESSAGE));
    shut(client);
    shut(server);
}

CASE(159, "state__read_and_write_attributes__ok")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, MESSAGES);
    HANDLE client = say_handle("CreateFile", client_of(GENERIC_READ | FILE_WRITE_ATTRIBUTES, 0));
    say_call("SetNamedPipeHandleState", set_mode(client, PIPE_READMODE_MESSAGE));
    say_state("the client", client);
    shut(client);
    shut(server);
}

CASE(160, "state__without_read_attributes__access_denied")
{
    HANDLE server = server_of(PIPE_ACCESS_OUTBOUND, BYTES), client = client_of(GENERIC_READ, 0);
    say_state("an outbound server", server);
    say_call("its GetNamedPipeInfo", GetNamedPipeInfo(server, NULL, NULL, NULL, NULL));
    say_state("its client", client);
    say_call("the client's GetNamedPipeInfo", GetNamedPipeInfo(client, NULL, NULL, NULL, NULL));
    shut(client);
    shut(server);
    server = server_of(PIPE_ACCESS_DUPLEX, BYTES);
    client = client_of(GENERIC_WRITE, 0);
    say_state("a client that asked to write", client);
    say_call("its GetNamedPipeInfo", GetNamedPipeInfo(client, NULL, NULL, NULL, NULL));
    shut(client);
    shut(server);
}

CASE(161, "info__both_ends__same_numbers_and_one_is_the_server")
{
    HANDLE server = CreateNamedPipeA(pipe_name(), PIPE_ACCESS_DUPLEX, MESSAGES, 3, 1000, 2000, 0, NULL);
    HANDLE client = client_of(READ_WRITE, 0);
    say_info("the server", server);
    say_info("the client", client);
    shut(client);
    shut(server);
}

CASE(162, "info__anonymous__the_read_end_is_the_server")
{
    HANDLE read_end, write_end;
    say_call("CreatePipe", CreatePipe(&read_end, &write_end, NULL, 1000));
    say_info("the read end", read_end);
    say_info("the write end", write_end);
    shut(read_end);
    shut(write_end);
}

static void say_ids(const char *what, HANDLE pipe, DWORD client, DWORD server)
{
    DWORD id = 0, session, own = 1;
    ProcessIdToSessionId(GetCurrentProcessId(), &own);
    say("%s", what);
    say_call("client's process", GetNamedPipeClientProcessId(pipe, &id));
    say("%s", id == client ? "right" : "wrong");
    id = 0;
    say_call("server's process", GetNamedPipeServerProcessId(pipe, &id));
    say("%s", id == server ? "right" : "wrong");
    session = own + 1;
    say_call("client's session", GetNamedPipeClientSessionId(pipe, &session));
    say("%s", session == own ? "right" : "wrong");
    session = own + 1;
    say_call("server's session", GetNamedPipeServerSessionId(pipe, &session));
    say("%s", session == own ? "right" : "wrong");
}

/* Opens the pipe, says so by a byte, and stays until the server writes or goes. */
ROLE(client_that_stays)
{
    char data;
    DWORD bytes;
    HANDLE client = open_name(count ? arguments[0] : "", READ_WRITE, 0);
    if (!WriteFile(client, "x", 1, &bytes, NULL))
        return 1;
    return ReadFile(client, &data, 1, &bytes, NULL) ? 0 : 2;
}

CASE(163, "ids__connected__right_from_either_end_and_after_the_peer_closed")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    DWORD own = GetCurrentProcessId(), theirs;
    HANDLE process;
    struct work *connect;
    say_ids("the server", pair.server, own, own);
    say_ids("the client", pair.client, own, own);
    shut(pair.client);
    say_ids("the server after the client closed", pair.server, own, own);
    DisconnectNamedPipe(pair.server);
    connect = start_connect(pair.server);
    process = start_role("client_that_stays", pipe_name());
    theirs = GetProcessId(process);
    end_work(connect);
    say_read("the other process wrote", pair.server, 10);
    say_ids("the server, another process", pair.server, theirs, own);
    say_write("it may go", pair.server, "x");
    say("it ended with %u", (unsigned)end_of(process));
    say_ids("the server after it ended", pair.server, theirs, own);
    shut(pair.server);
}

CASE(164, "ids__null_output__122")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    say_call("client's process", GetNamedPipeClientProcessId(pair.server, NULL));
    say_call("server's process", GetNamedPipeServerProcessId(pair.client, NULL));
    say_call("server's session", GetNamedPipeServerSessionId(pair.client, NULL));
    close_pair(pair);
}

CASE(165, "ids__disconnected__1168_for_the_server_233_for_the_client")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    DWORD id = 0;
    DisconnectNamedPipe(pair.server);
    say_call("client's process, by the server", GetNamedPipeClientProcessId(pair.server, &id));
    say_call("client's session, by the server", GetNamedPipeClientSessionId(pair.server, &id));
    say_call("client's process, by the client", GetNamedPipeClientProcessId(pair.client, &id));
    say_call("server's process, by the client", GetNamedPipeServerProcessId(pair.client, &id));
    say_call("client's session, by the client", GetNamedPipeClientSessionId(pair.client, &id));
    say_call("server's session, by the client", GetNamedPipeServerSessionId(pair.client, &id));
    close_pair(pair);
}

CASE_UNVERIFIED(166, "computer_name__of_a_local_client__229")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    char name[64];
    say_call("GetNamedPipeClientComputerName",
             GetNamedPipeClientComputerNameA(pair.server, name, sizeof(name)));
    close_pair(pair);
}
