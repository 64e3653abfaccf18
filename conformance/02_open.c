/* Rows 29 to 42: CreateFile on a pipe. */
#include "harness.h"
#include <sddl.h>

CASE(29, "open__no_such_pipe__2")
{
    say_handle("CreateFile", client_of(READ_WRITE, 0));
    say_handle("CreateFile overlapped", client_of(READ_WRITE, FILE_FLAG_OVERLAPPED));
}

CASE(30, "open__connect_was_never_called__connects")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES);
    HANDLE client = say_handle("CreateFile", client_of(READ_WRITE, 0));
    say_write("the client writes", client, "hello");
    say_read("the server reads", server, 100);
    shut(client);
    shut(server);
}

CASE(31, "open__every_instance_connected__pipe_busy")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES), second, client, other;
    client = say_handle("CreateFile", client_of(READ_WRITE, 0));
    say_handle("one more", client_of(READ_WRITE, 0));
    second = server_of(PIPE_ACCESS_DUPLEX, BYTES);
    other = say_handle("with a second instance", client_of(READ_WRITE, 0));
    say_handle("one more", client_of(READ_WRITE, 0));
    shut(other);
    shut(client);
    shut(second);
    shut(server);
}

CASE(32, "open__client_closed_but_not_disconnected__pipe_busy")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES);
    shut(client_of(READ_WRITE, 0));
    say_handle("CreateFile", client_of(READ_WRITE, 0));
    shut(server);
}

CASE(33, "open__disconnected_but_not_listening_again__pipe_busy")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    say_call("DisconnectNamedPipe", DisconnectNamedPipe(pair.server));
    say_handle("CreateFile", client_of(READ_WRITE, 0));
    close_pair(pair);
}

CASE(34, "open__only_client_handles_left__2")
{
    struct pair pair = pair_of(BYTES, 0, 0);
    shut(pair.server);
    say_handle("CreateFile", client_of(READ_WRITE, 0));
    shut(pair.client);
}

CASE(35, "open__against_the_direction__access_denied")
{
    HANDLE server = server_of(PIPE_ACCESS_INBOUND, BYTES), client;
    say_handle("inbound, read", client_of(GENERIC_READ, 0));
    say_handle("inbound, read and write", client_of(READ_WRITE, 0));
    client = say_handle("inbound, write", client_of(GENERIC_WRITE, 0));
    shut(client);
    shut(server);
    server = server_of(PIPE_ACCESS_OUTBOUND, BYTES);
    say_handle("outbound, write", client_of(GENERIC_WRITE, 0));
    say_handle("outbound, read and write", client_of(READ_WRITE, 0));
    client = say_handle("outbound, read", client_of(GENERIC_READ, 0));
    shut(client);
    shut(server);
}

CASE(36, "open__no_access__connects_and_uses_the_instance_up")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES);
    HANDLE client = say_handle("CreateFile", client_of(0, 0));
    say("access 0x%X", (unsigned)access_of(client));
    say_handle("CreateFile once more", client_of(READ_WRITE, 0));
    say_read("ReadFile", client, 1);
    say_write("WriteFile", client, "x");
    shut(client);
    shut(server);
}

static void say_who(const char *what, HANDLE client, HANDLE *servers, int count)
{
    DWORD bytes;
    int i;
    if (!WriteFile(client, "?", 1, &bytes, NULL)) {
        say("%s: failed %u", what, (unsigned)GetLastError());
        return;
    }
    for (i = 0; i < count; i++) {
        DWORD available = 0;
        char data[8];
        if (PeekNamedPipe(servers[i], NULL, 0, NULL, &available, NULL) && available) {
            say("%s: instance %d", what, i + 1);
            if (!ReadFile(servers[i], data, sizeof(data), &bytes, NULL))
                say("failed %u", (unsigned)GetLastError());
        }
    }
}

CASE(37, "open__instance_picked__the_one_that_listens_longest")
{
    HANDLE servers[3], clients[3];
    struct async *connect = new_async(), *again = new_async();
    int i;
    for (i = 0; i < 3; i++)
        servers[i] = server_of(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, BYTES);
    /* A pending ConnectNamedPipe on the last one changes nothing. */
    async_connect(servers[2], connect);
    say_started("ConnectNamedPipe of instance 3", connect);
    for (i = 0; i < 3; i++)
        clients[i] = client_of(READ_WRITE, 0);
    for (i = 0; i < 3; i++)
        say_who("in order of creation", clients[i], servers, 3);
    say_async("ConnectNamedPipe of instance 3", servers[2], connect, FALSE);
    /* Back to listening in the order 2, 1. */
    for (i = 1; i >= 0; i--) {
        shut(clients[i]);
        DisconnectNamedPipe(servers[i]);
        async_connect(servers[i], i ? connect : again);
    }
    for (i = 0; i < 2; i++)
        clients[i] = client_of(READ_WRITE, 0);
    for (i = 0; i < 2; i++)
        say_who("in order of ConnectNamedPipe", clients[i], servers, 3);
    for (i = 0; i < 3; i++) {
        shut(clients[i]);
        shut(servers[i]);
    }
    free_async(connect);
    free_async(again);
}

CASE(38, "open__first_mode_of_a_client__byte_read_and_blocking")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, MESSAGES | PIPE_NOWAIT);
    HANDLE client = client_of(READ_WRITE, 0);
    DWORD state = 77;
    say_call("GetNamedPipeHandleState", GetNamedPipeHandleStateA(client, &state, NULL, NULL, NULL, NULL, 0));
    say("client state %u", (unsigned)state);
    GetNamedPipeHandleStateA(server, &state, NULL, NULL, NULL, NULL, 0);
    say("server state %u", (unsigned)state);
    shut(client);
    shut(server);
}

CASE(39, "open__disposition__ignored")
{
    static const DWORD values[] = {CREATE_NEW, CREATE_ALWAYS, OPEN_EXISTING, OPEN_ALWAYS};
    int i;
    for (i = 0; i < 4; i++) {
        HANDLE server = server_of(PIPE_ACCESS_DUPLEX, BYTES), client;
        client = CreateFileA(pipe_name(), READ_WRITE, 0, NULL, values[i], 0, NULL);
        say("disposition %u: %s", (unsigned)values[i], client == INVALID_HANDLE_VALUE ? "failed" : "opens");
        shut(client);
        shut(server);
    }
}

CASE(40, "open__the_directory_itself__opens_but_is_no_pipe")
{
    HANDLE root = say_handle("CreateFile", CreateFileA("\\\\.\\pipe\\", GENERIC_READ, FILE_SHARE_READ |
                                                       FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL));
    DWORD state;
    say_outcome("PeekNamedPipe", PeekNamedPipe(root, NULL, 0, NULL, NULL, NULL));
    say_outcome("GetNamedPipeInfo", GetNamedPipeInfo(root, &state, NULL, NULL, NULL));
    say_outcome("GetNamedPipeHandleState",
                GetNamedPipeHandleStateA(root, &state, NULL, NULL, NULL, NULL, 0));
    say_outcome("ConnectNamedPipe", ConnectNamedPipe(root, NULL));
    say_outcome("DisconnectNamedPipe", DisconnectNamedPipe(root));
    shut(root);
}

static HANDLE with_list(PACL acl)
{
    SECURITY_DESCRIPTOR descriptor;
    SECURITY_ATTRIBUTES attributes = {sizeof(attributes), &descriptor, FALSE};
    InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION);
    SetSecurityDescriptorDacl(&descriptor, TRUE, acl, FALSE);
    return CreateNamedPipeA(pipe_name(), PIPE_ACCESS_DUPLEX, BYTES, 5, 512, 512, 5000, &attributes);
}

CASE(41, "open__access_list_denies__access_denied")
{
    union {
        ACL list;
        char bytes[64];
    } empty;
    HANDLE server, client;
    InitializeAcl(&empty.list, sizeof(empty), ACL_REVISION);
    server = say_handle("CreateNamedPipe with an empty list", with_list(&empty.list));
    client = say_handle("CreateFile", client_of(READ_WRITE, 0));
    shut(client);
    shut(server);
}

CASE(41, "open__access_list_denies_writing__access_denied_for_writing_only")
{
    SECURITY_ATTRIBUTES attributes = {sizeof(attributes), NULL, FALSE};
    HANDLE server, client;
    ConvertStringSecurityDescriptorToSecurityDescriptorA("D:(A;;GR;;;WD)", SDDL_REVISION_1,
                                                         &attributes.lpSecurityDescriptor, NULL);
    server = CreateNamedPipeA(pipe_name(), PIPE_ACCESS_DUPLEX, BYTES, 5, 512, 512, 5000, &attributes);
    LocalFree(attributes.lpSecurityDescriptor);
    client = say_handle("CreateFile to read and write", client_of(READ_WRITE, 0));
    shut(client);
    if (client != INVALID_HANDLE_VALUE) {
        DisconnectNamedPipe(server);
        shut(server);
        return;
    }
    client = say_handle("CreateFile to read", client_of(GENERIC_READ, 0));
    shut(client);
    shut(server);
}

CASE(42, "open__null_access_list__everyone_may")
{
    HANDLE server = say_handle("CreateNamedPipe", with_list(NULL)), client;
    client = say_handle("CreateFile", client_of(READ_WRITE, 0));
    shut(client);
    shut(server);
}
