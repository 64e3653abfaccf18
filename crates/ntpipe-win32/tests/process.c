/* Processes that start suspended, and that inherit some handles only. process.txt has Windows' answers. */
#define _WIN32_WINNT 0x0601
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *self;
static int number;

/* The child: whether it has the handles whose numbers are its arguments. */
static int child(int count, char **handles)
{
    int i;
    DWORD flags;
    for (i = 0; i < count; i++)
        printf("%d", GetHandleInformation((HANDLE)(UINT_PTR)atoi(handles[i]), &flags));
    printf("\n");
    return 7;
}

static BOOL start(const char *arguments, DWORD flags, STARTUPINFOA *startup, PROCESS_INFORMATION *told)
{
    char line[600];
    sprintf(line, "\"%s\" %s", self, arguments);
    SetLastError(0);
    return CreateProcessA(NULL, line, NULL, NULL, TRUE, flags, NULL, NULL, startup, told);
}

static HANDLE inheritable_event(void)
{
    SECURITY_ATTRIBUTES inherit = { sizeof inherit, NULL, TRUE };
    return CreateEventA(&inherit, TRUE, FALSE, NULL);
}

static void show(const char *text)
{
    printf("%d: %s\n", ++number, text);
    fflush(stdout);
}

static void show_numbers(long long one, long long two, long long three)
{
    printf("%d: %lld %lld %lld\n", ++number, one, two, three);
    fflush(stdout);
}

static DWORD exit_code(HANDLE process)
{
    DWORD code = 0;
    GetExitCodeProcess(process, &code);
    return code;
}

static long long units(FILETIME time)
{
    return (long long)((unsigned long long)time.dwHighDateTime << 32 | time.dwLowDateTime);
}

/* What a child writes, up to its end. */
static void collect(HANDLE reader)
{
    char text[100] = "";
    DWORD got, length = 0;
    while (length < sizeof text - 1 && ReadFile(reader, text + length, sizeof text - 1 - length, &got, NULL))
        length += got;
    text[length] = 0;
    text[strcspn(text, "\r\n")] = 0;
    show(text);
}

static void suspended(void)
{
    SECURITY_ATTRIBUTES inherit = { sizeof inherit, NULL, TRUE };
    STARTUPINFOA startup = { sizeof startup };
    PROCESS_INFORMATION told;
    HANDLE reader, writer;
    FILETIME created, ended, kernel, user;
    DWORD waiting = 1, before;
    CreatePipe(&reader, &writer, &inherit, 0);
    SetHandleInformation(reader, HANDLE_FLAG_INHERIT, 0);
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    startup.hStdOutput = writer;
    show_numbers(start("child", CREATE_SUSPENDED, &startup, &told), 0, 0);
    CloseHandle(writer);
    before = WaitForSingleObject(told.hProcess, 300);
    show_numbers(before, exit_code(told.hProcess), PeekNamedPipe(reader, NULL, 0, NULL, &waiting, NULL));
    before = SuspendThread(told.hThread);
    show_numbers(waiting, before, ResumeThread(told.hThread));
    before = WaitForSingleObject(told.hProcess, 100);
    show_numbers(before, ResumeThread(told.hThread), 0);
    collect(reader);
    before = WaitForSingleObject(told.hProcess, 20000);
    show_numbers(before, exit_code(told.hProcess), 0);
    GetProcessTimes(told.hProcess, &created, &ended, &kernel, &user);
    show_numbers(units(ended) >= units(created), units(created) > 0, units(user) >= 0);
    CloseHandle(told.hThread);
    CloseHandle(told.hProcess);
    show_numbers(start("child", CREATE_SUSPENDED, &startup, &told), 0, 0);
    show_numbers(TerminateProcess(told.hProcess, 9), 0, 0);
    before = WaitForSingleObject(told.hProcess, 20000);
    show_numbers(before, exit_code(told.hProcess), 0);
    CloseHandle(told.hThread);
    CloseHandle(told.hProcess);
    CloseHandle(reader);
}

static void listed(void)
{
    SECURITY_ATTRIBUTES inherit = { sizeof inherit, NULL, TRUE };
    STARTUPINFOEXA startup;
    PROCESS_INFORMATION told;
    HANDLE reader, writer, left, other, handles[2];
    char arguments[100];
    SIZE_T size = 0;
    BOOL done;
    DWORD ended;
    CreatePipe(&reader, &writer, &inherit, 0);
    SetHandleInformation(reader, HANDLE_FLAG_INHERIT, 0);
    CreatePipe(&left, &other, &inherit, 0);
    memset(&startup, 0, sizeof startup);
    startup.StartupInfo.cb = sizeof startup;
    startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    startup.StartupInfo.hStdOutput = writer;
    SetLastError(0);
    done = InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    show_numbers(done, GetLastError(), size);
    startup.lpAttributeList = malloc(size);
    InitializeProcThreadAttributeList(startup.lpAttributeList, 1, 0, &size);
    handles[0] = writer;
    handles[1] = other;
    show_numbers(UpdateProcThreadAttribute(startup.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
                                           handles, sizeof handles, NULL, NULL),
                 0, 0);
    sprintf(arguments, "child %d %d", (int)(UINT_PTR)other, (int)(UINT_PTR)left);
    show_numbers(start(arguments, EXTENDED_STARTUPINFO_PRESENT, &startup.StartupInfo, &told), 0, 0);
    CloseHandle(writer);
    collect(reader);
    ended = WaitForSingleObject(told.hProcess, 20000);
    show_numbers(ended, exit_code(told.hProcess), 0);
    CloseHandle(told.hThread);
    CloseHandle(told.hProcess);
    handles[0] = left;
    SetHandleInformation(other, HANDLE_FLAG_INHERIT, 0);
    done = start(arguments, EXTENDED_STARTUPINFO_PRESENT, &startup.StartupInfo, &told);
    show_numbers(done, GetLastError(), 0);
    DeleteProcThreadAttributeList(startup.lpAttributeList);
    free(startup.lpAttributeList);
}

static void others(void)
{
    STARTUPINFOW startup;
    int count = 0;
    wchar_t **words = CommandLineToArgvW(L"a \"b c\" d\\\"e", &count);
    memset(&startup, 0xCC, sizeof startup);
    GetStartupInfoW(&startup);
    show_numbers(count, startup.cb, words[1][1] == ' ');
    LocalFree(words);
    show_numbers(WinExec("no-such-program-anywhere", SW_SHOW), GetCurrentProcessId() == GetProcessId(GetCurrentProcess()),
                 inheritable_event() != NULL);
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc > 1)
        return child(argc - 2, argv + 2);
    suspended();
    listed();
    others();
    return 0;
}
