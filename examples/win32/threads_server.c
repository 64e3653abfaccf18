/*
 * One thread for each client: the main thread creates an instance, waits until a client has come,
 * hands the instance to a new thread and goes on to the next one. Written with TCHAR; as it stands it
 * is an ANSI program.
 *
 * threads_server CLIENTS [PIPE]      serves that many clients, then ends
 */
#include <windows.h>
#include <stdio.h>
#include <tchar.h>
#include <strsafe.h>

#define BUFSIZE 512
#define MAX_CLIENTS 32

static volatile LONG messages;

/* The answer is the request in capital letters. */
static HRESULT GetAnswerToRequest(LPCTSTR pchRequest, LPTSTR pchReply, LPDWORD pchBytes)
{
    HRESULT hr = StringCchCopy(pchReply, BUFSIZE, pchRequest);

    if (FAILED(hr)) {
        *pchBytes = 0;
        return hr;
    }
    CharUpper(pchReply);
    *pchBytes = (DWORD)lstrlen(pchReply) * sizeof(TCHAR);
    return hr;
}

/* Answers each message until the client goes. */
static DWORD WINAPI InstanceThread(LPVOID lpvParam)
{
    HANDLE hHeap = GetProcessHeap();
    HANDLE hPipe = (HANDLE)lpvParam;
    TCHAR *pchRequest = (TCHAR *)HeapAlloc(hHeap, HEAP_ZERO_MEMORY, BUFSIZE * sizeof(TCHAR));
    TCHAR *pchReply = (TCHAR *)HeapAlloc(hHeap, 0, BUFSIZE * sizeof(TCHAR));
    DWORD cbBytesRead = 0, cbReplyBytes = 0, cbWritten = 0;

    if (pchRequest == NULL || pchReply == NULL) {
        _tprintf(TEXT("HeapAlloc failed\n"));
        ExitProcess(1);
    }
    for (;;) {
        if (!ReadFile(hPipe, pchRequest, (BUFSIZE - 1) * sizeof(TCHAR), &cbBytesRead, NULL)
            || cbBytesRead == 0) {
            if (GetLastError() != ERROR_BROKEN_PIPE)
                _tprintf(TEXT("ReadFile failed, error %lu\n"), (unsigned long)GetLastError());
            break;
        }
        pchRequest[cbBytesRead / sizeof(TCHAR)] = 0;
        if (FAILED(GetAnswerToRequest(pchRequest, pchReply, &cbReplyBytes)))
            break;
        if (!WriteFile(hPipe, pchReply, cbReplyBytes, &cbWritten, NULL) || cbReplyBytes != cbWritten) {
            _tprintf(TEXT("WriteFile failed, error %lu\n"), (unsigned long)GetLastError());
            break;
        }
        InterlockedIncrement(&messages);
    }

    /* Whatever is unread is lost with the disconnection, so the client is given time to read it. */
    FlushFileBuffers(hPipe);
    DisconnectNamedPipe(hPipe);
    CloseHandle(hPipe);
    HeapFree(hHeap, 0, pchRequest);
    HeapFree(hHeap, 0, pchReply);
    return 0;
}

int _tmain(int argc, TCHAR *argv[])
{
    int clients = argc > 1 ? _ttoi(argv[1]) : 1;
    LPCTSTR lpszPipename = argc > 2 ? argv[2] : TEXT("\\\\.\\pipe\\example");
    HANDLE hThreads[MAX_CLIENTS];
    int i;

    if (clients < 1 || clients > MAX_CLIENTS) {
        _tprintf(TEXT("usage: threads_server CLIENTS [PIPE], 1 to %d clients\n"), MAX_CLIENTS);
        return 2;
    }
    for (i = 0; i < clients; i++) {
        DWORD dwThreadId = 0;
        BOOL fConnected;
        HANDLE hPipe = CreateNamedPipe(lpszPipename, PIPE_ACCESS_DUPLEX,
                                       PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT,
                                       PIPE_UNLIMITED_INSTANCES, BUFSIZE, BUFSIZE, 0, NULL);
        if (hPipe == INVALID_HANDLE_VALUE) {
            _tprintf(TEXT("CreateNamedPipe failed, error %lu\n"), (unsigned long)GetLastError());
            return 1;
        }
        /* A client that came between the two calls is a good connection as well. */
        fConnected = ConnectNamedPipe(hPipe, NULL) ? TRUE : (GetLastError() == ERROR_PIPE_CONNECTED);
        if (!fConnected) {
            _tprintf(TEXT("ConnectNamedPipe failed, error %lu\n"), (unsigned long)GetLastError());
            return 1;
        }
        hThreads[i] = CreateThread(NULL, 0, InstanceThread, (LPVOID)hPipe, 0, &dwThreadId);
        if (hThreads[i] == NULL) {
            _tprintf(TEXT("CreateThread failed, error %lu\n"), (unsigned long)GetLastError());
            return 1;
        }
    }
    if (WaitForMultipleObjects((DWORD)clients, hThreads, TRUE, INFINITE) != WAIT_OBJECT_0) {
        _tprintf(TEXT("WaitForMultipleObjects failed, error %lu\n"), (unsigned long)GetLastError());
        return 1;
    }
    for (i = 0; i < clients; i++)
        CloseHandle(hThreads[i]);
    _tprintf(TEXT("served %d clients, %ld messages\n"), clients, (long)messages);
    return 0;
}
