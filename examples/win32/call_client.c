/*
 * The shortest client: CallNamedPipe opens, asks, reads the answer and closes. Each call is a client of
 * its own to the server.
 *
 * call_client COUNT [PIPE]
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1;
    const char *name = argc > 2 ? argv[2] : "\\\\.\\pipe\\example";
    int i, tries = 0;

    for (i = 1; i <= count;) {
        char request[64], reply[20];
        DWORD size = 0;
        BOOL ok;

        sprintf(request, "call %d", i);
        if (i == count)
            strcat(request, ", whose answer is too long");
        ok = CallNamedPipeA(name, request, (DWORD)strlen(request), reply, sizeof(reply), &size, 5000);
        if (!ok && GetLastError() == ERROR_FILE_NOT_FOUND && tries++ < 500) {
            /* The server has not started yet, or is just making the next instance. */
            Sleep(20);
            continue;
        }
        if (!ok && GetLastError() != ERROR_MORE_DATA) {
            printf("CallNamedPipe failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
        printf("%.*s%s\n", (int)size, reply, ok ? "" : " (and more, which is lost)");
        i++;
    }
    return 0;
}
