/*
 * The other half of event_waiter: opens the two events, sets the one and waits for the other.
 *
 * event_setter COUNT [NAME]
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

static HANDLE open_event(const char *name)
{
    HANDLE event = NULL;
    int i;

    for (i = 0; i < 500 && event == NULL; i++) {
        event = OpenEventA(EVENT_MODIFY_STATE | SYNCHRONIZE, FALSE, name);
        if (event == NULL && GetLastError() != ERROR_FILE_NOT_FOUND)
            break;
        if (event == NULL)
            Sleep(20);
    }
    return event;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1;
    const char *base = argc > 2 ? argv[2] : "Local\\example";
    char ping_name[MAX_PATH], pong_name[MAX_PATH];
    HANDLE ping, pong;
    int i;

    sprintf(ping_name, "%.200s-ping", base);
    sprintf(pong_name, "%.200s-pong", base);
    ping = open_event(ping_name);
    pong = open_event(pong_name);
    if (ping == NULL || pong == NULL) {
        printf("OpenEvent failed, error %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    for (i = 1; i <= count; i++) {
        if (!SetEvent(ping)) {
            printf("SetEvent failed, error %lu\n", (unsigned long)GetLastError());
            return 1;
        }
        if (WaitForSingleObject(pong, 30000) != WAIT_OBJECT_0) {
            printf("no pong\n");
            return 1;
        }
        printf("pong %d\n", i);
    }
    CloseHandle(ping);
    CloseHandle(pong);
    return 0;
}
