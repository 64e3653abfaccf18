/* Rows 1 to 28: CreateNamedPipe. */
#include "harness.h"
#include <sddl.h>

static HANDLE create(const char *name, DWORD open_mode, DWORD pipe_mode, DWORD instances)
{
    return CreateNamedPipeA(name, open_mode, pipe_mode, instances, 512, 512, 5000, NULL);
}

/* One instance of this case's pipe. */
static HANDLE instance(DWORD open_mode, DWORD pipe_mode, DWORD instances)
{
    return create(pipe_name(), open_mode, pipe_mode, instances);
}

static void say_info(const char *what, HANDLE pipe)
{
    DWORD flags = 0, out = 0, in = 0, max = 0;
    if (!GetNamedPipeInfo(pipe, &flags, &out, &in, &max)) {
        say_call(what, FALSE);
        return;
    }
    say("%s: flags %u out %u in %u max %d", what, (unsigned)flags, (unsigned)out, (unsigned)in, (int)max);
}

CASE(1, "create__name_null__path_not_found")
{
    say_handle("CreateNamedPipe", create(NULL, PIPE_ACCESS_DUPLEX, BYTES, 1));
}

CASE(2, "create__not_below_pipe__invalid_name")
{
    say_handle("no prefix", create("not a pipe", PIPE_ACCESS_DUPLEX, BYTES, 1));
    say_handle("a file's path", create("c:\\no pipe", PIPE_ACCESS_DUPLEX, BYTES, 1));
}

CASE(3, "create__empty_name__invalid_name")
{
    say_handle("CreateNamedPipe", create("\\\\.\\pipe\\", PIPE_ACCESS_DUPLEX, BYTES, 1));
}

CASE_DOCS(4, "create__instances_0_or_above_255__invalid_parameter")
{
    shut(say_handle("0 instances", create(other_name("-0"), PIPE_ACCESS_DUPLEX, BYTES, 0)));
    shut(say_handle("256 instances", create(other_name("-256"), PIPE_ACCESS_DUPLEX, BYTES, 256)));
}

CASE_DOCS(5, "create__instances_255__unlimited_and_reported")
{
    HANDLE pipe = say_handle("CreateNamedPipe", instance(PIPE_ACCESS_DUPLEX, BYTES, 255));
    say_info("GetNamedPipeInfo", pipe);
    shut(pipe);
}

CASE(6, "create__no_access_bit__invalid_parameter")
{
    say_handle("CreateNamedPipe", instance(0, BYTES, 1));
    say_handle("FILE_FLAG_OVERLAPPED alone", instance(FILE_FLAG_OVERLAPPED, BYTES, 1));
}

CASE(7, "create__byte_type_with_message_read__invalid_parameter")
{
    say_handle("CreateNamedPipe", instance(PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE | PIPE_READMODE_MESSAGE, 1));
}

CASE_DOCS(8, "create__unknown_bits__fails")
{
    HANDLE pipe = create(other_name("-open"), PIPE_ACCESS_DUPLEX | 0x10, BYTES, 1);
    say_outcome("dwOpenMode bit 0x10", pipe != INVALID_HANDLE_VALUE);
    shut(pipe);
    pipe = create(other_name("-pipe"), PIPE_ACCESS_DUPLEX, BYTES | 0x100, 1);
    say_outcome("dwPipeMode bit 0x100", pipe != INVALID_HANDLE_VALUE);
    shut(pipe);
}

CASE(9, "create__first_instance_of_a_name_that_exists__access_denied")
{
    HANDLE one = say_handle("first", instance(PIPE_ACCESS_DUPLEX, BYTES, 3));
    HANDLE two = say_handle("first again",
                            instance(PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE, BYTES, 3));
    shut(two);
    shut(one);
}

CASE(10, "create__first_instance_and_limit_reached__pipe_busy")
{
    HANDLE one = say_handle("the only one", instance(PIPE_ACCESS_DUPLEX, BYTES, 1));
    say_handle("first again", instance(PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE, BYTES, 1));
    shut(one);
}

CASE(11, "create__plain_instance_after_a_first_one__succeeds")
{
    HANDLE one = say_handle("first", instance(PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE, BYTES, 2));
    HANDLE two = say_handle("plain", instance(PIPE_ACCESS_DUPLEX, BYTES, 2));
    shut(two);
    shut(one);
}

CASE(12, "create__more_than_the_limit__pipe_busy")
{
    HANDLE one = say_handle("1 of 2", instance(PIPE_ACCESS_DUPLEX, BYTES, 2));
    HANDLE two = say_handle("2 of 2", instance(PIPE_ACCESS_DUPLEX, BYTES, 2));
    say_handle("3 of 2", instance(PIPE_ACCESS_DUPLEX, BYTES, 2));
    shut(two);
    two = say_handle("after one is closed", instance(PIPE_ACCESS_DUPLEX, BYTES, 2));
    shut(two);
    shut(one);
}

CASE(13, "create__the_limit_is_the_first_instances")
{
    HANDLE one = say_handle("limit 3", instance(PIPE_ACCESS_DUPLEX, BYTES, 3));
    HANDLE two = say_handle("limit 2", instance(PIPE_ACCESS_DUPLEX, BYTES, 2));
    HANDLE three = say_handle("limit 4", instance(PIPE_ACCESS_DUPLEX, BYTES, 4));
    say_handle("limit 4, fourth", instance(PIPE_ACCESS_DUPLEX, BYTES, 4));
    shut(three);
    shut(two);
    shut(one);
}

CASE(14, "create__later_instance_with_another_access__access_denied")
{
    HANDLE one = say_handle("duplex", instance(PIPE_ACCESS_DUPLEX, BYTES, 3));
    say_handle("inbound", instance(PIPE_ACCESS_INBOUND, BYTES, 3));
    say_handle("outbound", instance(PIPE_ACCESS_OUTBOUND, BYTES, 3));
    shut(one);
}

CASE(15, "create__later_instance_with_another_type__succeeds_with_the_firsts")
{
    HANDLE one = say_handle("bytes, 5 instances", instance(PIPE_ACCESS_DUPLEX, BYTES, 5));
    HANDLE two = say_handle("messages, 3 instances, other sizes and wait",
                            CreateNamedPipeA(pipe_name(), PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE, 3, 100, 200,
                                             1, NULL));
    DWORD flags = 77, max = 77;
    say_call("GetNamedPipeInfo", GetNamedPipeInfo(two, &flags, NULL, NULL, &max));
    say("the second: %s, max %u", flags & PIPE_TYPE_MESSAGE ? "messages" : "bytes", (unsigned)max);
    shut(two);
    shut(one);
}

CASE_MODEL(16, "create__buffer_sizes_are_per_instance")
{
    HANDLE one = CreateNamedPipeA(pipe_name(), PIPE_ACCESS_DUPLEX, BYTES, 5, 1000, 2000, 0, NULL);
    HANDLE two = CreateNamedPipeA(pipe_name(), PIPE_ACCESS_DUPLEX, BYTES, 5, 300, 400, 0, NULL);
    say_info("first", one);
    say_info("second", two);
    shut(two);
    shut(one);
}

CASE(17, "create__names_ignore_case")
{
    char name[256];
    size_t i;
    HANDLE server = instance(PIPE_ACCESS_DUPLEX, BYTES, 1), client;
    strcpy(name, pipe_name());
    for (i = 0; name[i]; i++)
        if (name[i] >= 'a' && name[i] <= 'z')
            name[i] = (char)(name[i] - 'a' + 'A');
    client = say_handle("CreateFile in capitals, prefix too", open_name(name, READ_WRITE, 0));
    shut(client);
    shut(server);
    server = say_handle("CreateNamedPipe in capitals", create(name, PIPE_ACCESS_DUPLEX, BYTES, 1));
    client = say_handle("CreateFile in small letters", open_name(pipe_name(), READ_WRITE, 0));
    shut(client);
    shut(server);
}

CASE(18, "create__characters_that_files_may_not_have__allowed")
{
    static const char *const endings[] = {"<>", "*?", "|\"", ":", "/", "\\inner", "\\a\\b"};
    size_t i;
    for (i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
        HANDLE server = create(other_name(endings[i]), PIPE_ACCESS_DUPLEX, BYTES, 1), client;
        say("%s", endings[i]);
        say_handle("CreateNamedPipe", server);
        client = say_handle("CreateFile", open_name(other_name(endings[i]), READ_WRITE, 0));
        shut(client);
        shut(server);
    }
}

CASE(19, "create__trailing_backslash__is_part_of_the_name")
{
    HANDLE server = say_handle("CreateNamedPipe x\\", create(other_name("\\"), PIPE_ACCESS_DUPLEX, BYTES, 1));
    HANDLE client;
    say_handle("CreateFile x", open_name(pipe_name(), READ_WRITE, 0));
    client = say_handle("CreateFile x\\", open_name(other_name("\\"), READ_WRITE, 0));
    shut(client);
    shut(server);
}

CASE(20, "create__other_spellings_of_the_prefix__same_namespace")
{
    char name[256];
    HANDLE server, client;
    sprintf(name, "//./pipe/%s", pipe_name() + 9);
    server = say_handle("CreateNamedPipe //./pipe/x", create(name, PIPE_ACCESS_DUPLEX, BYTES, 1));
    client = say_handle("CreateFile \\\\.\\pipe\\x", open_name(pipe_name(), READ_WRITE, 0));
    shut(client);
    shut(server);
    sprintf(name, "\\\\?\\pipe\\%s", pipe_name() + 9);
    server = say_handle("CreateNamedPipe \\\\?\\pipe\\x", create(name, PIPE_ACCESS_DUPLEX, BYTES, 1));
    client = say_handle("CreateFile \\\\.\\pipe\\x", open_name(pipe_name(), READ_WRITE, 0));
    shut(client);
    shut(server);
}

CASE_DOCS(21, "create__name_longer_than_256__fails")
{
    char name[512];
    HANDLE pipe;
    memset(name, 'n', sizeof(name));
    memcpy(name, pipe_name(), strlen(pipe_name()));
    name[300] = 0;
    pipe = create(name, PIPE_ACCESS_DUPLEX, BYTES, 1);
    say_outcome("CreateNamedPipe of 300 characters", pipe != INVALID_HANDLE_VALUE);
    shut(pipe);
}

CASE_DOCS(22, "create__on_another_host__fails")
{
    HANDLE pipe = create("\\\\otherhost\\pipe\\x", PIPE_ACCESS_DUPLEX, BYTES, 1);
    say_outcome("CreateNamedPipe", pipe != INVALID_HANDLE_VALUE);
    shut(pipe);
}

CASE_DOCS(23, "create__default_timeout_0__is_50_milliseconds")
{
    HANDLE server = CreateNamedPipeA(pipe_name(), PIPE_ACCESS_DUPLEX, BYTES, 1, 512, 512, 0, NULL);
    HANDLE client = client_of(READ_WRITE, 0);
    ULONGLONG shortest = 1000000;
    int turn;
    BOOL ok = TRUE;
    for (turn = 0; turn < 4; turn++) {
        ULONGLONG begin = GetTickCount64(), passed;
        ok = WaitNamedPipeA(pipe_name(), NMPWAIT_USE_DEFAULT_WAIT);
        passed = GetTickCount64() - begin;
        if (passed < shortest)
            shortest = passed;
    }
    say_call("WaitNamedPipe with the default", ok);
    /* The clock's steps are up to 16 ms. */
    say("%s", shortest >= 30 ? "waited" : "returned at once");
    shut(client);
    shut(server);
}

CASE(24, "create__fresh_handle__signaled_and_a_pipe")
{
    HANDLE server = instance(PIPE_ACCESS_DUPLEX, BYTES, 1);
    say("%s", is_set(server) ? "signaled" : "not signaled");
    say("GetFileType %u", (unsigned)GetFileType(server));
    shut(server);
}

CASE(25, "create__access_granted")
{
    static const DWORD modes[] = {PIPE_ACCESS_DUPLEX, PIPE_ACCESS_INBOUND, PIPE_ACCESS_OUTBOUND};
    static const char *const names[] = {"duplex", "inbound", "outbound"};
    int i;
    for (i = 0; i < 3; i++) {
        HANDLE server = create(other_name(names[i]), modes[i], BYTES, 1);
        say("%s: 0x%X", names[i], (unsigned)access_of(server));
        shut(server);
    }
}

CASE(26, "create__last_server_closed__name_is_free_though_a_client_lives")
{
    HANDLE server = instance(PIPE_ACCESS_DUPLEX, BYTES, 1), client = client_of(READ_WRITE, 0), other;
    shut(server);
    say_handle("CreateFile", client_of(READ_WRITE, 0));
    server = say_handle("first instance again",
                        instance(PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE, BYTES, 1));
    other = say_handle("CreateFile", client_of(READ_WRITE, 0));
    shut(other);
    shut(client);
    shut(server);
}

static HANDLE with_security(DWORD open_mode, const char *sddl)
{
    SECURITY_ATTRIBUTES attributes = {sizeof(attributes), NULL, FALSE};
    HANDLE pipe;
    DWORD error;
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorA(sddl, SDDL_REVISION_1,
                                                              &attributes.lpSecurityDescriptor, NULL))
        say("no descriptor, %u", (unsigned)GetLastError());
    pipe = CreateNamedPipeA(pipe_name(), open_mode, BYTES, 5, 512, 512, 5000, &attributes);
    error = GetLastError();
    LocalFree(attributes.lpSecurityDescriptor);
    SetLastError(error);
    return pipe;
}

CASE(27, "create__later_instance_with_its_own_descriptor_and_write_owner__access_denied")
{
    HANDLE one = instance(PIPE_ACCESS_DUPLEX, BYTES, 5);
    HANDLE two = say_handle("CreateNamedPipe",
                            with_security(PIPE_ACCESS_DUPLEX | WRITE_OWNER, "O:SYG:SYD:(A;;GA;;;WD)"));
    shut(two);
    shut(one);
}

typedef LONG(WINAPI *security_set)(HANDLE, SECURITY_INFORMATION, PSECURITY_DESCRIPTOR);
typedef LONG(WINAPI *security_query)(HANDLE, SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, ULONG, ULONG *);

static void say_entries(const char *what, HANDLE pipe)
{
    union {
        FARPROC found;
        security_query call;
    } query;
    union {
        char bytes[1024];
        void *aligned;
    } space;
    ULONG needed = 0;
    PACL acl = NULL;
    BOOL present = FALSE, defaulted = FALSE;
    query.found = GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtQuerySecurityObject");
    if (!query.found ||
        query.call(pipe, DACL_SECURITY_INFORMATION, space.bytes, sizeof(space.bytes), &needed) < 0 ||
        !GetSecurityDescriptorDacl(space.bytes, &present, &acl, &defaulted) || !present || !acl)
        say("%s: no access list", what);
    else
        say("%s: %u entries", what, (unsigned)acl->AceCount);
}

CASE(28, "create__the_descriptor_is_the_pipes_not_the_instances")
{
    union {
        FARPROC found;
        security_set call;
    } set;
    PSECURITY_DESCRIPTOR narrow = NULL;
    HANDLE one = with_security(PIPE_ACCESS_DUPLEX | WRITE_DAC, "D:(A;;GA;;;WD)(A;;GA;;;BA)(A;;GR;;;SY)");
    HANDLE two = instance(PIPE_ACCESS_DUPLEX, BYTES, 5);
    HANDLE client = client_of(READ_WRITE, 0);
    say_entries("first", one);
    say_entries("second", two);
    say_entries("client", client);
    set.found = GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtSetSecurityObject");
    ConvertStringSecurityDescriptorToSecurityDescriptorA("D:(A;;GA;;;WD)", SDDL_REVISION_1, &narrow, NULL);
    say("set through the first: %s",
        set.found && set.call(one, DACL_SECURITY_INFORMATION, narrow) == 0 ? "ok" : "failed");
    LocalFree(narrow);
    say_entries("first", one);
    say_entries("second", two);
    say_entries("client", client);
    shut(two);
    shut(one);
    say_entries("client after the servers closed", client);
    shut(client);
}
