/* The console, key by key: Windows' <conio.h>. */
#ifndef NTPIPE_CONIO_H
#define NTPIPE_CONIO_H

#pragma GCC system_header

#include "ntpipe_base.h"

NTPIPE_CRT_BEGIN

int _getch(void) NTPIPE_CRT(_getch);
int _getche(void) NTPIPE_CRT(_getche);
int _ungetch(int) NTPIPE_CRT(_ungetch);
int _kbhit(void) NTPIPE_CRT(_kbhit);
int _putch(int) NTPIPE_CRT(_putch);
int _cputs(const char *) NTPIPE_CRT(_cputs);
int _cprintf(const char *, ...) NTPIPE_CRT(_cprintf);
int getch(void) NTPIPE_CRT(_getch);
int getche(void) NTPIPE_CRT(_getche);
int ungetch(int) NTPIPE_CRT(_ungetch);
int kbhit(void) NTPIPE_CRT(_kbhit);
int putch(int) NTPIPE_CRT(_putch);
int cputs(const char *) NTPIPE_CRT(_cputs);
int cprintf(const char *, ...) NTPIPE_CRT(_cprintf);

NTPIPE_CRT_END

#endif
