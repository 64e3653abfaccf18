/* To wWinMain: see entry_main.c. */

#include "crt.h"

#include <stdlib.h>

int entry(int argc, wchar_t **argv, wchar_t **environment) __asm__("_Z5wmainv");
int wWinMain(void *instance, void *previous, wchar_t *command_line, int show);

/* The arguments behind the program's name as one line, quoted as CommandLineToArgvW undoes it. */
static wchar_t *join(int argc, wchar_t **argv)
{
    /* At worst every character needs a backslash, and every argument quotes and a space. */
    size_t room = 1, n = 0;
    for (int i = 1; i < argc; i++) {
        room += 3;
        for (const wchar_t *at = argv[i]; *at; at++)
            room += 2;
    }
    wchar_t *line = malloc(room * sizeof *line);
    if (!line)
        abort();
    for (int i = 1; i < argc; i++) {
        int quote = !argv[i][0];
        for (const wchar_t *at = argv[i]; *at; at++)
            quote |= *at == ' ' || *at == '\t';
        if (i > 1)
            line[n++] = ' ';
        if (quote)
            line[n++] = '"';
        size_t slashes = 0;
        for (const wchar_t *at = argv[i]; *at; at++) {
            for (; *at == '"' && slashes; slashes--)
                line[n++] = '\\';
            if (*at == '"')
                line[n++] = '\\';
            slashes = *at == '\\' ? slashes + 1 : 0;
            line[n++] = *at;
        }
        for (; quote && slashes; slashes--)
            line[n++] = '\\';
        if (quote)
            line[n++] = '"';
    }
    line[n] = 0;
    return line;
}

int entry(int argc, wchar_t **argv, wchar_t **environment)
{
    enum { SHOW_NORMAL = 1 };
    static wchar_t *volatile line; /* Kept, as in entry_main.c. */
    (void)environment;
    line = join(argc, argv);
    return wWinMain(NULL, NULL, line, SHOW_NORMAL);
}
