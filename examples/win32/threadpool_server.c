/*
 * The thread pool's I/O object: before each overlapped call StartThreadpoolIo announces it, and the
 * callback runs in a thread of the pool once the call is over.
 *
 * threadpool_server CLIENTS [PIPE]      serves that many clients one after the other, then ends
 */
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0601
#endif
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

#define BUFSIZE 512

enum state { CONNECTING, READING, WRITING };

struct connection {
    HANDLE pipe;
    PTP_IO io;
    OVERLAPPED overlapped;
    enum state state;
    char buffer[BUFSIZE];
    HANDLE over;
    int messages;
};

static void fail(const char *what)
{
    printf("%s failed, error %lu\n", what, (unsigned long)GetLastError());
    ExitProcess(1);
}

/* Starts what the state says. A call that fails at once brings no callback: the conversation ends here. */
static void start(struct connection *c, enum state state, DWORD size)
{
    BOOL ok;

    c->state = state;
    ZeroMemory(&c->overlapped, sizeof(c->overlapped));
    StartThreadpoolIo(c->io);
    if (state == READING)
        ok = ReadFile(c->pipe, c->buffer, BUFSIZE, NULL, &c->overlapped);
    else
        ok = WriteFile(c->pipe, c->buffer, size, NULL, &c->overlapped);
    if (!ok && GetLastError() != ERROR_IO_PENDING) {
        CancelThreadpoolIo(c->io);
        SetEvent(c->over);
    }
}

static VOID CALLBACK completed(PTP_CALLBACK_INSTANCE instance, PVOID context, PVOID overlapped, ULONG result,
                               ULONG_PTR bytes, PTP_IO io)
{
    struct connection *c = (struct connection *)context;
    ULONG_PTR i;

    (void)instance;
    (void)io;
    if (overlapped != &c->overlapped)
        printf("the callback got a strange OVERLAPPED\n");
    if (result != NO_ERROR) {
        SetEvent(c->over);
        return;
    }
    if (c->state != READING) {
        start(c, READING, 0);
        return;
    }
    for (i = 0; i < bytes; i++) {
        if (c->buffer[i] >= 'a' && c->buffer[i] <= 'z')
            c->buffer[i] = (char)(c->buffer[i] - 'a' + 'A');
    }
    c->messages++;
    start(c, WRITING, (DWORD)bytes);
}

int main(int argc, char **argv)
{
    int clients = argc > 1 ? atoi(argv[1]) : 1;
    const char *name = argc > 2 ? argv[2] : "\\\\.\\pipe\\example";
    struct connection c;
    int i;

    ZeroMemory(&c, sizeof(c));
    c.over = CreateEvent(NULL, FALSE, FALSE, NULL);
    c.pipe = CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                              PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 1, BUFSIZE, BUFSIZE, 0, NULL);
    if (c.pipe == INVALID_HANDLE_VALUE)
        fail("CreateNamedPipe");
    c.io = CreateThreadpoolIo(c.pipe, completed, &c, NULL);
    if (c.io == NULL)
        fail("CreateThreadpoolIo");
    for (i = 0; i < clients; i++) {
        c.state = CONNECTING;
        ZeroMemory(&c.overlapped, sizeof(c.overlapped));
        StartThreadpoolIo(c.io);
        if (!ConnectNamedPipe(c.pipe, &c.overlapped) && GetLastError() == ERROR_PIPE_CONNECTED) {
            CancelThreadpoolIo(c.io);
            start(&c, READING, 0);
        } else if (GetLastError() != ERROR_IO_PENDING) {
            fail("ConnectNamedPipe");
        }
        WaitForSingleObject(c.over, INFINITE);
        if (!DisconnectNamedPipe(c.pipe))
            fail("DisconnectNamedPipe");
    }
    WaitForThreadpoolIoCallbacks(c.io, FALSE);
    CloseThreadpoolIo(c.io);
    CloseHandle(c.pipe);
    CloseHandle(c.over);
    printf("served %d clients, %d messages\n", clients, c.messages);
    return 0;
}
