/* To WinMain: see entry_main.c. */

#include "crt.h"

#include <stdlib.h>

int WinMain(void *instance, void *previous, char *command_line, int show);

int wWinMain(void *instance, void *previous, wchar_t *command_line, int show)
{
    char *narrow = ntpipe_utf8_copy(command_line);
    if (!narrow)
        abort();
    return WinMain(instance, previous, narrow, show);
}
