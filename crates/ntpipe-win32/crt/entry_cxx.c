/* To C++'s `int wmain(int argc, wchar_t *argv[])`: see entry_main.c. */

#include "crt.h"

int next(int argc, wchar_t **argv, wchar_t **environment) __asm__("_Z5wmainiPPw");
int entry(int argc, wchar_t **argv, wchar_t **environment) __asm__("wmain");

int entry(int argc, wchar_t **argv, wchar_t **environment)
{
    return next(argc, argv, environment);
}
