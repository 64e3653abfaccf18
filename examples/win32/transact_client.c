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

/* The last error in the system's own words. */
static void Complain(const char *function)
{
    DWORD dw = GetLastError();
    LPVOID lpMsgBuf = NULL;
    DWORD length = FormatMessageA(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM
                                      | FORMAT_MESSAGE_IGNORE_INSERTS,
                                  NULL, dw, MAKELANGID(LANG_NEUTRAL, SUBLANG_DEFAULT), (LPSTR)&lpMsgBuf, 0,
                                  NULL);

    if (length == 0)
        printf("%s failed, error %lu\n", function, (unsigned long)dw);
    else
        printf("%s failed, error %lu: %s\n", function, (unsigned long)dw, (char *)lpMsgBuf);
    LocalFree(lpMsgBuf);
}

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
        Complain("opening the pipe");
        return 1;
    }
    if (!SetNamedPipeHandleState(hPipe, &dwMode, NULL, NULL)) {
        Complain("SetNamedPipeHandleState");
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
            Complain("TransactNamedPipe");
            return 1;
        }
        printf("reply: %.*s\n", (int)cbRead, reply);
        while (!fSuccess) {
            fSuccess = ReadFile(hPipe, reply, sizeof(reply), &cbRead, NULL);
            if (!fSuccess && GetLastError() != ERROR_MORE_DATA) {
                Complain("ReadFile");
                return 1;
            }
            printf("   and: %.*s\n", (int)cbRead, reply);
        }
    }
    CloseHandle(hPipe);
    return 0;
}
