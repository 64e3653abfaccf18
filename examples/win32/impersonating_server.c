/*
 * A server that acts as its client: after it has read a message it takes on the client's identity, looks
 * at the token of its thread, and reverts.
 *
 * impersonating_server CLIENTS [PIPE]      answers one message of each client
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFSIZE 512

typedef union {
    TOKEN_USER user;
    BYTE room[256];
} USERINFO;

static const char *LevelName(SECURITY_IMPERSONATION_LEVEL level)
{
    switch (level) {
    case SecurityAnonymous:
        return "anonymous";
    case SecurityIdentification:
        return "identification";
    case SecurityImpersonation:
        return "impersonation";
    default:
        return "delegation";
    }
}

static BOOL GetUser(HANDLE hToken, USERINFO *info)
{
    DWORD size;
    return GetTokenInformation(hToken, TokenUser, info, sizeof(*info), &size);
}

/* What the thread's token says while it impersonates. */
static BOOL DescribeClient(HANDLE hPipe, char *text)
{
    HANDLE hToken, hProcessToken;
    SECURITY_IMPERSONATION_LEVEL level;
    USERINFO client, self;
    DWORD size;

    if (!ImpersonateNamedPipeClient(hPipe)) {
        printf("ImpersonateNamedPipeClient failed, error %lu\n", (unsigned long)GetLastError());
        return FALSE;
    }
    if (!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &hToken)) {
        printf("OpenThreadToken failed, error %lu\n", (unsigned long)GetLastError());
        return FALSE;
    }
    if (!RevertToSelf()) {
        printf("RevertToSelf failed, error %lu\n", (unsigned long)GetLastError());
        return FALSE;
    }
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &hProcessToken)
        || !GetTokenInformation(hToken, TokenImpersonationLevel, &level, sizeof(level), &size)
        || !GetUser(hToken, &client) || !GetUser(hProcessToken, &self)) {
        printf("reading the tokens failed, error %lu\n", (unsigned long)GetLastError());
        return FALSE;
    }
    sprintf(text, "%s of %s user", LevelName(level),
            EqualSid(client.user.User.Sid, self.user.User.Sid) ? "the same" : "another");
    CloseHandle(hToken);
    CloseHandle(hProcessToken);
    if (OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &hToken)) {
        printf("after RevertToSelf the thread still has a token\n");
        return FALSE;
    }
    sprintf(text + strlen(text), ", then error %lu", (unsigned long)GetLastError());
    return TRUE;
}

int main(int argc, char **argv)
{
    int clients = argc > 1 ? atoi(argv[1]) : 1;
    LPCSTR lpszPipename = argc > 2 ? argv[2] : "\\\\.\\pipe\\example";
    HANDLE hPipe;
    int i;

    hPipe = CreateNamedPipeA(lpszPipename, PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 1,
                             BUFSIZE, BUFSIZE, 0, NULL);
    if (hPipe == INVALID_HANDLE_VALUE) {
        printf("CreateNamedPipe failed, error %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    for (i = 1; i <= clients; i++) {
        char buffer[BUFSIZE], text[128];
        DWORD size;

        if (!ConnectNamedPipe(hPipe, NULL) && GetLastError() != ERROR_PIPE_CONNECTED) {
            printf("ConnectNamedPipe failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
        if (!ReadFile(hPipe, buffer, BUFSIZE, &size, NULL)) {
            printf("ReadFile failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
        if (!DescribeClient(hPipe, text))
            return 1;
        printf("client %d: %s\n", i, text);
        if (!WriteFile(hPipe, text, (DWORD)strlen(text), &size, NULL)) {
            printf("WriteFile failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
        FlushFileBuffers(hPipe);
        DisconnectNamedPipe(hPipe);
    }
    CloseHandle(hPipe);
    return 0;
}
