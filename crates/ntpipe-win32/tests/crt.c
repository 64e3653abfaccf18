/* The runtime's answers, one a line. crt.txt has Windows' answers to the same program: it is what this
 * prints when built for Windows against the universal C runtime. */
#include <errno.h>
#include <inttypes.h>
#include <io.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

static int number;

static void show_wide(const wchar_t *text)
{
    for (; *text; text++)
        if (*text >= 32 && *text < 127)
            printf("%c", (char)*text);
        else
            printf("\\u%04x", *text);
}

/* N formats narrow, W wide, both with the same arguments. */
#define N(...)                                              \
    do {                                                    \
        char to[600] = "unset";                             \
        int n = snprintf(to, sizeof to, __VA_ARGS__);       \
        printf("%d: %d [%s]\n", ++number, n, to);           \
    } while (0)
#define W(...)                                              \
    do {                                                    \
        wchar_t to[600] = L"unset";                         \
        int n = _snwprintf(to, 600, __VA_ARGS__);           \
        printf("%d: %d [", ++number, n);                    \
        show_wide(to);                                      \
        printf("]\n");                                      \
    } while (0)
#define B(format, ...)                                      \
    do {                                                    \
        N(format, __VA_ARGS__);                             \
        W(L"" format, __VA_ARGS__);                         \
    } while (0)
#define I(value) printf("%d: %lld\n", ++number, (long long)(value))
#define S(text) printf("%d: [%s]\n", ++number, text)
#define WS(text) (printf("%d: [", ++number), show_wide(text), printf("]\n"))

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void integers(void)
{
    B("%d %i %u %x %X %o", -1, 42, 42u, 0xabcu, 0xabcu, 8u);
    B("%5d|%-5d|%05d|%+d|% d|%+5d|%-+5d|%+05d", 42, 42, 42, 42, 42, 42, 42, 42);
    B("%.3d|%.0d|%5.3d|%-5.3d|%.0d", 7, 7, 7, 7, 0);
    B("%#x|%#X|%#o|%#x|%#o|%#08x|%#-8x|%#.4x|%#06o|%#.3o|%#.0o", 255u, 255u, 8u, 0u, 0u, 255u, 255u, 255u, 8u, 8u, 0u);
    B("%ld %lu %lx %li %lX", -2, 4000000000u, 0xdeadbeefu, -3, 0xdeadbeefu);
    B("%lld %llu %llx", -5000000000LL, 10000000000000000000ULL, 0x123456789abcdefULL);
    B("%I64d %I64u %I64x %I64X", -5000000000LL, 10000000000000000000ULL, 0xabcdefabcdefULL, 0xabcdefabcdefULL);
    B("%I32d %I32u %I32x", -5, 5u, 0xffffffffu);
    B("%Id %Iu %Ix", (intptr_t)-7, (size_t)7, (size_t)0xfffffffffffULL);
    B("%zu %zd %zx %td %jd %ju", (size_t)12, (ptrdiff_t)-12, (size_t)255, (ptrdiff_t)-3, (intmax_t)-4, (uintmax_t)4);
    B("%hd %hu %hx", 70000, 70000, 70000);
    B("%*d|%-*d|%*d|%.*d|%*.*d|%.*d", 6, 1, 6, 2, -6, 3, 4, 4, 8, 3, 5, -1, 6);
    B("%p|%20p|%-20p|%p", (void *)0x1234abcd, (void *)0xff, (void *)0xff, (void *)0);
    B("%d%%|%c|%3c|%-3c|", 50, 'x', 'y', 'z');
    B("%x %d %u %lu", 0xffffffffu, 0x80000000, 0x80000000u, 0x80000000u);
    B("%08lX %8lx|%-8lx|%.8lX", 0xabcu, 0xabcu, 0xabcu, 0xabcu);
    B("%" PRId64 " %" PRIu64 " %" PRIx64 " %" PRIdPTR, (int64_t)-1, (uint64_t)1 << 40, (uint64_t)255, (intptr_t)-9);
    B("%.20d|%20.10x|%-20.10x|", 123, 0xabu, 0xabu);
    B("%+u|% u|%+x|%+d|% d", 5u, 5u, 5u, -5, -5);
    B("%.d|%.x|%#.0x", 0, 0u, 0u);
    B("%lc|%hd|%ld|%lld", 'w', 1, 2, 3LL);
    B("%s=%d, %s=%lu", 0 ? "" : NULL, 1, NULL, 2u);
}

static void floats(void)
{
    B("%f|%.0f|%.1f|%10.3f|%-10.3f|%010.3f|%+f|% f", 3.14159, 3.5, 0.75, 3.14159, 3.14159, -3.14159, 1.0, 1.0);
    B("%e|%.0e|%.3e|%E|%15.2e|%-15.2e|", 12345.678, 12345.678, 12345.678, 0.00012345, 1e100, 1e-100);
    B("%g|%g|%g|%g|%G|%.3g|%#g|%#.3g", 100000.0, 1000000.0, 0.0001, 0.00001, 1e-10, 1234567.0, 1.0, 2.0);
    B("%a|%A|%.2a|%.0a|%20.3a|%a|%a", 1.5, 1.5, 3.14159, 1.0, 255.0, 0.0, -0.1);
    B("%f|%F|%e|%g|%G|%8f|%-8f|", INFINITY, INFINITY, -INFINITY, INFINITY, -INFINITY, INFINITY, INFINITY);
    B("%f|%F|%g|%+f|% f|%10f|", NAN, NAN, NAN, NAN, NAN, NAN);
    B("%.0f %.0f %.2f %.2f", 1.5, 3.5, 1.005, 2.675);
    B("%f %e %g", 1e300, 1e300, 1e300);
    B("%.15g %.17g %.20f", 0.1, 0.1, 0.1);
    B("%e %g %f", 0.0, 0.0, -0.0);
    B("%#.0f %#.0e %5.1f%%", 1.0, 1.0, 99.5);
    B("%lf %le %lg", 1.25, 1.25, 1.25);
    B("%e %E %g", 1e5, 1e-5, 1e15);
    B("%010g|%-10g|%+g|%+.2e", 1.5, 1.5, 1.5, 1.5);
    B("%.50f", 1.0 / 3);
    B("%.3f %.10f", 1e15 / 7, 2.0 / 3);
}

static void strings(void)
{
    N("%s|%10s|%-10s|%.2s|%10.2s|%-10.2s|", "abc", "abc", "abc", "abc", "abc", "abc");
    N("%S|%10S|%-10S|%.2S|%10.2S|", L"abc", L"abc", L"abc", L"abc", L"abc");
    N("%ls|%ws|%hs|%hS|%lS", L"l", L"w", "h", "hS", L"lS");
    N("%c%C%lc%hc%wc%hC", 'a', L'b', L'c', 'd', L'e', 'f');
    N("%05s|%-05s|%05c|%05S", "ab", "ab", 'c', L"ab");
    N("%s %S %.3s %10s", NULL, NULL, NULL, NULL);
    N("%.0s|%.*s|%*s|%-*s|", "abc", 2, "abc", 5, "abc", 5, "abc");
    N("%s%s%s", "one", "", "three");
    N("[%s] %d [%S] %lu", "narrow", 1, L"wide", 2u);
    N("%5c|%-5c|%5C|", 'a', 'b', L'c');
    N("100%% %s", "sure");
    W(L"%s|%10s|%-10s|%.2s|%10.2s|%-10.2s|", L"abc", L"abc", L"abc", L"abc", L"abc", L"abc");
    W(L"%S|%10S|%-10S|%.2S|%10.2S|", "abc", "abc", "abc", "abc", "abc");
    W(L"%ls|%ws|%hs|%hS|%lS", L"l", L"w", "h", "hS", L"lS");
    W(L"%c%C%lc%hc%wc%hC", L'a', 'b', L'c', 'd', L'e', 'f');
    W(L"%05s|%-05s|%05c|%05S", L"ab", L"ab", L'c', "ab");
    W(L"%s %S %.3s %10s", NULL, NULL, NULL, NULL);
    W(L"%.0s|%.*s|%*s|%-*s|", L"abc", 2, L"abc", 5, L"abc", 5, L"abc");
    W(L"\\\\.\\pipe\\%s_%04x_%lu", L"name", 0xabu, 7u);
    W(L"\x263a%s%c", L"\x4f60\x597d", 0x20ac);
    W(L"%.3s|%5s|", L"\x4f60\x597d\x4e16\x754c", L"\x4f60");
}

static int call_vsnprintf(char *to, size_t room, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = vsnprintf(to, room, format, list);
    va_end(list);
    return n;
}

static int call__vsnprintf(char *to, size_t room, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = _vsnprintf(to, room, format, list);
    va_end(list);
    return n;
}

static void limits(void)
{
    char to[16];
    wchar_t wide[16];
#define FILL() (memset(to, '#', 15), to[15] = 0, wmemset(wide, L'#', 15), wide[15] = 0)
    for (int room = 0; room < 8; room++) {
        FILL(); I(snprintf(to, room, "%s", "hello")); S(to);
        FILL(); I(_snprintf(to, room, "%s", "hello")); S(to);
        FILL(); I(call_vsnprintf(to, room, "%d", 12345)); S(to);
        FILL(); I(call__vsnprintf(to, room, "%d", 12345)); S(to);
        FILL(); I(_snwprintf(wide, room, L"%s", L"hello")); WS(wide);
    }
    for (int room = 5; room < 8; room++) {
        FILL(); I(swprintf(wide, room, L"%s", L"hello")); WS(wide);
    }
    FILL(); I(sprintf_s(to, 16, "%s-%d", "ab", 5)); S(to);
    FILL(); I(_snprintf_s(to, 16, 3, "%s", "hello")); S(to);
    FILL(); I(_snprintf_s(to, 4, _TRUNCATE, "%s", "hello")); S(to);
    FILL(); I(_snprintf_s(to, 16, _TRUNCATE, "%s", "hello")); S(to);
    FILL(); I(swprintf_s(wide, 16, L"%s-%d", L"ab", 5)); WS(wide);
    FILL(); I(_snwprintf_s(wide, 16, 3, L"%s", L"hello")); WS(wide);
    FILL(); I(_snwprintf_s(wide, 4, _TRUNCATE, L"%s", L"hello")); WS(wide);
    I(snprintf(NULL, 0, "%d %s", 12, "abc"));
    I(_scprintf("%d %s", 12, "abc"));
    I(_scwprintf(L"%d %s", 12, L"abc"));
    FILL(); I(sprintf(to, "%ld,%lu", -1, 1u)); S(to);
}

static void wide_strings(void)
{
    wchar_t to[64];
    I(wcslen(L"")); I(wcslen(L"abc")); I(wcsnlen(L"abcdef", 4));
    WS(wcscpy(to, L"abc")); WS(wcscat(to, L"def")); WS(wcsncat(to, L"ghijk", 2));
    WS(wcsncpy(to, L"xyz", 2)); wmemset(to, L'.', 10); to[10] = 0; WS(wcsncpy(to, L"xyz", 5)); WS(to + 5);
    I(sign(wcscmp(L"abc", L"abd"))); I(sign(wcscmp(L"abc", L"abc"))); I(sign(wcscmp(L"b", L"abc")));
    I(sign(wcscmp(L"\xffff", L"a"))); I(sign(wcsncmp(L"abcd", L"abxx", 2))); I(sign(wcsncmp(L"abcd", L"abxx", 3)));
    I(sign(_wcsicmp(L"HELLO", L"hello"))); I(sign(_wcsicmp(L"a", L"B"))); I(sign(_wcsnicmp(L"HELLO", L"help", 3)));
    I(sign(_wcsicmp(L"_", L"a"))); I(sign(_wcsicmp(L"_", L"A")));
    WS(wcschr(L"hello", L'l')); I(wcschr(L"hello", L'z') == NULL); WS(wcsrchr(L"hello", L'l'));
    I(*wcschr(L"hello", 0)); WS(wcsstr(L"hello world", L"o w")); I(wcsstr(L"hello", L"xyz") == NULL);
    WS(wcsstr(L"hello", L"")); WS(wcspbrk(L"hello", L"ol")); I(wcspbrk(L"hello", L"xyz") == NULL);
    I(wcsspn(L"hello", L"hel")); I(wcscspn(L"hello", L"lo")); I(wcscspn(L"hello", L""));
    wchar_t list[] = L",one,,two;three,", *rest;
    for (wchar_t *at = wcstok_s(list, L",;", &rest); at; at = wcstok_s(NULL, L",;", &rest))
        WS(at);
    WS(wmemcpy(to, L"wmem", 5)); WS(wmemmove(to + 1, to, 5)); I(sign(wmemcmp(L"ab", L"ac", 2)));
    WS(wmemchr(L"abcd", L'c', 4)); WS(_wcslwr(wcscpy(to, L"MiXeD 1"))); WS(_wcsupr(to)); WS(_wcsrev(to));
    wchar_t *copy = _wcsdup(L"copy"); WS(copy); free(copy);
}

static void kinds(void)
{
    for (int c = 0; c < 128; c++)
        printf("%d", !!iswalnum(c) | !!iswalpha(c) << 1 | !!iswcntrl(c) << 2 | !!iswdigit(c) << 3 |
                         !!iswgraph(c) << 4 | !!iswlower(c) << 5 | !!iswpunct(c) << 6 | !!iswspace(c) << 7 |
                         !!iswupper(c) << 8 | !!iswxdigit(c) << 9);
    printf("\n");
    for (int c = 0; c < 128; c++)
        printf("%x%x", towupper(c), towlower(c));
    printf("\n");
    I(towupper(0xe9)); I(towlower(0xc9)); I(!!iswalpha(0xe9)); I(!!iswalpha(0x4f60)); I(!!iswalpha(0x263a));
    I(!!iswalpha(WEOF)); I(!!iswupper(0xc9));
}

static void numbers(void)
{
    static const wchar_t *const texts[] = { L"42", L"-42", L"  +7x", L"0x1F", L"017", L"", L"abc", L"2147483647",
        L"2147483648", L"-2147483648", L"-2147483649", L"4294967295", L"4294967296", L"-1", L"99999999999999999999",
        L"0x", L"z" };
    static const int bases[] = { 10, 0, 16, 8 };
    wchar_t *end;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t b = 0; b < 4; b++) {
            errno = 0;
            int value = (int)wcstol(texts[i], &end, bases[b]);
            printf("%d: %d %d %d", ++number, value, (int)(end - texts[i]), errno == ERANGE);
            if (*texts[i] == '-' && bases[b] == 16) {
                printf("\n");
                continue;
            }
            errno = 0;
            unsigned other = (unsigned)wcstoul(texts[i], &end, bases[b]);
            printf(" %u %d %d", other, (int)(end - texts[i]), errno == ERANGE);
            errno = 0;
            printf(" %lld", wcstoll(texts[i], &end, bases[b]));
            printf(" %d", errno == ERANGE);
            printf(" %llu\n", wcstoull(texts[i], &end, bases[b]));
        }
    printf("%d: %g %g %g\n", ++number, wcstod(L" 3.25abc", &end), wcstod(L"-1e3", NULL), wcstod(L"x", NULL));
    WS(wcstod(L"1.5e+", &end) == 1.5 ? end : L"wrong");
    I(_wtoi(L"123abc")); I(_wtoi(L"-5")); I(_wtoi(L"")); I(_wtol(L"77")); I(_wtoi64(L"5000000000"));
    I(_wtoi(L"99999999999")); I(_atoi64("-5000000000")); I(_strtoi64("0x7f", NULL, 0)); I(_strtoui64("-1", NULL, 10) == UINT64_MAX);
    char to[80];
    wchar_t wide[80];
    S(_itoa(-255, to, 10)); S(_itoa(-255, to, 16)); S(_itoa(255, to, 2)); S(_ultoa(4294967295u, to, 36));
    S(_i64toa(INT64_MIN, to, 10)); S(_ui64toa(UINT64_MAX, to, 16)); WS(_itow(-12, wide, 10)); WS(_ultow(77, wide, 8));
    I(_itoa_s(12345, to, 6, 10)); S(to); I(_itoa_s(12345, to, 5, 10)); S(to); I(_itow_s(-5, wide, 80, 10)); WS(wide);
}

static void secure(void)
{
    char to[8];
    wchar_t wide[8];
    I(strcpy_s(to, 8, "abc")); S(to); I(strcpy_s(to, 4, "abcd")); S(to); I(strcpy_s(to, 5, "abcd")); S(to);
    I(strncpy_s(to, 8, "abcdef", 3)); S(to); I(strncpy_s(to, 4, "abcdef", _TRUNCATE)); S(to);
    I(strncpy_s(to, 4, "abcdef", 4)); S(to); I(strncpy_s(to, 8, "ab", 5)); S(to);
    strcpy_s(to, 8, "ab"); I(strcat_s(to, 8, "cd")); S(to); I(strcat_s(to, 8, "efgh")); S(to);
    strcpy_s(to, 8, "ab"); I(strncat_s(to, 8, "cdef", 2)); S(to); I(strncat_s(to, 8, "ghijklm", _TRUNCATE)); S(to);
    I(wcscpy_s(wide, 8, L"abc")); WS(wide); I(wcscpy_s(wide, 3, L"abc")); WS(wide);
    I(wcsncpy_s(wide, 8, L"abcdef", 3)); WS(wide); I(wcsncpy_s(wide, 4, L"abcdef", _TRUNCATE)); WS(wide);
    wcscpy_s(wide, 8, L"ab"); I(wcscat_s(wide, 8, L"cd")); WS(wide); I(wcsncat_s(wide, 8, L"efghij", 2)); WS(wide);
    char list[] = "a b  c", *rest;
    for (char *at = strtok_s(list, " ", &rest); at; at = strtok_s(NULL, " ", &rest))
        S(at);
    memset(to, 'x', 8);
    I(memcpy_s(to, 8, "abcdefg", 8)); S(to); I(memcpy_s(to, 4, "12345", 5)); I(to[0]);
    I(memmove_s(to, 8, "12345", 6)); S(to);
    I(_stricmp("ABC", "abc")); I(sign(_stricmp("a", "B"))); I(_strnicmp("ABCx", "abcy", 3)); I(sign(_stricmp("_", "A")));
    strcpy_s(to, 8, "AbC"); S(_strlwr(to)); S(_strupr(to)); S(_strrev(to));
    char *copy = _strdup("dup"); S(copy); free(copy);
    struct tm parts;
    time_t then = 86400;
    I(gmtime_s(&parts, &then)); I(parts.tm_mday); I(parts.tm_year);
    char text[32];
    I(asctime_s(text, sizeof text, &parts)); S(text); I(asctime_s(text, 10, &parts));
    wchar_t stamp[32];
    I(wcsftime(stamp, 32, L"%Y-%m-%d %H:%M:%S", &parts)); WS(stamp); I(wcsftime(stamp, 5, L"%Y-%m-%d", &parts));
    size_t n;
    I(mbstowcs(wide, "abc", 8)); WS(wide); I(mbstowcs(NULL, "abcd", 0)); I(wcstombs(to, L"xyz", 8)); S(to);
    I(mbstowcs_s(&n, wide, 8, "hello", _TRUNCATE)); I(n); WS(wide);
    I(wcstombs_s(&n, to, 8, L"wide", _TRUNCATE)); I(n); S(to);
    I(mbtowc(wide, "q", 1)); I(wide[0]); I(wctomb(to, L'w')); I(to[0]);
}

static void scanning(void)
{
    int a = -9, b = -9, c = -9;
    unsigned u = 9;
    struct { unsigned value, guard; } pair = { 0, 77 };
    long long big = -9;
    short small = -9;
    char text[32] = "unset", other[32] = "unset", ch = '?';
    wchar_t wide[32] = L"unset", wother[32] = L"unset";
    float f = -9;
    double d = -9;
    I(sscanf("12 -34 0x1f", "%d %d %i", &a, &b, &c)); I(a); I(b); I(c);
    I(sscanf("deadbeef", "%lx", &pair.value)); I(pair.value); I(pair.guard);
    I(sscanf("4294967295", "%lu", &pair.value)); I(pair.value); I(pair.guard);
    I(sscanf("-5", "%ld", &pair.value)); I((int)pair.value); I(pair.guard);
    I(sscanf("123456789012", "%I64d", &big)); I(big); I(sscanf("-77", "%lld", &big)); I(big);
    I(sscanf("ffffffffffff", "%I64x", &big)); I(big); I(sscanf("70000", "%hd", &small)); I(small);
    I(sscanf("3.5 -2.25e2", "%f %lf", &f, &d)); N("%g %g", f, d);
    I(sscanf("  hello world", "%s %s", text, other)); S(text); S(other);
    I(sscanf("hello", "%3s%s", text, other)); S(text); S(other);
    I(sscanf("key=value;", "%[^=]=%[a-z]", text, other)); S(text); S(other);
    I(sscanf("a]b", "%[]a]%c", text, &ch)); S(text); I(ch);
    I(sscanf(" x", "%c", &ch)); I(ch); I(sscanf(" x", " %c", &ch)); I(ch);
    I(sscanf("12,34", "%d,%d", &a, &b)); I(a); I(b); I(sscanf("12;34", "%d,%d", &a, &b));
    I(sscanf("", "%d", &a)); I(sscanf("x", "%d", &a)); I(sscanf("  ", "%s", text)); I(sscanf("5", "%d %d", &a, &b));
    I(sscanf("100%", "%d%%", &a)); I(sscanf("1 2 3", "%*d %d", &a)); I(a); I(sscanf("0x", "%x", &u)); I(sscanf("077", "%o", &u)); I(u);
    I(sscanf("wide", "%S", wide)); WS(wide); I(sscanf("wide2", "%ls", wide)); WS(wide); I(sscanf("n", "%hs", text)); S(text);
    I(sscanf("abc 12", "%s%n%d", text, &a, &b)); I(a); I(b);
    I(sscanf_s("secure 5", "%s %d", text, 32u, &a)); S(text); I(a); I(sscanf_s("q", "%c", &ch, 1u)); I(ch);
    I(sscanf_s("toolong", "%s", text, 4u)); I(sscanf_s("x=y", "%[^=]=%s", text, 32u, other, 32u)); S(text); S(other);
    I(swscanf(L"12 word 0xff", L"%d %s %x", &a, wide, &u)); I(a); WS(wide); I(u);
    I(swscanf(L"narrow", L"%hs", text)); S(text); I(swscanf(L"narrow2", L"%S", text)); S(text);
    I(swscanf(L"k=v", L"%[^=]=%ls", wide, wother)); WS(wide); WS(wother);
    I(swscanf_s(L"sized 7", L"%s %d", wide, 32u, &a)); WS(wide); I(a);
    I(swscanf(L"fffffffe", L"%lx", &pair.value)); I(pair.value); I(pair.guard);
    I(sscanf("-", "%d", &a)); I(sscanf("+5", "%u", &u)); I(u); I(sscanf("1e5x", "%lf%c", &d, &ch)); N("%g %c", d, ch);
    I(sscanf("00000000000000AB", "%p", (void **)&big)); I(big); I(sscanf("99999999999", "%I64u", &big)); I(big);
}

static void streams(void)
{
    fflush(stdout);
    I(fwprintf(stdout, L"wide %s %hs %d\n", L"text", "narrow", 5));
    I(wprintf(L"%-6s|%6S|\n", L"ab", "cd"));
    I(fputws(L"fputws\n", stdout) >= 0);
    I(_putws(L"_putws") >= 0);
    I(putwchar(L'p')); I(fputwc(L'\n', stdout));
    I(printf("%s %S\n", "narrow", L"wide"));
    I(fprintf(stdout, "%I64u\n", 1ull << 40));
    FILE *file = tmpfile();
    if (!file)
        return;
    fputws(L"line one\nline two\n17 words", file);
    rewind(file);
    wchar_t line[32];
    WS(fgetws(line, 32, file)); WS(fgetws(line, 5, file)); I(fgetwc(file)); I(ungetwc(L'Z', file)); I(getwc(file));
    WS(fgetws(line, 32, file));
    int n = 0;
    I(fwscanf(file, L"%d %s", &n, line)); I(n); WS(line); I(fgetwc(file) == WEOF);
    fclose(file);
}

/* Where Wine is not Windows, or where Windows would end the program: by Microsoft's documentation. */
static void documented(void)
{
    printf("documented\n");
    B("%05.3d|%hhd %hhu %hhx|%#.0o", 7, 300, 300, 300, 0u);
    B("%.0f %.0f %.1f", 0.5, 2.5, 0.25);
    N("%n%d", (int *)NULL, 5);
    I((unsigned)wcstoul(L"-99999999999", NULL, 10));
    WS(wcscpy((wchar_t[16]){ 0 }, L"z")); I(wcstol(L"z", NULL, 36));
}

/* Where UTF-8 is the code page. A limit counts what the string has, so none of it has to end by a zero. */
static void conversions(void)
{
    static const char narrow[3] = { 'a', 'b', '\xc3' };
    static const wchar_t wide[3] = { 'a', 'b', 0xd83d };
    struct { unsigned short length, room; const void *text; } of_wide = { 6, 8, L"abcd" }, of_narrow = { 3, 8, "abcd" };
    char to[16] = "", none = 1;
    wchar_t text[16] = L"";
    size_t n;
    N("[%5ls|%.3ls|%-3ls|%.3ls]", L"\x4f60", L"\x4f60\x4f60\x4f60\x4f60", L"\xe9", wide);
    W(L"[%5hs|%.3hs|%.4hs]", "\xe4\xbd\xa0", narrow, "ab\xc3\xa9\xc3\xa9");
    B("%wZ|%Z|%10wZ|%-6Z|%wZ|%d", &of_wide, &of_narrow, &of_wide, &of_narrow, (void *)NULL, 5);
    B("%010f|%+010f|%010f|%08a", INFINITY, INFINITY, NAN, -INFINITY);
    I(sscanf("\xc3" "bc\xe4\xbd d", "%ls", text)); WS(text);
    I(swscanf(L"\x4f60\x4f60z", L"%4S", to)); S(to); I(swscanf(L"\x4f60", L"%C", &none)); I(none);
    I(wcstombs_s(&n, to, 4, L"abcdef", _TRUNCATE)); I(n); S(to); I(wcstombs_s(&n, to, 4, L"abcd", 4)); S(to);
    I(wcstombs_s(&n, to, 4, L"ab\x4f60", _TRUNCATE)); I(n); S(to); I(wcstombs_s(&n, NULL, 0, L"abc", 0)); I(n);
    I(mbstowcs_s(&n, text, 4, "abcdef", _TRUNCATE)); I(n); WS(text); I(mbstowcs_s(&n, text, 4, "abcdef", 3)); WS(text);
    I(mbstowcs_s(&n, text, 4, "abc\xf0\x9f\x98\x80", _TRUNCATE)); I(n); I(mbstowcs_s(&n, NULL, 0, "abc", 0)); I(n);
}

/* What is no number, and what is no string. */
static void refusals(void)
{
    float f = -9;
    int a = -9;
    char text[16] = "abcdefg", *rest = NULL;
    wchar_t wide[8] = L"ABCDEFG", *wide_rest = NULL;
    I(sscanf("name", "%f", &f)); I(f); I(sscanf("infinity9", "%f%d", &f, &a)); I(isinf(f)); I(a);
    I(sscanf("infx", "%f%s", &f, text)); S(text); I(sscanf("-nan", "%f", &f)); I(isnan(f));
    I(strtok_s(NULL, " ", &rest) == NULL); I(wcstok_s(NULL, L" ", &wide_rest) == NULL);
    strcpy(text, "abcdefg"); I(_strlwr_s(text, 3)); I(text[0]); I(_wcsupr_s(wide, 3)); I(wide[0]);
    I(_snprintf_s(NULL, 0, 0, "x")); I(sprintf_s(NULL, 0, "x")); errno = 0; I(_setmode(1, 12345)); I(errno);
}

/* A half of a surrogate pair that was read waits no longer than its stream. */
static void halves(void)
{
    const char *name = "halves.txt";
    wchar_t line[16] = L"";
    FILE *file = fopen(name, "w,ccs=UTF-8");
    I(fputws(L"\xd83d\xde00", file)); I(fputs("a", file)); fclose(file);
    file = fopen(name, "rt, ccs=UTF-8");
    I(fgetwc(file)); rewind(file); I(fgetwc(file)); I(fgetwc(file)); I(ungetwc(0xde00, file)); I(fgetwc(file)); I(fgetwc(file));
    rewind(file); I(fgetwc(file)); I(ungetwc(0xd83d, file)); WS(fgetws(line, 16, file));
    rewind(file); WS(fgetws(line, 2, file)); fclose(file);
    file = fopen(name, "r"); I(fgetwc(file)); fclose(file);
    remove(name);
}

int main(void)
{
    integers();
    floats();
    strings();
    limits();
    wide_strings();
    kinds();
    numbers();
    secure();
    scanning();
    streams();
    documented();
    conversions();
    refusals();
    halves();
    return 0;
}
