/*
 * Two processes and two named events: this one creates them and answers each "ping" with a "pong".
 * CreateEvent tells with ERROR_ALREADY_EXISTS whether the other one was faster.
 *
 * event_waiter COUNT [NAME]
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1;
    const char *base = argc > 2 ? argv[2] : "Local\\example";
    char ping_name[MAX_PATH], pong_name[MAX_PATH];
    HANDLE ping, pong, again;
    int i;

    sprintf(ping_name, "%.200s-ping", base);
    sprintf(pong_name, "%.200s-pong", base);
    ping = CreateEventA(NULL, FALSE, FALSE, ping_name);
    pong = CreateEventA(NULL, FALSE, FALSE, pong_name);
    if (ping == NULL || pong == NULL) {
        printf("CreateEvent failed, error %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    again = CreateEventA(NULL, FALSE, TRUE, ping_name);
    printf("created twice: error %lu\n", (unsigned long)GetLastError());
    CloseHandle(again);

    for (i = 1; i <= count; i++) {
        DWORD wait = WaitForSingleObject(ping, 30000);
        if (wait != WAIT_OBJECT_0) {
            printf("no ping, wait result %lu\n", (unsigned long)wait);
            return 1;
        }
        printf("ping %d\n", i);
        SetEvent(pong);
    }
    printf("no more: %s\n", WaitForSingleObject(ping, 0) == WAIT_TIMEOUT ? "timeout" : "signaled");
    CloseHandle(ping);
    CloseHandle(pong);
    return 0;
}
