// Writes where nobody reads any more: an error, and no signal. The standard error is broken from the start.
#include <signal.h>
#include <stdio.h>
#include <windows.h>

static volatile sig_atomic_t raised;

static void note(int number) {
    raised += number == SIGPIPE;
}

static void tell(const char *what, BOOL ok) {
    DWORD error = ok ? 0 : GetLastError();
    printf("%s: %lu\n", what, (unsigned long)error);
    fflush(stdout);
}

// Starts a program that reads nothing, and waits for its end.
static void run(const char *line, HANDLE input) {
    STARTUPINFOA startup = {sizeof(startup)};
    PROCESS_INFORMATION child;
    DWORD code;
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = input;
    startup.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    char copy[200];
    snprintf(copy, sizeof(copy), "%s", line);
    if (!CreateProcessA(NULL, copy, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &child)) {
        tell("CreateProcess", FALSE);
        return;
    }
    WaitForSingleObject(child.hProcess, INFINITE);
    if (GetExitCodeProcess(child.hProcess, &code) && code != 0)
        printf("the child: %lu\n", (unsigned long)code);
    CloseHandle(child.hThread);
    CloseHandle(child.hProcess);
}

int main(void) {
    SECURITY_ATTRIBUTES inherited = {sizeof(inherited), NULL, TRUE};
    HANDLE reader, writer, server, client;
    static char data[200000];
    DWORD written;

    tell("standard error", WriteFile(GetStdHandle(STD_ERROR_HANDLE), "x", 1, &written, NULL));

    CreatePipe(&reader, &writer, &inherited, 0);
    SetHandleInformation(writer, HANDLE_FLAG_INHERIT, 0);
    run("true", reader);
    CloseHandle(reader);
    tell("a child that has ended", WriteFile(writer, data, 10, &written, NULL));
    tell("more than fits", WriteFile(writer, data, sizeof(data), &written, NULL));

    signal(SIGPIPE, note);
    tell("with a handler", WriteFile(writer, data, 10, &written, NULL));
    printf("raised: %d\n", (int)raised);

    // One that the program holds back itself stays where it is.
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigprocmask(SIG_BLOCK, &set, NULL);
    tell("held back", WriteFile(writer, data, 10, &written, NULL));
    sigpending(&pending);
    printf("pending: %d\n", sigismember(&pending, SIGPIPE));
    raise(SIGPIPE);
    tell("raised by hand", WriteFile(writer, data, 10, &written, NULL));
    sigpending(&pending);
    printf("pending: %d\n", sigismember(&pending, SIGPIPE));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    printf("raised: %d\n", (int)raised);
    signal(SIGPIPE, SIG_DFL);
    CloseHandle(writer);

    // A named pipe as a standard stream is carried over by a thread.
    const char *name = "\\\\.\\pipe\\broken";
    server = CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX, 0, 1, 4096, 4096, 0, NULL);
    client = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, &inherited, OPEN_EXISTING, 0, NULL);
    ConnectNamedPipe(server, NULL);
    run("true", client);
    CloseHandle(client);
    while (WriteFile(server, data, 10, &written, NULL))
        Sleep(1);
    tell("carried over", FALSE);

    // What a child begins with is the default: it ends by the signal.
    run("sh -c \"kill -PIPE $$; exit 1\"", NULL);
    return 7;
}
