/* To C++'s `int wmain()`: see entry_main.c. */

#include "crt.h"

int next(int argc, wchar_t **argv, wchar_t **environment) __asm__("_Z5wmainv");
int entry(int argc, wchar_t **argv, wchar_t **environment) __asm__("_Z5wmainiPPwS0_");

int entry(int argc, wchar_t **argv, wchar_t **environment)
{
    return next(argc, argv, environment);
}
