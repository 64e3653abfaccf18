/*
 * The child of redirect_parent: copies its standard input to its standard output and tells at the end how
 * much it was. Its exit code is 7.
 */
#include <windows.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    HANDLE hStdin = GetStdHandle(STD_INPUT_HANDLE);
    HANDLE hStdout = GetStdHandle(STD_OUTPUT_HANDLE);
    char buffer[16], text[96];
    DWORD dwRead, dwWritten, total = 0;

    if (hStdin == INVALID_HANDLE_VALUE || hStdout == INVALID_HANDLE_VALUE)
        return 1;
    sprintf(text, "child with argument <%.40s>\n", argc > 1 ? argv[1] : "");
    if (!WriteFile(hStdout, text, (DWORD)strlen(text), &dwWritten, NULL))
        return 2;
    while (ReadFile(hStdin, buffer, sizeof(buffer), &dwRead, NULL) && dwRead != 0) {
        if (!WriteFile(hStdout, buffer, dwRead, &dwWritten, NULL))
            return 3;
        total += dwRead;
    }
    sprintf(text, "child copied %d bytes\n", (int)total);
    if (!WriteFile(hStdout, text, (DWORD)strlen(text), &dwWritten, NULL))
        return 4;
    return 7;
}
