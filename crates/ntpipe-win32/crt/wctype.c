/* Kinds of 16-bit characters. */

#include "crt.h"

#include <ctype.h>
#include <locale.h>
#include <pthread.h>
#include <string.h>

/* glibc's classification takes 32-bit characters in any case; only its header would take ours for them,
 * so the few functions are declared here. */
typedef unsigned long kind_t;
extern kind_t wctype(const char *name);
extern int iswctype_l(unsigned c, kind_t kind, locale_t locale);
extern kind_t wctype_l(const char *name, locale_t locale);
extern unsigned towlower_l(unsigned c, locale_t locale);
extern unsigned towupper_l(unsigned c, locale_t locale);

static locale_t unicode;

static void open_unicode(void)
{
    unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
}

static locale_t all_characters(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_unicode);
    return unicode;
}

static int is(unsigned c, const char *kind)
{
    locale_t locale = c <= 0xFFFF ? all_characters() : NULL;
    return locale ? iswctype_l(c, wctype_l(kind, locale), locale) : 0;
}

/* Fast where it matters, and independent of the locale as Windows' tables are. */
#define KIND(name)                                    \
    API int ntpipe_isw##name(unsigned c)              \
    {                                                 \
        return c < 0x80 ? is##name((int)c) : is(c, #name); \
    }

KIND(alnum)
KIND(alpha)
KIND(blank)
KIND(cntrl)
KIND(digit)
KIND(graph)
KIND(lower)
KIND(print)
KIND(punct)
KIND(space)
KIND(upper)

API int ntpipe_iswxdigit(unsigned c)
{
    return c < 0x80 && isxdigit((int)c);
}

/* In the locale "C", which is every program's first, Windows changes the case of ASCII only. */
static int only_ascii(void)
{
    const char *name = setlocale(LC_CTYPE, NULL);
    return !name || strcmp(name, "C") == 0;
}

API unsigned ntpipe_towlower(unsigned c)
{
    if (c < 0x80)
        return c - 'A' < 26 ? c + 32 : c;
    if (c > 0xFFFF || only_ascii() || !all_characters())
        return c;
    unsigned other = towlower_l(c, unicode);
    return other <= 0xFFFF ? other : c;
}

API unsigned ntpipe_towupper(unsigned c)
{
    if (c < 0x80)
        return c - 'a' < 26 ? c - 32 : c;
    if (c > 0xFFFF || only_ascii() || !all_characters())
        return c;
    unsigned other = towupper_l(c, unicode);
    return other <= 0xFFFF ? other : c;
}
