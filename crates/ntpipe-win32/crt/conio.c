/* The console, key by key: standard input where it is a terminal, else its bytes as they come. */

#include "crt.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#define NONE (-1)

static int pushed = NONE;

/* Reads a byte without waiting for the end of a line. Unlike stdin's, it passes no buffer. */
static int read_key(int echo)
{
    struct termios before, during;
    unsigned char key;
    if (pushed != NONE) {
        int c = pushed;
        pushed = NONE;
        return c;
    }
    fflush(stdout);
    int terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (terminal) {
        during = before;
        during.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        during.c_cc[VMIN] = 1;
        during.c_cc[VTIME] = 0;
        tcsetattr(STDIN_FILENO, TCSANOW, &during);
    }
    ssize_t n = read(STDIN_FILENO, &key, 1);
    if (terminal)
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
    if (n != 1)
        return EOF;
    /* Enter is a carriage return on Windows' console, and no byte of a file. */
    if (terminal && key == '\n')
        key = '\r';
    if (echo) {
        putchar(key == '\r' ? '\n' : key);
        fflush(stdout);
    }
    return key;
}

API int ntpipe__getch(void)
{
    return read_key(0);
}

API int ntpipe__getche(void)
{
    return read_key(1);
}

API int ntpipe__ungetch(int c)
{
    if (pushed != NONE || c == EOF)
        return EOF;
    return pushed = c;
}

API int ntpipe__kbhit(void)
{
    struct termios before, during;
    if (pushed != NONE)
        return 1;
    int terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (terminal) {
        during = before;
        during.c_lflag &= ~(tcflag_t)ICANON;
        tcsetattr(STDIN_FILENO, TCSANOW, &during);
    }
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    int ready = poll(&input, 1, 0) == 1;
    if (terminal)
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
    return ready;
}

API int ntpipe__putch(int c)
{
    int put = putchar(c);
    fflush(stdout);
    return put;
}

API int ntpipe__cputs(const char *text)
{
    int put = fputs(text, stdout);
    fflush(stdout);
    return put < 0 ? EOF : 0;
}

API int ntpipe__cprintf(const char *format, ...)
{
    struct out out = { .file = stdout };
    va_list list;
    va_start(list, format);
    int n = ntpipe_format(&out, format, list);
    va_end(list);
    fflush(stdout);
    return n;
}
