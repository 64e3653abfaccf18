// What a plain `fork` copies is of no use in the child, and harms nobody.
#include <fcntl.h>
#include <io.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <windows.h>

static atomic_bool stop;

static void tell(const char *what, BOOL ok) {
    DWORD error = ok ? 0 : GetLastError();
    printf("%s: %lu\n", what, (unsigned long)error);
    fflush(stdout);
}

static void join(pid_t child) {
    int status;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        printf("the child: %x\n", status);
    fflush(stdout);
}

static HANDLE server_of(const char *name) {
    return CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 2, 512, 512, 0,
                            NULL);
}

static HANDLE client_of(const char *name) {
    return CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
}

// Uses all ends, then closes them and ends in order.
static void use(HANDLE server, HANDLE client, HANDLE waiting, HANDLE reader, HANDLE writer) {
    char data[8];
    DWORD count, state;
    alarm(60);
    tell("server writes", WriteFile(server, "copy", 4, &count, NULL));
    tell("server reads", ReadFile(server, data, 8, &count, NULL));
    tell("client writes", WriteFile(client, "copy", 4, &count, NULL));
    tell("client reads", ReadFile(client, data, 8, &count, NULL));
    tell("client transacts", TransactNamedPipe(client, "copy", 4, data, 8, &count, NULL));
    tell("peek", PeekNamedPipe(client, NULL, 0, NULL, &count, NULL));
    tell("state", GetNamedPipeHandleStateA(client, &state, NULL, NULL, NULL, NULL, 0));
    tell("flush", FlushFileBuffers(server));
    tell("disconnect", DisconnectNamedPipe(server));
    tell("connect", ConnectNamedPipe(waiting, NULL));
    tell("reader reads", ReadFile(reader, data, 8, &count, NULL));
    tell("writer writes", WriteFile(writer, "copy", 4, &count, NULL));
    HANDLE all[] = {server, client, waiting, reader, writer};
    for (int i = 0; i < 5; i++)
        if (!CloseHandle(all[i]))
            tell("close", FALSE);

    // Its own pipes work.
    HANDLE own_server = server_of("\\\\.\\pipe\\own"), own_client = client_of("\\\\.\\pipe\\own");
    tell("own write", WriteFile(own_server, "own", 3, &count, NULL));
    tell("own read", ReadFile(own_client, data, 8, &count, NULL));
    CloseHandle(own_server);
    CloseHandle(own_client);
    exit(0);
}

static void *busy(void *argument) {
    HANDLE *ends = argument;
    char data[3000] = {0};
    DWORD count;
    while (!stop)
        if (!WriteFile(ends[0], data, 1 + rand() % sizeof(data), &count, NULL))
            break;
    return NULL;
}

static void *drain(void *argument) {
    HANDLE *ends = argument;
    char data[3000];
    DWORD count;
    while (ReadFile(ends[1], data, sizeof(data), &count, NULL))
        continue;
    return NULL;
}

// Begins to wait for descriptors, and takes a mutex, over and over.
static void *waits(void *argument) {
    HANDLE all[64], mutex = CreateMutexA(NULL, FALSE, NULL);
    for (int i = 0; i < 64; i++)
        all[i] = *(HANDLE *)argument;
    while (!stop) {
        if (WaitForMultipleObjects(64, all, FALSE, 1) != WAIT_TIMEOUT)
            break;
        WaitForSingleObject(mutex, INFINITE);
        ReleaseMutex(mutex);
    }
    CloseHandle(mutex);
    return NULL;
}

// Whether what waits for others works in a copy of a process that was in the middle of it.
static BOOL own_waits(void) {
    HANDLE reader, writer, mutex = CreateMutexA(NULL, TRUE, NULL);
    char data[1];
    DWORD count;
    BOOL done = CreatePipe(&reader, &writer, NULL, 0) && WriteFile(writer, "x", 1, &count, NULL)
        && ReadFile(reader, data, 1, &count, NULL) && ReleaseMutex(mutex);
    CloseHandle(reader);
    CloseHandle(writer);
    CloseHandle(mutex);
    return done;
}

static DWORD WINAPI sets(void *event) {
    SetEvent(*(HANDLE *)event);
    return 0;
}

static void CALLBACK calls(PTP_CALLBACK_INSTANCE instance, void *event, PTP_WORK work) {
    sets(event);
}

// Makes a pipe of this name, an event, a thread, work, a read that goes on; uses them and closes them.
static BOOL make(const char *name) {
    HANDLE one = CreateNamedPipeA("\\\\.\\pipe\\of-all", PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 99, 64, 64, 0, NULL);
    HANDLE server = CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE, 9, 64, 64, 0, NULL);
    HANDLE client = client_of(name), event = CreateEventA(NULL, FALSE, FALSE, NULL);
    OVERLAPPED overlapped = {.hEvent = event};
    char data[1];
    DWORD count = 0;
    BOOL done = client != INVALID_HANDLE_VALUE;
    if (done && !ReadFile(server, data, 1, NULL, &overlapped))
        done = WriteFile(client, "x", 1, &count, NULL) && WaitForSingleObject(event, INFINITE) == WAIT_OBJECT_0
            && GetOverlappedResult(server, &overlapped, &count, FALSE);
    HANDLE thread = CreateThread(NULL, 0, sets, &event, 0, NULL);
    done = WaitForSingleObject(event, INFINITE) == WAIT_OBJECT_0 && WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0
        && done;
    PTP_WORK work = CreateThreadpoolWork(calls, &event, NULL);
    SubmitThreadpoolWork(work);
    done = WaitForSingleObject(event, INFINITE) == WAIT_OBJECT_0 && done;
    WaitForThreadpoolWorkCallbacks(work, FALSE);
    CloseThreadpoolWork(work);
    HANDLE all[] = {thread, client, server, event, one};
    for (int i = 0; i < 5; i++)
        done = CloseHandle(all[i]) && done;
    return done;
}

static void *makes(void *name) {
    while (!stop)
        if (!make(name))
            tell("make", FALSE);
    return NULL;
}

int main(void) {
    alarm(120);
    HANDLE server = server_of("\\\\.\\pipe\\forked"), client = client_of("\\\\.\\pipe\\forked");
    HANDLE waiting = server_of("\\\\.\\pipe\\forked"), reader, writer;
    char data[8];
    DWORD count;
    CreatePipe(&reader, &writer, NULL, 0);
    // Both ways were used, and something is unread.
    WriteFile(server, "one", 3, &count, NULL);
    WriteFile(client, "two", 3, &count, NULL);
    WriteFile(writer, "three", 5, &count, NULL);

    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        use(server, client, waiting, reader, writer);
    join(child);

    // The parent has noticed nothing.
    tell("client reads", ReadFile(client, data, 8, &count, NULL));
    printf("%.*s\n", (int)count, data);
    tell("server reads", ReadFile(server, data, 8, &count, NULL));
    printf("%.*s\n", (int)count, data);
    tell("reader reads", ReadFile(reader, data, 8, &count, NULL));
    printf("%.*s\n", (int)count, data);
    tell("server writes", WriteFile(server, "more", 4, &count, NULL));
    tell("client reads", ReadFile(client, data, 8, &count, NULL));
    HANDLE late = client_of("\\\\.\\pipe\\forked");
    tell("the other instance", late != INVALID_HANDLE_VALUE);
    tell("late write", WriteFile(late, "late", 4, &count, NULL));
    tell("late read", ReadFile(waiting, data, 8, &count, NULL));
    CloseHandle(server);
    tell("after the close", ReadFile(client, data, 8, &count, NULL));
    CloseHandle(writer);
    tell("after the close", ReadFile(reader, data, 8, &count, NULL));

    // Forks in the middle of everything: neither the copies nor the programs that are started hang.
    HANDLE ends[2];
    pthread_t threads[4];
    CreatePipe(&ends[1], &ends[0], NULL, 0);
    pthread_create(&threads[0], NULL, drain, ends);
    for (int i = 1; i < 4; i++)
        pthread_create(&threads[i], NULL, busy, ends);
    for (int i = 0; i < 40; i++) {
        child = fork();
        if (child == 0) {
            alarm(20);
            if (WriteFile(ends[0], "x", 1, &count, NULL) || GetLastError() != ERROR_INVALID_HANDLE)
                _exit(1);
            if (ReadFile(ends[1], data, 1, &count, NULL) || GetLastError() != ERROR_INVALID_HANDLE)
                _exit(2);
            if (i % 2)
                _exit(0);
            execlp("true", "true", NULL);
            _exit(3);
        }
        join(child);
    }
    STARTUPINFOA sleeping = {sizeof(sleeping)};
    PROCESS_INFORMATION sleeper;
    char sleep_line[] = "sleep 600";
    if (!CreateProcessA(NULL, sleep_line, NULL, NULL, FALSE, 0, NULL, NULL, &sleeping, &sleeper))
        tell("CreateProcess", FALSE);
    pthread_t waiters[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&waiters[i], NULL, waits, &sleeper.hProcess);
    for (int i = 0; i < 40; i++) {
        child = fork();
        if (child == 0) {
            alarm(20);
            _exit(own_waits() ? 0 : 1);
        }
        join(child);
    }
    if (system("exit 0") != 0)
        printf("system\n");
    for (int i = 0; i < 20; i++) {
        STARTUPINFOA startup = {sizeof(startup)};
        PROCESS_INFORMATION started;
        char line[] = "true";
        if (!CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &started)) {
            tell("CreateProcess", FALSE);
            break;
        }
        WaitForSingleObject(started.hProcess, INFINITE);
        CloseHandle(started.hThread);
        CloseHandle(started.hProcess);
    }
    stop = TRUE;
    for (int i = 1; i < 4; i++)
        pthread_join(threads[i], NULL);
    CloseHandle(ends[0]);
    pthread_join(threads[0], NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(waiters[i], NULL);
    TerminateProcess(sleeper.hProcess, 0);
    CloseHandle(sleeper.hThread);
    CloseHandle(sleeper.hProcess);

    // Forks while others make everything: a copy makes its own, and an instance of a pipe of theirs.
    stop = FALSE;
    char *names[] = {"\\\\.\\pipe\\made-one", "\\\\.\\pipe\\made-two", "\\\\.\\pipe\\made-three"};
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, makes, names[i]);
    fflush(stdout);
    for (int i = 0; i < 60; i++) {
        child = fork();
        if (child == 0) {
            alarm(20);
            exit(make("\\\\.\\pipe\\copied") ? 0 : 1);
        }
        join(child);
    }
    stop = TRUE;
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);

    // A descriptor of a full pipe: its parent waits for the copy, and reads only then.
    CreatePipe(&reader, &writer, NULL, 16);
    int descriptor = _open_osfhandle((intptr_t)writer, 0);
    static char piece[4096];
    size_t sent = 0;
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    for (int full = 0; full < 3; full++) {
        ssize_t count;
        while ((count = write(descriptor, piece, sizeof(piece))) > 0)
            sent += count;
        Sleep(20);
    }
    child = fork();
    if (child == 0) {
        alarm(20);
        exit(0);
    }
    join(child);
    while (sent > 0 && ReadFile(reader, piece, sizeof(piece), &count, NULL))
        sent -= count;
    if (sent > 0)
        tell("what was written to the descriptor", FALSE);
    printf("the end\n");
    return 0;
}
