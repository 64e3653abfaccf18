/*
 * One thread for each client: the main thread creates an instance, waits until a client has come,
 * hands the instance to a new thread and goes on to the next one.
 *
 * threads_server CLIENTS [PIPE]      serves that many clients, then ends
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFSIZE 512
#define MAX_CLIENTS 32

static volatile LONG messages;

/* Answers each message with itself in capital letters, until the client goes. */
static DWORD WINAPI InstanceThread(LPVOID lpParam)
{
    HANDLE hPipe = (HANDLE)lpParam;
    CHAR buffer[BUFSIZE];
    DWORD cbRead, cbWritten, i;

    while (ReadFile(hPipe, buffer, sizeof(buffer), &cbRead, NULL)) {
        for (i = 0; i < cbRead; i++) {
            if (buffer[i] >= 'a' && buffer[i] <= 'z')
                buffer[i] = (CHAR)(buffer[i] - 'a' + 'A');
        }
        if (!WriteFile(hPipe, buffer, cbRead, &cbWritten, NULL) || cbWritten != cbRead) {
            printf("WriteFile failed, error %lu\n", (unsigned long)GetLastError());
            break;
        }
        InterlockedIncrement(&messages);
    }
    if (GetLastError() != ERROR_BROKEN_PIPE)
        printf("the conversation ended with error %lu\n", (unsigned long)GetLastError());

    FlushFileBuffers(hPipe);
    DisconnectNamedPipe(hPipe);
    CloseHandle(hPipe);
    return 0;
}

int main(int argc, char **argv)
{
    int clients = argc > 1 ? atoi(argv[1]) : 1;
    LPCSTR lpszPipename = argc > 2 ? argv[2] : "\\\\.\\pipe\\example";
    HANDLE hThreads[MAX_CLIENTS];
    int i;

    if (clients < 1 || clients > MAX_CLIENTS) {
        printf("usage: threads_server CLIENTS [PIPE], 1 to %d clients\n", MAX_CLIENTS);
        return 2;
    }
    for (i = 0; i < clients; i++) {
        DWORD dwThreadId;
        BOOL fConnected;
        HANDLE hPipe = CreateNamedPipeA(lpszPipename, PIPE_ACCESS_DUPLEX,
                                        PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT,
                                        PIPE_UNLIMITED_INSTANCES, BUFSIZE, BUFSIZE, 0, NULL);
        if (hPipe == INVALID_HANDLE_VALUE) {
            printf("CreateNamedPipe failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
        /* A client that came between the two calls is a good connection as well. */
        fConnected = ConnectNamedPipe(hPipe, NULL) || GetLastError() == ERROR_PIPE_CONNECTED;
        if (!fConnected) {
            printf("ConnectNamedPipe failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
        hThreads[i] = CreateThread(NULL, 0, InstanceThread, (LPVOID)hPipe, 0, &dwThreadId);
        if (hThreads[i] == NULL) {
            printf("CreateThread failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
    }
    if (WaitForMultipleObjects((DWORD)clients, hThreads, TRUE, INFINITE) != WAIT_OBJECT_0) {
        printf("WaitForMultipleObjects failed, error %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    for (i = 0; i < clients; i++)
        CloseHandle(hThreads[i]);
    printf("served %d clients, %ld messages\n", clients, (long)messages);
    return 0;
}
