/* What every tool must find, in the library's own thread: the program looks into the buffer of a read that
 * has completed, as far as it knows, and then frees one before the read completes. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME "\\\\.\\pipe\\wrong"

static OVERLAPPED overlapped;

int main(void)
{
    DWORD count;
    char *buffer = malloc(16);
    HANDLE server = CreateNamedPipeA(NAME, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE, 1, 64, 64,
                                     0, NULL);
    HANDLE client = CreateFileA(NAME, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    ReadFile(server, buffer, 16, NULL, &overlapped);
    WriteFile(client, "one", 4, &count, NULL);
    Sleep(200);
    puts(buffer);
    ReadFile(server, buffer, 16, NULL, &overlapped);
    free(buffer);
    WriteFile(client, "two", 4, &count, NULL);
    Sleep(200);
    return 0;
}
