/*
 * Completion routines: ReadFileEx and WriteFileEx name a function that runs in this thread once the
 * call is over, while the thread sleeps in an alertable wait.
 *
 * completion_server CLIENTS [PIPE]      serves that many clients, then ends
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFSIZE 512
#define PIPE_TIMEOUT 5000

/* The OVERLAPPED comes first: the routine gets its address, and finds the rest behind it. */
typedef struct {
    OVERLAPPED oOverlap;
    HANDLE hPipeInst;
    CHAR chRequest[BUFSIZE];
    DWORD cbRead;
    CHAR chReply[BUFSIZE];
    DWORD cbToWrite;
} PIPEINST, *LPPIPEINST;

static HANDLE hPipe;
static LPCSTR lpszPipename;
static int served, messages;

static VOID CALLBACK CompletedReadRoutine(DWORD dwErr, DWORD cbBytesRead, LPOVERLAPPED lpOverLap);

static VOID DisconnectAndClose(LPPIPEINST inst)
{
    if (!DisconnectNamedPipe(inst->hPipeInst))
        printf("DisconnectNamedPipe failed, error %lu\n", (unsigned long)GetLastError());
    CloseHandle(inst->hPipeInst);
    GlobalFree(inst);
    served++;
}

/* An answer was sent (or, with nothing written, a client has just come): read the next request. */
static VOID CALLBACK CompletedWriteRoutine(DWORD dwErr, DWORD cbWritten, LPOVERLAPPED lpOverLap)
{
    LPPIPEINST inst = (LPPIPEINST)lpOverLap;
    BOOL fRead = FALSE;

    if (dwErr == 0 && cbWritten == inst->cbToWrite)
        fRead = ReadFileEx(inst->hPipeInst, inst->chRequest, BUFSIZE, &inst->oOverlap, CompletedReadRoutine);
    if (!fRead)
        DisconnectAndClose(inst);
}

static VOID CALLBACK CompletedReadRoutine(DWORD dwErr, DWORD cbBytesRead, LPOVERLAPPED lpOverLap)
{
    LPPIPEINST inst = (LPPIPEINST)lpOverLap;
    BOOL fWrite = FALSE;
    DWORD i;

    if (dwErr == 0 && cbBytesRead != 0) {
        messages++;
        for (i = 0; i < cbBytesRead; i++) {
            CHAR c = inst->chRequest[i];
            inst->chReply[i] = (CHAR)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        }
        inst->cbToWrite = cbBytesRead;
        fWrite = WriteFileEx(inst->hPipeInst, inst->chReply, inst->cbToWrite, &inst->oOverlap,
                             CompletedWriteRoutine);
    }
    if (!fWrite)
        DisconnectAndClose(inst);
}

/* TRUE: the wait for a client is pending. FALSE: one is there already. */
static BOOL CreateAndConnectInstance(LPOVERLAPPED lpoOverlap)
{
    hPipe = CreateNamedPipeA(lpszPipename, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                             PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT,
                             PIPE_UNLIMITED_INSTANCES, BUFSIZE, BUFSIZE, PIPE_TIMEOUT, NULL);
    if (hPipe == INVALID_HANDLE_VALUE) {
        printf("CreateNamedPipe failed, error %lu\n", (unsigned long)GetLastError());
        exit(1);
    }
    if (ConnectNamedPipe(hPipe, lpoOverlap)) {
        printf("an overlapped ConnectNamedPipe returns FALSE\n");
        exit(1);
    }
    switch (GetLastError()) {
    case ERROR_IO_PENDING:
        return TRUE;
    case ERROR_PIPE_CONNECTED:
        SetEvent(lpoOverlap->hEvent);
        return FALSE;
    default:
        printf("ConnectNamedPipe failed, error %lu\n", (unsigned long)GetLastError());
        exit(1);
    }
}

int main(int argc, char **argv)
{
    int clients = argc > 1 ? atoi(argv[1]) : 1;
    HANDLE hConnectEvent = CreateEvent(NULL, TRUE, TRUE, NULL);
    OVERLAPPED oConnect;
    BOOL fPendingIO;

    lpszPipename = argc > 2 ? argv[2] : "\\\\.\\pipe\\example";
    if (hConnectEvent == NULL) {
        printf("CreateEvent failed, error %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    ZeroMemory(&oConnect, sizeof(oConnect));
    oConnect.hEvent = hConnectEvent;
    fPendingIO = CreateAndConnectInstance(&oConnect);

    while (served < clients) {
        DWORD cbRet;
        LPPIPEINST inst;

        switch (WaitForSingleObjectEx(hConnectEvent, INFINITE, TRUE)) {
        case WAIT_OBJECT_0:
            if (fPendingIO && !GetOverlappedResult(hPipe, &oConnect, &cbRet, FALSE)) {
                printf("the pending connect ended with error %lu\n", (unsigned long)GetLastError());
                return 1;
            }
            inst = (LPPIPEINST)GlobalAlloc(GPTR, sizeof(PIPEINST));
            if (inst == NULL) {
                printf("GlobalAlloc failed, error %lu\n", (unsigned long)GetLastError());
                return 1;
            }
            inst->hPipeInst = hPipe;
            inst->cbToWrite = 0;
            CompletedWriteRoutine(0, 0, (LPOVERLAPPED)inst);
            fPendingIO = CreateAndConnectInstance(&oConnect);
            break;
        case WAIT_IO_COMPLETION:
            break;
        default:
            printf("WaitForSingleObjectEx failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
    }
    printf("served %d clients, %d messages\n", served, messages);
    return 0;
}
