/* How fast the C functions are: 64-byte messages between two processes, each on a CPU of its own.
 *   speed serve MODE COUNT     makes the pipe, starts `speed call`, prints nanoseconds per message
 *   speed call MODE COUNT
 * MODE: trip (blocking, there and back), way (blocking, one way), port (one way, read with OVERLAPPED through a
 * completion port), handles (COUNT pairs of ends in one process, then a message through each). */
#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 64
#define DEPTH 16

static char name[64];

static void fail(const char *what)
{
    fprintf(stderr, "%s: %u\n", what, (unsigned)GetLastError());
    exit(1);
}

static void pin(int cpu)
{
#if defined(__linux__)
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0)
        fail("sched_setaffinity");
#else
    SetThreadAffinityMask(GetCurrentThread(), (DWORD_PTR)1 << cpu);
#endif
}

static double now(void)
{
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    return (double)count.QuadPart * 1e9 / (double)frequency.QuadPart;
}

static void get(HANDLE pipe, char *message)
{
    DWORD length;
    if (!ReadFile(pipe, message, SIZE, &length, NULL) || length != SIZE)
        fail("ReadFile");
}

static void put(HANDLE pipe, const char *message)
{
    DWORD length;
    if (!WriteFile(pipe, message, SIZE, &length, NULL) || length != SIZE)
        fail("WriteFile");
}

/* Keeps DEPTH reads pending at the port; each that is complete is started anew. */
static void read_port(HANDLE pipe, long count)
{
    static OVERLAPPED slots[DEPTH];
    static char messages[DEPTH][SIZE];
    HANDLE port = CreateIoCompletionPort(pipe, NULL, 1, 1);
    long started = 0, done = 0;
    DWORD length;
    ULONG_PTR key;
    OVERLAPPED *slot;
    int i;
    if (port == NULL)
        fail("CreateIoCompletionPort");
    for (i = 0; i < DEPTH; i++, started++)
        if (!ReadFile(pipe, messages[i], SIZE, NULL, &slots[i]) && GetLastError() != ERROR_IO_PENDING)
            fail("ReadFile");
    while (done < count) {
        if (!GetQueuedCompletionStatus(port, &length, &key, &slot, INFINITE) || length != SIZE)
            fail("GetQueuedCompletionStatus");
        done++;
        i = (int)(slot - slots);
        if (started < count) {
            started++;
            if (!ReadFile(pipe, messages[i], SIZE, NULL, slot) && GetLastError() != ERROR_IO_PENDING)
                fail("ReadFile");
        }
    }
    CloseHandle(port);
}

static HANDLE make(const char *mode)
{
    DWORD overlapped = strcmp(mode, "port") == 0 ? FILE_FLAG_OVERLAPPED : 0;
    HANDLE pipe = CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX | overlapped,
                                   PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT,
                                   PIPE_UNLIMITED_INSTANCES, 65536, 65536, 0, NULL);
    if (pipe == INVALID_HANDLE_VALUE)
        fail("CreateNamedPipe");
    return pipe;
}

static HANDLE call(void)
{
    DWORD read_mode = PIPE_READMODE_MESSAGE;
    HANDLE pipe = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (pipe == INVALID_HANDLE_VALUE)
        fail("CreateFile");
    if (!SetNamedPipeHandleState(pipe, &read_mode, NULL, NULL))
        fail("SetNamedPipeHandleState");
    return pipe;
}

static void serve(const char *mode, long count, HANDLE pipe)
{
    char message[SIZE];
    double start;
    long i;
    get(pipe, message);
    start = now();
    if (strcmp(mode, "trip") == 0) {
        for (i = 0; i < count; i++) {
            put(pipe, message);
            get(pipe, message);
        }
    } else if (strcmp(mode, "way") == 0) {
        for (i = 0; i < count; i++)
            get(pipe, message);
    } else {
        read_port(pipe, count);
    }
    printf("%.1f\n", (now() - start) / (double)count);
}

static void answer(const char *mode, long count, HANDLE pipe)
{
    char message[SIZE] = "message";
    long i;
    put(pipe, message);
    for (i = 0; i < count; i++) {
        if (strcmp(mode, "trip") == 0)
            get(pipe, message);
        put(pipe, message);
    }
    FlushFileBuffers(pipe);
}

static void handles(long count)
{
    HANDLE *ends = malloc(sizeof(*ends) * 2 * (size_t)count);
    char message[SIZE] = "message";
    double start = now();
    long i;
    for (i = 0; i < count; i++) {
        ends[2 * i] = make("way");
        ends[2 * i + 1] = call();
    }
    for (i = 0; i < count; i++) {
        put(ends[2 * i], message);
        get(ends[2 * i + 1], message);
    }
    for (i = 0; i < 2 * count; i++)
        CloseHandle(ends[i]);
    printf("%.1f\n", (now() - start) / (double)count);
    free(ends);
}

int main(int argc, char **argv)
{
    HANDLE pipe;
    long count;
    if (argc < 4)
        return 2;
    count = atol(argv[3]);
    sprintf(name, "\\\\.\\pipe\\speed-%s", argc > 4 ? argv[4] : "one");
    if (strcmp(argv[2], "handles") == 0) {
        handles(count);
    } else if (strcmp(argv[1], "serve") == 0) {
        STARTUPINFOA startup = {sizeof(startup)};
        PROCESS_INFORMATION child;
        char line[1024];
        pipe = make(argv[2]);
        sprintf(line, "\"%s\" call %s %s %s", argv[0], argv[2], argv[3], argc > 4 ? argv[4] : "one");
        if (!CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &child))
            fail("CreateProcess");
        pin(0);
        if (!ConnectNamedPipe(pipe, NULL) && GetLastError() != ERROR_PIPE_CONNECTED)
            fail("ConnectNamedPipe");
        serve(argv[2], count, pipe);
        WaitForSingleObject(child.hProcess, INFINITE);
    } else {
        pin(1);
        pipe = call();
        answer(argv[2], count, pipe);
        CloseHandle(pipe);
    }
    return 0;
}
