/*
 * A Unicode program through and through: wmain, wide names, wide texts in the pipe.
 *
 * unicode_server COUNT [PIPE]      answers COUNT messages of one client
 */
#ifndef UNICODE
#define UNICODE
#endif
#ifndef _UNICODE
#define _UNICODE
#endif
#include <windows.h>
#include <stdio.h>
#include <wchar.h>

int wmain(int argc, wchar_t *argv[])
{
    int count = argc > 1 ? (int)wcstol(argv[1], NULL, 10) : 1;
    LPCWSTR lpszPipename = argc > 2 ? argv[2] : L"\\\\.\\pipe\\\x4f8b-\x00e9xample";
    WCHAR request[64], reply[128];
    DWORD dwRead, dwWritten;
    HANDLE hPipe;
    int i;

    hPipe = CreateNamedPipe(lpszPipename, PIPE_ACCESS_DUPLEX,
                            PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT, 1, sizeof(reply),
                            sizeof(request), 0, NULL);
    if (hPipe == INVALID_HANDLE_VALUE) {
        wprintf(L"CreateNamedPipe failed, error %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    if (!ConnectNamedPipe(hPipe, NULL) && GetLastError() != ERROR_PIPE_CONNECTED) {
        wprintf(L"ConnectNamedPipe failed, error %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    for (i = 0; i < count; i++) {
        if (!ReadFile(hPipe, request, sizeof(request) - sizeof(WCHAR), &dwRead, NULL)) {
            wprintf(L"ReadFile failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
        request[dwRead / sizeof(WCHAR)] = L'\0';
        wprintf(L"%lu bytes, %d characters, starts with U+%04X, contains \"%s\": %hs\n",
                (unsigned long)dwRead, lstrlenW(request), (unsigned)request[0], L"question",
                wcsstr(request, L"question") ? "yes" : "no");
        lstrcpyW(reply, L"answer to: ");
        lstrcatW(reply, request);
        if (!WriteFile(hPipe, reply, (DWORD)(wcslen(reply) * sizeof(WCHAR)), &dwWritten, NULL)) {
            wprintf(L"WriteFile failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
    }
    FlushFileBuffers(hPipe);
    DisconnectNamedPipe(hPipe);
    CloseHandle(hPipe);
    return 0;
}
