/*
 * A child with redirected input and output: the parent writes lines into the child's standard input and reads
 * what it prints. Of each pipe the child inherits one end only.
 *
 * redirect_parent LINES [CHILD]      the child's command line; without it redirect_child beside this program
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static HANDLE hChildStdInRead, hChildStdInWrite, hChildStdOutRead, hChildStdOutWrite;

static void ErrorExit(const char *function)
{
    printf("%s failed, error %d\n", function, (int)GetLastError());
    ExitProcess(1);
}

/* The command line of redirect_child in this program's own directory. */
static void DefaultChild(char *command, DWORD size)
{
    char path[MAX_PATH];
    char *name;

    if (GetModuleFileNameA(NULL, path, sizeof(path)) == 0)
        ErrorExit("GetModuleFileName");
    for (name = path + strlen(path); name > path && name[-1] != '\\' && name[-1] != '/';)
        name--;
    *name = '\0';
    if (strlen(path) + 32 > size)
        ErrorExit("making the command line");
    sprintf(command, "\"%sredirect_child\" \"two words\"", path);
}

static HANDLE CreateChildProcess(char *command)
{
    PROCESS_INFORMATION piProcInfo;
    STARTUPINFOA siStartInfo;

    ZeroMemory(&piProcInfo, sizeof(piProcInfo));
    ZeroMemory(&siStartInfo, sizeof(siStartInfo));
    siStartInfo.cb = sizeof(siStartInfo);
    siStartInfo.hStdInput = hChildStdInRead;
    siStartInfo.hStdOutput = hChildStdOutWrite;
    siStartInfo.hStdError = hChildStdOutWrite;
    siStartInfo.dwFlags |= STARTF_USESTDHANDLES;
    if (!CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &siStartInfo, &piProcInfo))
        ErrorExit("CreateProcess");
    CloseHandle(piProcInfo.hThread);

    /* As long as the parent held these, reading would never come to an end. */
    CloseHandle(hChildStdInRead);
    CloseHandle(hChildStdOutWrite);
    return piProcInfo.hProcess;
}

static void WriteToPipe(int lines)
{
    int i;

    for (i = 1; i <= lines; i++) {
        char line[64];
        DWORD dwWritten;

        sprintf(line, "line %d for the child\n", i);
        if (!WriteFile(hChildStdInWrite, line, (DWORD)strlen(line), &dwWritten, NULL))
            ErrorExit("WriteFile");
    }
    if (!CloseHandle(hChildStdInWrite))
        ErrorExit("CloseHandle");
}

static void ReadFromPipe(void)
{
    char buffer[32];
    DWORD dwRead;

    while (ReadFile(hChildStdOutRead, buffer, sizeof(buffer), &dwRead, NULL) && dwRead != 0) {
        DWORD i;
        for (i = 0; i < dwRead; i++) {
            if (buffer[i] != '\r')
                putchar(buffer[i]);
        }
    }
    if (GetLastError() != ERROR_BROKEN_PIPE)
        ErrorExit("ReadFile");
}

int main(int argc, char **argv)
{
    int lines = argc > 1 ? atoi(argv[1]) : 1;
    char command[MAX_PATH * 2];
    SECURITY_ATTRIBUTES saAttr;
    HANDLE hProcess;
    DWORD dwExitCode;

    if (argc > 2)
        lstrcpynA(command, argv[2], sizeof(command));
    else
        DefaultChild(command, sizeof(command));

    saAttr.nLength = sizeof(SECURITY_ATTRIBUTES);
    saAttr.bInheritHandle = TRUE;
    saAttr.lpSecurityDescriptor = NULL;
    if (!CreatePipe(&hChildStdOutRead, &hChildStdOutWrite, &saAttr, 0))
        ErrorExit("CreatePipe for the output");
    if (!SetHandleInformation(hChildStdOutRead, HANDLE_FLAG_INHERIT, 0))
        ErrorExit("SetHandleInformation for the output");
    if (!CreatePipe(&hChildStdInRead, &hChildStdInWrite, &saAttr, 0))
        ErrorExit("CreatePipe for the input");
    if (!SetHandleInformation(hChildStdInWrite, HANDLE_FLAG_INHERIT, 0))
        ErrorExit("SetHandleInformation for the input");

    hProcess = CreateChildProcess(command);
    WriteToPipe(lines);
    ReadFromPipe();
    if (WaitForSingleObject(hProcess, INFINITE) != WAIT_OBJECT_0)
        ErrorExit("WaitForSingleObject");
    if (!GetExitCodeProcess(hProcess, &dwExitCode))
        ErrorExit("GetExitCodeProcess");
    printf("the child ended with code %d\n", (int)dwExitCode);
    CloseHandle(hProcess);
    return 0;
}
