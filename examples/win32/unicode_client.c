/*
 * The client of unicode_server, written with TCHAR: compiled as it stands it is a Unicode program.
 *
 * unicode_client COUNT [PIPE]
 */
#ifndef UNICODE
#define UNICODE
#endif
#ifndef _UNICODE
#define _UNICODE
#endif
#include <windows.h>
#include <stdio.h>
#include <tchar.h>

int _tmain(int argc, TCHAR *argv[])
{
    int count = argc > 1 ? _ttoi(argv[1]) : 1;
    LPCTSTR lpszPipename = argc > 2 ? argv[2] : TEXT("\\\\.\\pipe\\\x4f8b-\x00e9xample");
    HANDLE hPipe = INVALID_HANDLE_VALUE;
    DWORD dwMode = PIPE_READMODE_MESSAGE;
    int i;

    for (i = 0; i < 500 && hPipe == INVALID_HANDLE_VALUE; i++) {
        hPipe = CreateFile(lpszPipename, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
        if (hPipe == INVALID_HANDLE_VALUE)
            Sleep(20);
    }
    if (hPipe == INVALID_HANDLE_VALUE) {
        _tprintf(TEXT("could not open the pipe, error %lu\n"), (unsigned long)GetLastError());
        return 1;
    }
    if (!SetNamedPipeHandleState(hPipe, &dwMode, NULL, NULL)) {
        _tprintf(TEXT("SetNamedPipeHandleState failed, error %lu\n"), (unsigned long)GetLastError());
        return 1;
    }
    for (i = 1; i <= count; i++) {
        TCHAR request[64], reply[128];
        DWORD cbWritten, cbRead;
        int length;

        /* A character outside the basic plane takes two units. */
        length = wsprintf(request, TEXT("\xd83d\xde00 question %d of %s"), i, TEXT("\x03b1\x03b2"));
        if (!WriteFile(hPipe, request, (DWORD)length * sizeof(TCHAR), &cbWritten, NULL)) {
            _tprintf(TEXT("WriteFile failed, error %lu\n"), (unsigned long)GetLastError());
            return 1;
        }
        if (!ReadFile(hPipe, reply, sizeof(reply) - sizeof(TCHAR), &cbRead, NULL)) {
            _tprintf(TEXT("ReadFile failed, error %lu\n"), (unsigned long)GetLastError());
            return 1;
        }
        reply[cbRead / sizeof(TCHAR)] = 0;
        _tprintf(TEXT("sent %lu bytes, received %lu: %.10s..., echo is %s\n"), (unsigned long)cbWritten,
                 (unsigned long)cbRead, reply,
                 _tcscmp(reply + 11, request) == 0 ? TEXT("right") : TEXT("wrong"));
    }
    CloseHandle(hPipe);
    return 0;
}
