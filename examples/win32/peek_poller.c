/*
 * A loop that never blocks in a read: it asks PeekNamedPipe whether something has come, and does other work
 * otherwise. The writer is this same program, started again with the pipe as its standard output.
 *
 * peek_poller COUNT      the child prints COUNT lines
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int writer(int count)
{
    HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
    int i;

    for (i = 1; i <= count; i++) {
        char line[32];
        DWORD written;

        sprintf(line, "measurement %d\n", i);
        if (!WriteFile(out, line, (DWORD)strlen(line), &written, NULL))
            return 1;
        Sleep(30);
    }
    return 0;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1;
    SECURITY_ATTRIBUTES sa = { sizeof(sa), NULL, TRUE };
    STARTUPINFOA si;
    PROCESS_INFORMATION pi;
    HANDLE read_end, write_end;
    char path[MAX_PATH], command[MAX_PATH + 64], line[64];
    size_t length = 0;
    long idle = 0;
    int lines = 0;

    if (argc > 2)
        return writer(count);
    if (!CreatePipe(&read_end, &write_end, &sa, 0)
        || !SetHandleInformation(read_end, HANDLE_FLAG_INHERIT, 0)) {
        printf("making the pipe failed, error %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    GetModuleFileNameA(NULL, path, MAX_PATH);
    sprintf(command, "\"%s\" %d writer", path, count);
    memset(&si, 0, sizeof(si));
    si.cb = sizeof(si);
    si.dwFlags = STARTF_USESTDHANDLES;
    si.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    si.hStdOutput = write_end;
    si.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessA(path, command, NULL, NULL, TRUE, 0, NULL, NULL, &si, &pi)) {
        printf("CreateProcess failed, error %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    CloseHandle(write_end);

    for (;;) {
        DWORD available = 0, got;

        if (!PeekNamedPipe(read_end, NULL, 0, NULL, &available, NULL)) {
            if (GetLastError() == ERROR_BROKEN_PIPE)
                break;
            printf("PeekNamedPipe failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
        if (available == 0) {
            idle++;
            Sleep(1);
            continue;
        }
        if (available > sizeof(line) - length)
            available = (DWORD)(sizeof(line) - length);
        if (!ReadFile(read_end, line + length, available, &got, NULL) || got != available) {
            printf("a read of what was peeked must be complete\n");
            return 1;
        }
        length += got;
        while (length > 0) {
            char *end = (char *)memchr(line, '\n', length);
            size_t used;

            if (end == NULL)
                break;
            printf("read: %.*s\n", (int)(end - line), line);
            lines++;
            used = (size_t)(end - line) + 1;
            length -= used;
            memmove(line, end + 1, length);
        }
    }
    WaitForSingleObject(pi.hProcess, INFINITE);
    CloseHandle(pi.hProcess);
    CloseHandle(pi.hThread);
    CloseHandle(read_end);
    printf("%d lines, %s other work in between\n", lines, idle > 0 ? "and" : "but no");
    return 0;
}
