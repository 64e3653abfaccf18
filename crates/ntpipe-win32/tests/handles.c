/* Handles that processes put into each other's tables: parent into child, child into parent, and a parent that is
   gone before its child looks. Prints the same on Windows. */

#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER(h) ((unsigned long long)(ULONG_PTR)(h))
#define HANDLE_OF(n) ((HANDLE)(ULONG_PTR)(n))

static const char *program;

static void must(const char *what, BOOL done)
{
    if (!done) {
        printf("%s: error %lu\n", what, (unsigned long)GetLastError());
        fflush(stdout);
        ExitProcess(99);
    }
}

static HANDLE duplicate(HANDLE process, HANDLE source, DWORD access, BOOL inherit, DWORD options)
{
    HANDLE there = NULL;
    must("DuplicateHandle", DuplicateHandle(GetCurrentProcess(), source, process, &there, access, inherit, options));
    return there;
}

static void put(HANDLE to, const char *text)
{
    DWORD written;
    must("WriteFile", WriteFile(to, text, (DWORD)strlen(text), &written, NULL));
}

/* The next line; what it is worth is told by those who sent it. */
static void line(HANDLE from, char *text, DWORD size)
{
    DWORD len = 0, read;
    while (len + 1 < size) {
        must("ReadFile", ReadFile(from, text + len, 1, &read, NULL) && read == 1);
        if (text[len] == '\n')
            break;
        len++;
    }
    text[len] = 0;
}

/* This program once more, which inherits its standard streams alone. */
static PROCESS_INFORMATION start(const char *role, HANDLE out, HANDLE *in)
{
    SECURITY_ATTRIBUTES inherited = { sizeof inherited, NULL, TRUE };
    STARTUPINFOA startup;
    PROCESS_INFORMATION made;
    HANDLE read;
    char command[MAX_PATH + 64];
    memset(&startup, 0, sizeof startup);
    must("CreatePipe", CreatePipe(&read, in, &inherited, 0));
    must("SetHandleInformation", SetHandleInformation(*in, HANDLE_FLAG_INHERIT, 0));
    startup.cb = sizeof startup;
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = read;
    startup.hStdOutput = out;
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    sprintf(command, "\"%s\" %s %lu", program, role, (unsigned long)GetCurrentProcessId());
    must("CreateProcess", CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &made));
    CloseHandle(read);
    CloseHandle(made.hThread);
    return made;
}

static int child(DWORD parent_id)
{
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE), parent, read, write, event;
    unsigned long long out, go, waits, file, counter, lock;
    char text[256];
    DWORD flags = 0;
    LONG before = -1;
    BOOL done;
    line(in, text, sizeof text);
    must("numbers", sscanf(text, "%llx %llx %llx %llx %llx %llx", &out, &go, &waits, &file, &counter, &lock) == 6);

    must("wait", WaitForSingleObject(HANDLE_OF(go), 60000) == WAIT_OBJECT_0);
    must("flags", GetHandleInformation(HANDLE_OF(waits), &flags));
    sprintf(text, "flags %lu\n", (unsigned long)flags);
    put(HANDLE_OF(out), text);
    done = SetEvent(HANDLE_OF(waits));
    sprintf(text, "set without the right: %d %lu\n", done, (unsigned long)GetLastError());
    put(HANDLE_OF(out), text);
    put(HANDLE_OF(file), "from the child\n");
    must("release", ReleaseSemaphore(HANDLE_OF(counter), 1, &before));
    sprintf(text, "count before: %ld\n", (long)before);
    put(HANDLE_OF(out), text);
    sprintf(text, "the parent's mutex: %lu\n", (unsigned long)WaitForSingleObject(HANDLE_OF(lock), 0));
    put(HANDLE_OF(out), text);
    must("CloseHandle", CloseHandle(HANDLE_OF(lock)));
    done = CloseHandle(HANDLE_OF(lock));
    sprintf(text, "closed once more: %d %lu\n", done, (unsigned long)GetLastError());
    put(HANDLE_OF(out), text);

    parent = OpenProcess(PROCESS_DUP_HANDLE, FALSE, parent_id);
    must("OpenProcess", parent != NULL);
    must("CreatePipe", CreatePipe(&read, &write, NULL, 0));
    event = CreateEventA(NULL, TRUE, FALSE, NULL);
    put(write, "through the child's pipe\n");
    sprintf(text, "%llx %llx %llx\n", NUMBER(duplicate(parent, read, 0, FALSE, 3)),
            NUMBER(duplicate(parent, event, 0, FALSE, DUPLICATE_SAME_ACCESS)),
            NUMBER(duplicate(parent, HANDLE_OF(out), 0, FALSE, DUPLICATE_SAME_ACCESS)));
    sprintf(text + strlen(text), "source closed: %d\n", !CloseHandle(read));
    put(HANDLE_OF(out), text);
    SetEvent(event);
    return 0;
}

static void exchange(void)
{
    HANDLE in, read, write, go, waits, file, counter, lock, there[6], none;
    PROCESS_INFORMATION made;
    unsigned long long pipe, event, back;
    char text[256], path[MAX_PATH], dir[MAX_PATH];
    DWORD got;
    LARGE_INTEGER start_of_file;
    int at;
    must("CreatePipe", CreatePipe(&read, &write, NULL, 0));
    go = CreateEventA(NULL, FALSE, FALSE, NULL);
    waits = CreateEventA(NULL, FALSE, FALSE, NULL);
    counter = CreateSemaphoreA(NULL, 2, 9, NULL);
    lock = CreateMutexA(NULL, TRUE, NULL);
    GetTempPathA(MAX_PATH, dir);
    sprintf(path, "%shandles-%lu.txt", dir, (unsigned long)GetCurrentProcessId());
    file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, CREATE_ALWAYS,
                       FILE_ATTRIBUTE_NORMAL, NULL);
    must("CreateFile", file != INVALID_HANDLE_VALUE);
    made = start("child", GetStdHandle(STD_OUTPUT_HANDLE), &in);

    there[0] = duplicate(made.hProcess, write, 0, FALSE, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE);
    there[1] = duplicate(made.hProcess, go, 0, FALSE, DUPLICATE_SAME_ACCESS);
    there[2] = duplicate(made.hProcess, waits, SYNCHRONIZE, TRUE, 0);
    there[3] = duplicate(made.hProcess, file, 0, FALSE, DUPLICATE_SAME_ACCESS);
    there[4] = duplicate(made.hProcess, counter, 0, FALSE, DUPLICATE_SAME_ACCESS);
    there[5] = duplicate(made.hProcess, lock, 0, FALSE, DUPLICATE_SAME_ACCESS);
    for (text[0] = 0, at = 0; at < 6; at++)
        sprintf(text + strlen(text), "%llx%c", NUMBER(there[at]), at < 5 ? ' ' : '\n');
    put(in, text);
    SetEvent(go);

    for (at = 0; at < 5; at++) {
        line(read, text, sizeof text);
        printf("%s\n", text);
    }
    line(read, text, sizeof text);
    must("numbers back", sscanf(text, "%llx %llx %llx", &pipe, &event, &back) == 3);
    line(read, text, sizeof text);
    printf("%s\n", text);
    must("its event", WaitForSingleObject(HANDLE_OF(event), 60000) == WAIT_OBJECT_0);
    must("its end", WaitForSingleObject(made.hProcess, 60000) == WAIT_OBJECT_0);
    line(HANDLE_OF(pipe), text, sizeof text);
    printf("%s\n", text);
    printf("then: %d", ReadFile(HANDLE_OF(pipe), text, 1, &got, NULL));
    printf(" %lu\n", (unsigned long)GetLastError());

    /* The write end is still open here, by the number that came back. */
    put(HANDLE_OF(back), "my own end again\n");
    line(read, text, sizeof text);
    printf("%s, closed: %d\n", text, CloseHandle(HANDLE_OF(back)));
    printf("then: %d", ReadFile(read, text, 1, &got, NULL));
    printf(" %lu\n", (unsigned long)GetLastError());

    start_of_file.QuadPart = 0;
    must("SetFilePointerEx", SetFilePointerEx(file, start_of_file, NULL, FILE_BEGIN));
    line(file, text, sizeof text);
    printf("in the file: %s\n", text);
    for (at = 0; WaitForSingleObject(counter, 0) == WAIT_OBJECT_0; at++)
        continue;
    printf("count: %d\n", at);
    printf("into a process that has ended: %d",
           DuplicateHandle(GetCurrentProcess(), go, made.hProcess, &none, 0, FALSE, DUPLICATE_SAME_ACCESS));
    printf(" %lu\n", (unsigned long)GetLastError());
    CloseHandle(file);
    DeleteFileA(path);
}

/* Answers one request at each end of a pipe that it is given, and disconnects where it is the server. */
static int worker(void)
{
    unsigned long long end, is_server;
    char text[64], answer[80];
    DWORD len, mode;
    for (;;) {
        line(GetStdHandle(STD_INPUT_HANDLE), text, sizeof text);
        if (sscanf(text, "%llx %llu", &end, &is_server) != 2)
            return 0;
        must("request", ReadFile(HANDLE_OF(end), text, sizeof text - 1, &len, NULL));
        text[len] = 0;
        must("GetNamedPipeInfo", GetNamedPipeInfo(HANDLE_OF(end), &mode, NULL, NULL, NULL));
        sprintf(answer, "%s: mode %lu", text, (unsigned long)mode);
        must("answer", WriteFile(HANDLE_OF(end), answer, (DWORD)strlen(answer), &len, NULL));
        must("flush", FlushFileBuffers(HANDLE_OF(end)));
        if (is_server)
            must("disconnect", DisconnectNamedPipe(HANDLE_OF(end)));
        must("close", CloseHandle(HANDLE_OF(end)));
    }
}

/* One end of a named pipe stays here, the other one goes to the worker. */
static void serve(HANDLE worker_process, HANDLE worker_in, BOOL give_server)
{
    HANDLE server, client, stays, there;
    char name[64], text[80];
    DWORD len, mode = PIPE_READMODE_MESSAGE;
    BOOL done;
    sprintf(name, "\\\\.\\pipe\\handles-%lu-%d", (unsigned long)GetCurrentProcessId(), give_server);
    server = CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 1, 512, 512, 0, NULL);
    client = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    must("pipe", server != INVALID_HANDLE_VALUE && client != INVALID_HANDLE_VALUE);
    must("mode", SetNamedPipeHandleState(client, &mode, NULL, NULL));
    stays = give_server ? client : server;
    must("request", WriteFile(stays, "request", 7, &len, NULL));
    there = duplicate(worker_process, give_server ? server : client, 0, FALSE,
                      DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE);
    sprintf(text, "%llx %d\n", NUMBER(there), give_server);
    put(worker_in, text);
    must("answer", ReadFile(stays, text, sizeof text - 1, &len, NULL));
    text[len] = 0;
    printf("%s of the %s", text, give_server ? "server" : "client");
    done = ReadFile(stays, text, 1, &len, NULL);
    printf(", then: %d %lu\n", done, (unsigned long)GetLastError());
    CloseHandle(stays);
}

static void hand_over(void)
{
    HANDLE in;
    PROCESS_INFORMATION made = start("worker", GetStdHandle(STD_OUTPUT_HANDLE), &in);
    serve(made.hProcess, in, TRUE);
    serve(made.hProcess, in, FALSE);
    put(in, "end\n");
    must("its end", WaitForSingleObject(made.hProcess, 60000) == WAIT_OBJECT_0);
}

/* Starts a child, gives it what it needs, and ends; or waits to be killed. */
static int middle(BOOL stays)
{
    HANDLE in, out = GetStdHandle(STD_OUTPUT_HANDLE), there, self;
    PROCESS_INFORMATION made = start("leaf", GetStdHandle(STD_ERROR_HANDLE), &in);
    char text[64];
    there = duplicate(made.hProcess, out, 0, FALSE, DUPLICATE_SAME_ACCESS);
    self = duplicate(made.hProcess, GetCurrentProcess(), SYNCHRONIZE, FALSE, 0);
    sprintf(text, "%llx %llx\n", NUMBER(there), NUMBER(self));
    put(in, text);
    put(out, "sent\n");
    if (stays)
        Sleep(INFINITE);
    return 0;
}

static int leaf(void)
{
    unsigned long long out, parent;
    char text[64];
    line(GetStdHandle(STD_INPUT_HANDLE), text, sizeof text);
    must("numbers", sscanf(text, "%llx %llx", &out, &parent) == 2);
    must("its end", WaitForSingleObject(HANDLE_OF(parent), 60000) == WAIT_OBJECT_0);
    put(HANDLE_OF(out), "after its end\n");
    return 0;
}

static void outlive(const char *role)
{
    SECURITY_ATTRIBUTES inherited = { sizeof inherited, NULL, TRUE };
    PROCESS_INFORMATION made;
    HANDLE in, read, write;
    char text[64];
    DWORD got;
    must("CreatePipe", CreatePipe(&read, &write, &inherited, 0));
    must("SetHandleInformation", SetHandleInformation(read, HANDLE_FLAG_INHERIT, 0));
    made = start(role, write, &in);
    CloseHandle(write);
    line(read, text, sizeof text);
    printf("%s: %s", role, text);
    if (!strcmp(role, "killed"))
        must("TerminateProcess", TerminateProcess(made.hProcess, 7));
    line(read, text, sizeof text);
    printf(", %s", text);
    printf(", then: %d", ReadFile(read, text, 1, &got, NULL));
    printf(" %lu\n", (unsigned long)GetLastError());
}

int main(int argc, char **argv)
{
    program = argv[0];
    if (argc < 2) {
        setvbuf(stdout, NULL, _IONBF, 0);
        exchange();
        hand_over();
        outlive("ends");
        outlive("killed");
        return 0;
    }
    if (!strcmp(argv[1], "worker"))
        return worker();
    if (!strcmp(argv[1], "child"))
        return child(strtoul(argv[2], NULL, 10));
    return !strcmp(argv[1], "leaf") ? leaf() : middle(!strcmp(argv[1], "killed"));
}
