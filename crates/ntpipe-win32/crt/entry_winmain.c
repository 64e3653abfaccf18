/* To WinMain: see entry_main.c. */

#include "crt.h"

#include <stdlib.h>

size_t ntpipe_wcstombs(char *to, const wchar_t *from, size_t room);

int WinMain(void *instance, void *previous, char *command_line, int show);

int wWinMain(void *instance, void *previous, wchar_t *command_line, int show)
{
    size_t length = ntpipe_wcstombs(NULL, command_line, 0);
    /* An argument that is no UTF-8 has become U+FFFD before, so that every line has a length. */
    static char *volatile narrow; /* Kept, as in entry_main.c. */
    narrow = length < SIZE_MAX ? malloc(length + 1) : NULL;
    if (!narrow)
        abort();
    ntpipe_wcstombs(narrow, command_line, length + 1);
    return WinMain(instance, previous, narrow, show);
}
