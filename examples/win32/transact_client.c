/*
 * One call for question and answer: TransactNamedPipe writes a message and reads the reply. What does not
 * fit into the reply buffer is read with ReadFile.
 *
 * transact_client COUNT [PIPE]
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1;
    LPCSTR lpszPipename = argc > 2 ? argv[2] : "\\\\.\\pipe\\example";
    HANDLE hPipe = INVALID_HANDLE_VALUE;
    DWORD dwMode = PIPE_READMODE_MESSAGE;
    int i;

    for (i = 0; i < 500 && hPipe == INVALID_HANDLE_VALUE; i++) {
        hPipe = CreateFileA(lpszPipename, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
        if (hPipe == INVALID_HANDLE_VALUE && GetLastError() == ERROR_PIPE_BUSY)
            WaitNamedPipeA(lpszPipename, 2000);
        else if (hPipe == INVALID_HANDLE_VALUE)
            Sleep(20);
    }
    if (hPipe == INVALID_HANDLE_VALUE) {
        printf("could not open the pipe, error %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    if (!SetNamedPipeHandleState(hPipe, &dwMode, NULL, NULL)) {
        printf("SetNamedPipeHandleState failed, error %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    for (i = 1; i <= count; i++) {
        CHAR request[64], reply[12];
        DWORD cbRead;
        BOOL fSuccess;

        sprintf(request, "transaction %d", i);
        fSuccess = TransactNamedPipe(hPipe, request, (DWORD)strlen(request), reply, sizeof(reply), &cbRead,
                                     NULL);
        if (!fSuccess && GetLastError() != ERROR_MORE_DATA) {
            printf("TransactNamedPipe failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
        printf("reply: %.*s\n", (int)cbRead, reply);
        while (!fSuccess) {
            fSuccess = ReadFile(hPipe, reply, sizeof(reply), &cbRead, NULL);
            if (!fSuccess && GetLastError() != ERROR_MORE_DATA) {
                printf("ReadFile failed, error %lu\n", (unsigned long)GetLastError());
                return 1;
            }
            printf("   and: %.*s\n", (int)cbRead, reply);
        }
    }
    CloseHandle(hPipe);
    return 0;
}
