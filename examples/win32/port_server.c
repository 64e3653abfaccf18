/*
 * A completion port with two worker threads. Each instance is bound to the port with its own address as key;
 * the main thread waits until enough clients were served and stops the workers with packets of its own.
 *
 * port_server CLIENTS [PIPE]      serves that many clients, then ends
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

#define INSTANCES 3
#define WORKERS 2
#define BUFSIZE 512
#define STOP_KEY 0

enum operation { CONNECT, READ, WRITE };

struct instance {
    OVERLAPPED overlapped;
    HANDLE pipe;
    enum operation operation;
    char buffer[BUFSIZE];
};

static HANDLE port, enough;
static LONG wanted;
static volatile LONG served, messages;

static void fail(const char *what)
{
    printf("%s failed, error %lu\n", what, (unsigned long)GetLastError());
    ExitProcess(1);
}

static void start_connect(struct instance *inst)
{
    inst->operation = CONNECT;
    ZeroMemory(&inst->overlapped, sizeof(inst->overlapped));
    if (ConnectNamedPipe(inst->pipe, &inst->overlapped) || GetLastError() == ERROR_IO_PENDING)
        return;
    /* For a client that is there already no packet comes, so one is posted. */
    if (GetLastError() != ERROR_PIPE_CONNECTED)
        fail("ConnectNamedPipe");
    if (!PostQueuedCompletionStatus(port, 0, (ULONG_PTR)inst, &inst->overlapped))
        fail("PostQueuedCompletionStatus");
}

static void reconnect(struct instance *inst)
{
    DisconnectNamedPipe(inst->pipe);
    if (InterlockedIncrement(&served) == wanted)
        SetEvent(enough);
    start_connect(inst);
}

static BOOL start_read(struct instance *inst)
{
    inst->operation = READ;
    ZeroMemory(&inst->overlapped, sizeof(inst->overlapped));
    return ReadFile(inst->pipe, inst->buffer, BUFSIZE, NULL, &inst->overlapped)
        || GetLastError() == ERROR_IO_PENDING;
}

static BOOL start_write(struct instance *inst, DWORD size)
{
    DWORD i;

    for (i = 0; i < size; i++) {
        if (inst->buffer[i] >= 'a' && inst->buffer[i] <= 'z')
            inst->buffer[i] = (char)(inst->buffer[i] - 'a' + 'A');
    }
    InterlockedIncrement(&messages);
    inst->operation = WRITE;
    ZeroMemory(&inst->overlapped, sizeof(inst->overlapped));
    return WriteFile(inst->pipe, inst->buffer, size, NULL, &inst->overlapped)
        || GetLastError() == ERROR_IO_PENDING;
}

static DWORD WINAPI worker(LPVOID unused)
{
    (void)unused;
    for (;;) {
        DWORD size;
        ULONG_PTR key;
        LPOVERLAPPED overlapped;
        BOOL ok = GetQueuedCompletionStatus(port, &size, &key, &overlapped, INFINITE);
        struct instance *inst = (struct instance *)key;
        BOOL going;

        if (!ok && overlapped == NULL)
            fail("GetQueuedCompletionStatus");
        if (key == STOP_KEY)
            return 0;
        if (!ok)
            going = FALSE;
        else if (inst->operation == READ)
            going = start_write(inst, size);
        else
            going = start_read(inst);
        if (!going)
            reconnect(inst);
    }
}

int main(int argc, char **argv)
{
    static struct instance instances[INSTANCES];
    const char *name = argc > 2 ? argv[2] : "\\\\.\\pipe\\example";
    HANDLE workers[WORKERS];
    int i;

    wanted = argc > 1 ? atoi(argv[1]) : 1;
    enough = CreateEvent(NULL, TRUE, FALSE, NULL);
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    if (enough == NULL || port == NULL)
        fail("creating the port");
    for (i = 0; i < WORKERS; i++) {
        workers[i] = CreateThread(NULL, 0, worker, NULL, 0, NULL);
        if (workers[i] == NULL)
            fail("CreateThread");
    }
    for (i = 0; i < INSTANCES; i++) {
        instances[i].pipe = CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                                             PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, INSTANCES,
                                             BUFSIZE, BUFSIZE, 0, NULL);
        if (instances[i].pipe == INVALID_HANDLE_VALUE)
            fail("CreateNamedPipe");
        if (CreateIoCompletionPort(instances[i].pipe, port, (ULONG_PTR)&instances[i], 0) != port)
            fail("CreateIoCompletionPort");
        start_connect(&instances[i]);
    }
    WaitForSingleObject(enough, INFINITE);
    for (i = 0; i < WORKERS; i++)
        PostQueuedCompletionStatus(port, 0, STOP_KEY, NULL);
    WaitForMultipleObjects(WORKERS, workers, TRUE, INFINITE);
    printf("served %ld clients, %ld messages\n", (long)wanted, (long)messages);
    return 0;
}
