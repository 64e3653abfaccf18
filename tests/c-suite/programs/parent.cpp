// Reads what a child prints: both of its streams through one anonymous pipe.
#include <windows.h>
#include <stdio.h>

int main() {
    HANDLE reader, writer;
    SECURITY_ATTRIBUTES inherited = {sizeof(inherited), NULL, TRUE};
    if (!CreatePipe(&reader, &writer, &inherited, 0)) {
        printf("CreatePipe: %d\n", GetLastError());
        return 1;
    }
    STARTUPINFO startup = {sizeof(startup)};
    PROCESS_INFORMATION child;
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdOutput = startup.hStdError = writer;
    if (!CreateProcess(NULL, (char *)"child.exe", NULL, NULL, TRUE, 0, NULL, NULL, &startup, &child)) {
        printf("CreateProcess: %d\n", GetLastError());
        return 1;
    }
    CloseHandle(writer);
    char text[512];
    DWORD length;
    while (ReadFile(reader, text, sizeof(text), &length, NULL))
        printf("Read from pipe: %.*s", (int)length, text);
    printf("the end: %d\n", GetLastError());
    CloseHandle(reader);
    CloseHandle(child.hThread);
    CloseHandle(child.hProcess);
    return 0;
}
