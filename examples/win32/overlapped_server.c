/*
 * Several instances in one thread: each has an OVERLAPPED with an event and a state, and
 * WaitForMultipleObjects tells which of them has something to do.
 *
 * overlapped_server CLIENTS [PIPE]      serves that many clients, then ends
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSTANCES 4
#define BUFSIZE 512
#define PIPE_TIMEOUT 5000

enum { CONNECTING_STATE, READING_STATE, WRITING_STATE };

typedef struct {
    OVERLAPPED oOverlap;
    HANDLE hPipeInst;
    CHAR chRequest[BUFSIZE];
    CHAR chReply[BUFSIZE];
    DWORD cbRead;
    DWORD cbToWrite;
    int dwState;
    BOOL fPendingIO;
} PIPEINST;

static PIPEINST Pipe[INSTANCES];
static HANDLE hEvents[INSTANCES];
static int served, messages;

/* Starts to wait for a client; one that is there already makes its event signaled by hand. */
static BOOL ConnectToNewClient(PIPEINST *inst)
{
    if (ConnectNamedPipe(inst->hPipeInst, &inst->oOverlap)) {
        printf("an overlapped ConnectNamedPipe returns FALSE\n");
        return FALSE;
    }
    switch (GetLastError()) {
    case ERROR_IO_PENDING:
        inst->fPendingIO = TRUE;
        inst->dwState = CONNECTING_STATE;
        return TRUE;
    case ERROR_PIPE_CONNECTED:
        inst->fPendingIO = FALSE;
        inst->dwState = READING_STATE;
        return SetEvent(inst->oOverlap.hEvent);
    default:
        printf("ConnectNamedPipe failed, error %lu\n", (unsigned long)GetLastError());
        return FALSE;
    }
}

static BOOL DisconnectAndReconnect(PIPEINST *inst)
{
    served++;
    if (!DisconnectNamedPipe(inst->hPipeInst)) {
        printf("DisconnectNamedPipe failed, error %lu\n", (unsigned long)GetLastError());
        return FALSE;
    }
    return ConnectToNewClient(inst);
}

static void GetAnswerToRequest(PIPEINST *inst)
{
    DWORD i;

    for (i = 0; i < inst->cbRead; i++) {
        CHAR c = inst->chRequest[i];
        inst->chReply[i] = (CHAR)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    inst->cbToWrite = inst->cbRead;
    messages++;
}

/* What a pending call brought. FALSE: the client is gone. */
static BOOL Finish(PIPEINST *inst)
{
    DWORD cb;
    BOOL ok = GetOverlappedResult(inst->hPipeInst, &inst->oOverlap, &cb, FALSE);

    switch (inst->dwState) {
    case CONNECTING_STATE:
        if (!ok) {
            printf("a pending connect ended with error %lu\n", (unsigned long)GetLastError());
            exit(1);
        }
        inst->dwState = READING_STATE;
        return TRUE;
    case READING_STATE:
        inst->cbRead = cb;
        inst->dwState = WRITING_STATE;
        return ok && cb > 0;
    default:
        inst->dwState = READING_STATE;
        return ok && cb == inst->cbToWrite;
    }
}

/* Starts the next read or write. FALSE: the client is gone. */
static BOOL Step(PIPEINST *inst)
{
    DWORD cb;
    BOOL ok;

    if (inst->dwState == READING_STATE) {
        ok = ReadFile(inst->hPipeInst, inst->chRequest, BUFSIZE, &inst->cbRead, &inst->oOverlap);
        if (ok && inst->cbRead > 0) {
            inst->fPendingIO = FALSE;
            inst->dwState = WRITING_STATE;
            return TRUE;
        }
    } else {
        GetAnswerToRequest(inst);
        ok = WriteFile(inst->hPipeInst, inst->chReply, inst->cbToWrite, &cb, &inst->oOverlap);
        if (ok && cb == inst->cbToWrite) {
            inst->fPendingIO = FALSE;
            inst->dwState = READING_STATE;
            return TRUE;
        }
    }
    inst->fPendingIO = TRUE;
    return !ok && GetLastError() == ERROR_IO_PENDING;
}

int main(int argc, char **argv)
{
    int clients = argc > 1 ? atoi(argv[1]) : 1;
    LPCSTR lpszPipename = argc > 2 ? argv[2] : "\\\\.\\pipe\\example";
    int i;

    for (i = 0; i < INSTANCES; i++) {
        hEvents[i] = CreateEvent(NULL, TRUE, TRUE, NULL);
        if (hEvents[i] == NULL) {
            printf("CreateEvent failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
        Pipe[i].oOverlap.hEvent = hEvents[i];
        Pipe[i].hPipeInst = CreateNamedPipeA(lpszPipename, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                                             PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT,
                                             INSTANCES, BUFSIZE, BUFSIZE, PIPE_TIMEOUT, NULL);
        if (Pipe[i].hPipeInst == INVALID_HANDLE_VALUE) {
            printf("CreateNamedPipe failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
        if (!ConnectToNewClient(&Pipe[i]))
            return 1;
    }
    while (served < clients) {
        DWORD dwWait = WaitForMultipleObjects(INSTANCES, hEvents, FALSE, INFINITE);
        PIPEINST *inst;

        if (dwWait - WAIT_OBJECT_0 >= INSTANCES) {
            printf("WaitForMultipleObjects failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
        inst = &Pipe[dwWait - WAIT_OBJECT_0];
        if ((inst->fPendingIO && !Finish(inst)) || !Step(inst)) {
            if (!DisconnectAndReconnect(inst))
                return 1;
        }
    }
    printf("served %d clients, %d messages\n", served, messages);
    return 0;
}
