/*
 * The usual client: opens the pipe, waits with WaitNamedPipe while all instances are busy, switches
 * its end to reading messages, asks and prints the answers.
 *
 * client COUNT [PIPE]      asks COUNT questions
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFSIZE 16
#define TRIES 500

static HANDLE OpenPipe(LPCSTR lpszPipename)
{
    int i;

    for (i = 0; i < TRIES; i++) {
        HANDLE hPipe = CreateFileA(lpszPipename, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0,
                                   NULL);
        if (hPipe != INVALID_HANDLE_VALUE)
            return hPipe;
        if (GetLastError() == ERROR_PIPE_BUSY) {
            if (!WaitNamedPipeA(lpszPipename, 5000) && GetLastError() == ERROR_SEM_TIMEOUT)
                break;
        } else if (GetLastError() == ERROR_FILE_NOT_FOUND) {
            /* The server has not started yet. */
            Sleep(20);
        } else {
            break;
        }
    }
    return INVALID_HANDLE_VALUE;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1;
    LPCSTR lpszPipename = argc > 2 ? argv[2] : "\\\\.\\pipe\\example";
    HANDLE hPipe = OpenPipe(lpszPipename);
    DWORD dwMode = PIPE_READMODE_MESSAGE;
    int i;

    if (hPipe == INVALID_HANDLE_VALUE) {
        printf("could not open the pipe, error %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    if (!SetNamedPipeHandleState(hPipe, &dwMode, NULL, NULL)) {
        printf("SetNamedPipeHandleState failed, error %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    for (i = 1; i <= count; i++) {
        CHAR request[64];
        CHAR part[BUFSIZE];
        DWORD cbWritten, cbRead;
        BOOL fSuccess;

        sprintf(request, "question %d from the client", i);
        if (!WriteFile(hPipe, request, (DWORD)strlen(request), &cbWritten, NULL)) {
            printf("WriteFile failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
        printf("sent %lu bytes, received \"", (unsigned long)cbWritten);
        /* The buffer is smaller than the answer: the rest of a message comes with the next read. */
        do {
            fSuccess = ReadFile(hPipe, part, BUFSIZE, &cbRead, NULL);
            if (!fSuccess && GetLastError() != ERROR_MORE_DATA)
                break;
            printf("%.*s", (int)cbRead, part);
            if (!fSuccess)
                printf("|");
        } while (!fSuccess);
        printf("\"\n");
        if (!fSuccess) {
            printf("ReadFile failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
    }
    CloseHandle(hPipe);
    return 0;
}
