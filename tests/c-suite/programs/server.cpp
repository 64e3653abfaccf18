// Greets one client, and prints the greeting that it gets.
#include <windows.h>
#include <stdio.h>

int main() {
    HANDLE pipe = CreateNamedPipe(TEXT("\\\\.\\pipe\\MyPipe"), PIPE_ACCESS_DUPLEX,
                                  PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT,
                                  PIPE_UNLIMITED_INSTANCES, 1024, 1024, NMPWAIT_USE_DEFAULT_WAIT, NULL);
    if (pipe == INVALID_HANDLE_VALUE) {
        printf("CreateNamedPipe: %d\n", GetLastError());
        return 1;
    }
    printf("Waiting for client connection...\n");
    if (!ConnectNamedPipe(pipe, NULL) && GetLastError() != ERROR_PIPE_CONNECTED) {
        printf("ConnectNamedPipe: %d\n", GetLastError());
        return 1;
    }
    printf("Sending data to client...\n");
    DWORD length;
    char text[100] = "";
    if (!WriteFile(pipe, "Hello, Client", 13, &length, NULL) || !ReadFile(pipe, text, 99, &length, NULL)) {
        printf("the client is gone: %d\n", GetLastError());
        return 1;
    }
    printf("Received data from client: \"%s\"\n", text);
    CloseHandle(pipe);
    return 0;
}
