// Prints the server's greeting, and greets back.
#include <windows.h>
#include <stdio.h>

int main() {
    HANDLE pipe = CreateFile(TEXT("\\\\.\\pipe\\MyPipe"), GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                             0, NULL);
    if (pipe == INVALID_HANDLE_VALUE) {
        printf("CreateFile: %d\n", GetLastError());
        return 1;
    }
    char text[100] = "";
    DWORD length;
    if (!ReadFile(pipe, text, 99, &length, NULL)) {
        printf("ReadFile: %d\n", GetLastError());
        return 1;
    }
    printf("Received data from server: \"%s\"\n", text);
    printf("Sending response to server...\n");
    if (!WriteFile(pipe, "Hello, Server!", 14, &length, NULL)) {
        printf("WriteFile: %d\n", GetLastError());
        return 1;
    }
    CloseHandle(pipe);
    return 0;
}
