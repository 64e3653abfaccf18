/* `main` of programs that have none but begin at wmain, wWinMain or WinMain.
 *
 * A linker takes from the archive only what is still missing, so each of the files entry_*.c asks for the
 * next way to begin, and the first that the program has ends the chain:
 *
 *     main  →  wmain  →  wmain of C++, in four shapes  →  wWinMain  →  WinMain
 *
 * A program with main takes nothing of this. One with no beginning at all does not link: the linker misses
 * WinMain, as on Windows. */

#include "crt.h"

#include <stdlib.h>
#include <string.h>

int wmain(int argc, wchar_t **argv, wchar_t **environment);
int main(int argc, char **argv, char **environment);

/* Of its own, so that nothing else comes along from the archive beside the shared library. */
static wchar_t *widen(const char *text)
{
    size_t n = 0;
    wchar_t *copy = malloc((strlen(text) + 1) * sizeof *copy);
    if (!copy)
        abort();
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        unsigned c = *at++;
        int more = c < 0x80 ? 0 : c < 0xC2 ? -1 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : c < 0xF5 ? 3 : -1;
        c &= more > 0 ? 0x3Fu >> more : 0x7Fu;
        for (; more > 0 && (*at & 0xC0) == 0x80; more--)
            c = c << 6 | (*at++ & 0x3Fu);
        if (more || c > 0x10FFFF || (c & 0x1FF800) == 0xD800)
            c = 0xFFFD;
        if (c > 0xFFFF) {
            copy[n++] = (wchar_t)(0xD7C0 + (c >> 10));
            c = 0xDC00 | (c & 0x3FF);
        }
        copy[n++] = (wchar_t)c;
    }
    copy[n] = 0;
    return copy;
}

static wchar_t **widen_all(char **texts)
{
    size_t n = 0;
    while (texts[n])
        n++;
    wchar_t **copies = calloc(n + 1, sizeof *copies);
    if (!copies)
        abort();
    for (size_t i = 0; i < n; i++)
        copies[i] = widen(texts[i]);
    return copies;
}

int main(int argc, char **argv, char **environment)
{
    /* Static, and volatile so as not to be optimised away: what stays to the end of the program is then no
     * leak to those who look for leaks. */
    static wchar_t **volatile arguments, **volatile variables;
    arguments = widen_all(argv);
    variables = widen_all(environment);
    return wmain(argc, arguments, variables);
}
