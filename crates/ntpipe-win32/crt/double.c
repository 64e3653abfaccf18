/* Floating-point numbers as Windows' runtime spells them. */

#include "crt.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The sign of a not-a-number and what kind it is: the processor's own answer to 0/0 is negative, quiet
 * and without a payload. */
static size_t not_a_number(char *text, const char *flags, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const char *sign = bits >> 63 ? "-" : flags[0] == '+' || flags[0] == ' ' ? (char[]){ flags[0], 0 } : "";
    int quiet = bits >> 51 & 1;
    int payload = (bits & 0x7FFFFFFFFFFFFu) != 0;
    const char *kind = !quiet ? "(snan)" : *sign == '-' && !payload ? "(ind)" : "";
    return (size_t)sprintf(text, "%snan%s", sign, kind);
}

size_t ntpipe_format_double(char **place, size_t room, char type, const char *flags, int precision,
                            int extended, long double value)
{
    char format[16];
    int n;
    if (isnan(value)) {
        size_t length = not_a_number(*place, flags, (double)value);
        for (char *at = *place; isupper((unsigned char)type) && *at; at++)
            *at = (char)toupper((unsigned char)*at);
        return length;
    }
    /* Without a precision Windows prints all 13 digits behind the point of a double. */
    if ((type == 'a' || type == 'A') && precision < 0 && !extended)
        precision = 13;
    sprintf(format, "%%%s.*%s%c", flags, extended ? "L" : "", type);
    for (;;) {
        n = extended ? snprintf(*place, room, format, precision, value)
                     : snprintf(*place, room, format, precision, (double)value);
        if (n < 0)
            return 0;
        if ((size_t)n < room)
            return (size_t)n;
        room = (size_t)n + 1;
        char *more = malloc(room);
        if (!more)
            return room > 1 ? strlen(*place) : 0;
        *place = more;
    }
}
