/* Rows 215 to 224: a server that takes on its client's identity. */
#include "harness.h"

/* The token that this thread impersonates with, if there is one. */
static void say_token(const char *what)
{
    static const char *const levels[] = {"anonymous", "identification", "impersonation", "delegation"};
    HANDLE token;
    DWORD size, level = 99;
    if (!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token)) {
        say("%s: no token, %u", what, (unsigned)GetLastError());
        return;
    }
    if (!GetTokenInformation(token, TokenImpersonationLevel, &level, sizeof(level), &size))
        say("%s: no level, %u", what, (unsigned)GetLastError());
    else
        say("%s: level %s", what, level < 4 ? levels[level] : "unknown");
    CloseHandle(token);
}

/* Impersonates, says the token, and reverts. */
static void say_impersonation(const char *what, HANDLE pipe)
{
    if (say_call(what, ImpersonateNamedPipeClient(pipe))) {
        say_token(what);
        RevertToSelf();
    }
}

static void exchange(struct pair pair)
{
    say_write("the client writes", pair.client, "message");
    say_read("the server reads", pair.server, 100);
}

/* A pair whose client was opened with these security flags. */
static struct pair pair_with(DWORD flags)
{
    return pair_of(MESSAGES, 0, flags);
}

CASE(215, "impersonate__nothing_read_yet_or_listening__1368")
{
    HANDLE server = server_of(PIPE_ACCESS_DUPLEX, MESSAGES);
    struct pair pair;
    say_impersonation("listening", server);
    shut(server);
    pair = pair_with(0);
    say_impersonation("connected", pair.server);
    say_write("the client writes", pair.client, "message");
    say_impersonation("written but not read", pair.server);
    say_read("the server reads", pair.server, 100);
    say_impersonation("read", pair.server);
    close_pair(pair);
}

/* TRUE when the token names the user of this process. */
static BOOL same_user(HANDLE token)
{
    union {
        TOKEN_USER user;
        char space[256];
    } own, other;
    HANDLE process;
    DWORD size;
    BOOL same = OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &process);
    same = same && GetTokenInformation(process, TokenUser, &own, sizeof(own), &size);
    same = same && GetTokenInformation(token, TokenUser, &other, sizeof(other), &size);
    same = same && EqualSid(own.user.User.Sid, other.user.User.Sid);
    CloseHandle(process);
    return same;
}

CASE(216, "impersonate__after_a_message_was_read__level_impersonation")
{
    struct pair pair = pair_with(0);
    HANDLE token = NULL;
    exchange(pair);
    say_token("before");
    if (say_call("ImpersonateNamedPipeClient", ImpersonateNamedPipeClient(pair.server))) {
        say_token("thread");
        if (say_call("OpenThreadToken", OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token))) {
            say("user: %s", same_user(token) ? "the client's" : "another");
            CloseHandle(token);
        }
        say_call("RevertToSelf", RevertToSelf());
    }
    close_pair(pair);
}

/* Takes all privileges from this thread by giving it a token without them. Returns the token. */
static HANDLE drop_privileges(void)
{
    HANDLE process, token = NULL;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY, &process)) {
        say("no process token, %u", (unsigned)GetLastError());
        return NULL;
    }
    if (!DuplicateTokenEx(process, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation, TokenImpersonation, &token))
        say("no token of one's own, %u", (unsigned)GetLastError());
    else if (!AdjustTokenPrivileges(token, TRUE, NULL, 0, NULL, NULL))
        say("privileges stay, %u", (unsigned)GetLastError());
    else if (!SetThreadToken(NULL, token))
        say("no token for the thread, %u", (unsigned)GetLastError());
    CloseHandle(process);
    return token;
}

/* Whether the client that is impersonated has any privilege enabled. */
static void say_privileges(const char *what, HANDLE pipe)
{
    union {
        TOKEN_PRIVILEGES privileges;
        char space[2048];
    } held;
    HANDLE token;
    DWORD size, i, enabled = 0;
    if (!ImpersonateNamedPipeClient(pipe)) {
        say("%s: not impersonated, %u", what, (unsigned)GetLastError());
        return;
    }
    if (!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token)) {
        say("%s: no token, %u", what, (unsigned)GetLastError());
    } else {
        if (!GetTokenInformation(token, TokenPrivileges, &held, sizeof(held), &size))
            say("%s: no privileges, %u", what, (unsigned)GetLastError());
        for (i = 0; i < held.privileges.PrivilegeCount; i++)
            if (held.privileges.Privileges[i].Attributes & SE_PRIVILEGE_ENABLED)
                enabled++;
        say("%s: %s", what, enabled ? "with privileges" : "without privileges");
        CloseHandle(token);
    }
    RevertToSelf();
}

CASE(217, "impersonate__static_tracking__context_of_the_open")
{
    struct pair pair = pair_with(SECURITY_SQOS_PRESENT | SECURITY_IMPERSONATION);
    HANDLE token;
    say_impersonation("connected, nothing read", pair.server);
    token = drop_privileges();
    say_write("the client writes without privileges", pair.client, "message");
    RevertToSelf();
    say_read("the server reads", pair.server, 100);
    say_privileges("after the read", pair.server);
    CloseHandle(token);
    close_pair(pair);
}

CASE(218, "impersonate__dynamic_tracking__context_of_the_last_message_read")
{
    static const DWORD flags[] = {
        0, SECURITY_SQOS_PRESENT | SECURITY_IMPERSONATION | SECURITY_CONTEXT_TRACKING};
    static const char *const names[] = {"by default", "asked for"};
    int i;
    for (i = 0; i < 2; i++) {
        struct pair pair = pair_with(flags[i]);
        HANDLE token;
        say("dynamic tracking %s", names[i]);
        say_write("the client writes", pair.client, "first");
        token = drop_privileges();
        say_write("the client writes without privileges", pair.client, "second");
        RevertToSelf();
        say_read("the server reads", pair.server, 100);
        say_privileges("first", pair.server);
        say_read("the server reads", pair.server, 100);
        say_privileges("second", pair.server);
        say_write("the client writes", pair.client, "third");
        say_privileges("third not read", pair.server);
        say_read("the server reads", pair.server, 100);
        say_privileges("third", pair.server);
        CloseHandle(token);
        close_pair(pair);
    }
}

CASE_DOCS(219, "impersonate__level_of_the_open__token_of_that_level")
{
    static const DWORD levels[] = {SECURITY_IDENTIFICATION, SECURITY_IMPERSONATION, SECURITY_DELEGATION};
    static const char *const names[] = {"identification", "impersonation", "delegation"};
    struct pair pair;
    HANDLE token = NULL;
    int i;
    for (i = 0; i < 3; i++) {
        pair = pair_with(SECURITY_SQOS_PRESENT | levels[i]);
        exchange(pair);
        say_impersonation(names[i], pair.server);
        close_pair(pair);
    }
    pair = pair_with(SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS);
    exchange(pair);
    if (say_call("anonymous", ImpersonateNamedPipeClient(pair.server))) {
        say_outcome("OpenThreadToken", OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token));
        shut(token);
        RevertToSelf();
    }
    close_pair(pair);
}

CASE_MODEL(220, "impersonate__on_the_client__1")
{
    struct pair pair = pair_with(0);
    say_call("nothing read", ImpersonateNamedPipeClient(pair.client));
    say_write("the server writes", pair.server, "message");
    say_read("the client reads", pair.client, 100);
    say_call("read", ImpersonateNamedPipeClient(pair.client));
    RevertToSelf();
    close_pair(pair);
}

CASE(221, "impersonate__client_closed__still_works")
{
    struct pair pair = pair_with(0);
    exchange(pair);
    shut(pair.client);
    say_impersonation("client closed", pair.server);
    shut(pair.server);
}

CASE_MODEL(222, "impersonate__disconnected__1368")
{
    struct pair pair = pair_with(0);
    exchange(pair);
    say_call("DisconnectNamedPipe", DisconnectNamedPipe(pair.server));
    say_impersonation("disconnected", pair.server);
    close_pair(pair);
}

CASE(223, "impersonate__reverted__no_token")
{
    struct pair pair = pair_with(0);
    exchange(pair);
    say_call("ImpersonateNamedPipeClient", ImpersonateNamedPipeClient(pair.server));
    say_token("impersonating");
    say_call("RevertToSelf", RevertToSelf());
    say_token("reverted");
    say_call("RevertToSelf again", RevertToSelf());
    close_pair(pair);
}

static void say_user(const char *what, HANDLE pipe)
{
    char user[256] = "", own[256] = "";
    DWORD size = sizeof(own);
    BOOL ok = GetNamedPipeHandleStateA(pipe, NULL, NULL, NULL, NULL, user, sizeof(user));
    if (!say_outcome(what, ok))
        return;
    GetUserNameA(own, &size);
    say("%s: %s", what, strcmp(user, own) == 0 ? "the client's name" : "another name");
}

CASE(224, "user_name__needs_someone_to_impersonate_and_identification")
{
    struct pair pair = pair_with(0);
    say_user("nothing read", pair.server);
    exchange(pair);
    say_user("read", pair.server);
    close_pair(pair);
    pair = pair_with(SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION);
    say_user("identification", pair.server);
    close_pair(pair);
    pair = pair_with(SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS);
    exchange(pair);
    say_user("anonymous", pair.server);
    close_pair(pair);
}
