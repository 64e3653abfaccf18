/* The engine of the scanf family: one for narrow and wide input, from memory or a stream. */

#include "crt.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define END (-1)

struct in {
    int wide;
    const void *text; /* where the input is in memory */
    size_t left;
    FILE *file;       /* else the stream */
    size_t taken;
};

struct spec {
    int suppress;
    size_t width; /* SIZE_MAX if there is none */
    int bytes;    /* how long the number is that the pointer means */
    int extended; /* L */
    int text;     /* h: 'n'arrow, l or w: 'w'ide, else 0 */
};

/* Where a string goes: perhaps of the other width than the input. */
struct sink {
    void *place;
    int wide;
    size_t room;
    size_t n;
    int full;
    unsigned char bytes[5]; /* the begun character of narrow input */
    size_t held;
    uint32_t high;          /* the begun character of wide input */
};

static int take(struct in *in)
{
    int c = END;
    if (in->file) {
        c = in->wide ? (int)ntpipe_fgetwc(in->file) : getc(in->file);
    } else if (in->left) {
        c = in->wide ? *(const wchar_t *)in->text : *(const unsigned char *)in->text;
        if (c == 0) {
            c = END;
        } else {
            in->text = (const char *)in->text + (in->wide ? sizeof(wchar_t) : 1);
            in->left--;
        }
    }
    in->taken += c != END;
    return c;
}

static void give_back(struct in *in, int c)
{
    if (c == END)
        return;
    in->taken--;
    if (!in->file) {
        in->text = (const char *)in->text - (in->wide ? sizeof(wchar_t) : 1);
        in->left++;
    } else if (in->wide) {
        ntpipe_ungetwc((unsigned)c, in->file);
    } else {
        ungetc(c, in->file);
    }
}

static int is_space(const struct in *in, int c)
{
    return in->wide ? c != END && ntpipe_iswspace((unsigned)c) : c != END && isspace(c);
}

static void skip_space(struct in *in)
{
    int c;
    while (is_space(in, c = take(in))) {
    }
    give_back(in, c);
}

static void sink_unit(struct sink *to, uint32_t unit)
{
    if (!to->place)
        return;
    if (to->n >= to->room)
        to->full = 1;
    else if (to->wide)
        ((wchar_t *)to->place)[to->n++] = (wchar_t)unit;
    else
        ((char *)to->place)[to->n++] = (char)unit;
}

static void sink_character(struct sink *to, uint32_t c)
{
    wchar_t units[2];
    char bytes[4];
    size_t n = to->wide ? ntpipe_utf16_put(units, c) : ntpipe_utf8_put(bytes, c);
    for (size_t i = 0; i < n; i++)
        sink_unit(to, to->wide ? units[i] : (unsigned char)bytes[i]);
}

/* A character that has begun and does not go on. */
static void sink_broken(struct sink *to)
{
    if (to->held || to->high)
        sink_character(to, 0xFFFD);
    to->held = 0;
    to->high = 0;
}

static void sink_put(struct sink *to, int input_wide, uint32_t c)
{
    if (to->wide == input_wide) {
        sink_unit(to, c);
    } else if (to->wide) {
        static const unsigned char more[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4 };
        if ((c & 0xC0) != 0x80)
            sink_broken(to);
        to->bytes[to->held++] = (unsigned char)c;
        to->bytes[to->held] = 0;
        if (to->held >= more[to->bytes[0] >> 4]) {
            const unsigned char *at = to->bytes;
            sink_character(to, ntpipe_utf8_next(&at));
            to->held = 0;
        }
    } else if (to->high && (c & 0xFC00) == 0xDC00) {
        c = 0x10000 + ((to->high & 0x3FF) << 10 | (c & 0x3FF));
        to->high = 0;
        sink_character(to, c);
    } else {
        sink_broken(to);
        if ((c & 0xFC00) == 0xD800)
            to->high = c;
        else
            sink_character(to, (c & 0xFC00) == 0xDC00 ? 0xFFFD : c);
    }
}

/* Whether wide input still fits a narrow place of `width` bytes. A place of one byte for each character of
 * the format's width is all that a program has which knows of no others. */
static int fits(const struct sink *to, size_t width, uint32_t c)
{
    int ends_pair = to->high && (c & 0xFC00) == 0xDC00;
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : (c & 0xFC00) == 0xD800 ? 4 : 3;
    return ends_pair || width == SIZE_MAX || to->n + n + (to->high ? 3 : 0) <= width;
}

/* The characters of %[: a copy of its format, without the brackets. */
struct set {
    const void *text;
    size_t n;
    int inverted;
};

static uint32_t at(int wide, const void *text, size_t i)
{
    return wide ? ((const wchar_t *)text)[i] : ((const unsigned char *)text)[i];
}

static int in_set(int wide, const struct set *set, uint32_t c)
{
    for (size_t i = 0; i < set->n; i++) {
        uint32_t low = at(wide, set->text, i), high = low;
        if (i + 2 < set->n && at(wide, set->text, i + 1) == '-') {
            high = at(wide, set->text, i + 2);
            i += 2;
        }
        if ((low <= c && c <= high) || (high <= c && c <= low))
            return !set->inverted;
    }
    return set->inverted;
}

/* %s, %c and %[: 1 if there was something, 0 if nothing matched, END at the end of the input. */
static int scan_text(struct in *in, const struct spec *spec, struct sink *to, int type, const struct set *set)
{
    size_t width = type == 'c' && spec->width == SIZE_MAX ? 1 : spec->width;
    int narrows = to->place && in->wide && !to->wide && to->room == SIZE_MAX;
    size_t n = 0;
    int c = END;
    if (type == 's')
        skip_space(in);
    while (n < width) {
        c = take(in);
        if (c == END)
            break;
        if ((type == 's' && is_space(in, c)) || (type == '[' && !in_set(in->wide, set, (uint32_t)c))
            || (narrows && !fits(to, width, (uint32_t)c))) {
            give_back(in, c);
            break;
        }
        sink_put(to, in->wide, (uint32_t)c);
        n++;
    }
    sink_broken(to);
    if (n == 0 || (type == 'c' && (narrows ? to->n : n) < width))
        return c == END ? END : 0;
    if (type != 'c')
        sink_unit(to, 0);
    if (to->full) {
        to->n = 0;
        to->full = to->room == 0;
        if (to->room)
            sink_unit(to, 0);
        errno = ENOMEM;
        return 0;
    }
    return 1;
}

static int digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    int letter = c | 0x20;
    return c < 0x80 && letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : 99;
}

/* Reads an integer: 1, 0 or END as above. */
static int scan_integer(struct in *in, const struct spec *spec, int type, uint64_t *value)
{
    int base = type == 'o' ? 8 : type == 'x' || type == 'p' ? 16 : type == 'i' ? 0 : 10;
    size_t left = spec->width;
    int negative = 0, any = 0;
    skip_space(in);
    int c = take(in);
    if (c == END)
        return END;
    if (c == '-' || c == '+') {
        negative = c == '-';
        c = --left ? take(in) : END;
    }
    if (c == '0' && left && (base == 0 || base == 16)) {
        any = 1;
        c = --left ? take(in) : END;
        if (left && (c == 'x' || c == 'X')) {
            base = 16;
            any = 0;
            c = --left ? take(in) : END;
        } else if (!base) {
            base = 8;
        }
    }
    if (!base)
        base = 10;
    *value = 0;
    while (left && digit(c) < base) {
        any = 1;
        if (__builtin_mul_overflow(*value, (uint64_t)base, value)
            || __builtin_add_overflow(*value, (uint64_t)digit(c), value))
            *value = UINT64_MAX;
        c = --left ? take(in) : END;
    }
    give_back(in, c);
    if (negative)
        *value = 0 - *value;
    return any;
}

/* Whether "inf", "infinity" or "nan" goes on with this letter behind n others of it. */
static int goes_on(const char *word, size_t n, int letter)
{
    const char *whole = n == 0 ? (letter == 'i' ? "infinity" : "nan") : *word == 'i' ? "infinity" : "nan";
    return n < strlen(whole) && whole[n] == letter;
}

/* Gathers what can be a floating-point number. */
static int scan_double(struct in *in, const struct spec *spec, char *text, size_t room)
{
    size_t n = 0, left = spec->width;
    int point = 0, exponent = 0, any = 0, hex = 0;
    size_t word = 0; /* how many letters of one */
    skip_space(in);
    int c = take(in);
    if (c == END)
        return END;
    for (; left && c != END && c < 0x80 && n + 1 < room; c = --left ? take(in) : END) {
        int letter = c | 0x20;
        int first = n == 0 || (n == 1 && (text[0] == '-' || text[0] == '+'));
        int marks = exponent && (text[n - 1] | 0x20) == (hex ? 'p' : 'e');
        if ((c == '-' || c == '+') && (n == 0 || marks))
            ;
        else if ((word || first) && goes_on(text + n - word, word, letter))
            any = ++word >= 3, c = letter;
        else if (word)
            break;
        else if (c >= '0' && c <= '9')
            any = 1;
        else if (hex && !exponent && digit(c) < 16)
            any = 1;
        else if (letter == 'x' && any && !point && !exponent && !hex && text[n - 1] == '0')
            hex = 1;
        else if (c == '.' && !point && !exponent)
            point = 1;
        else if (letter == (hex ? 'p' : 'e') && any && !exponent)
            exponent = 1;
        else
            break;
        text[n++] = (char)c;
    }
    give_back(in, c);
    text[n] = 0;
    return any;
}

static void store_integer(void *place, int bytes, uint64_t value)
{
    switch (bytes) {
    case 1: *(uint8_t *)place = (uint8_t)value; break;
    case 2: *(uint16_t *)place = (uint16_t)value; break;
    case 4: *(uint32_t *)place = (uint32_t)value; break;
    default: *(uint64_t *)place = value;
    }
}

static void store_double(void *place, const struct spec *spec, const char *text)
{
    if (spec->extended)
        *(long double *)place = strtold(text, NULL);
    else if (spec->text == 'w')
        *(double *)place = strtod(text, NULL);
    else
        *(float *)place = strtof(text, NULL);
}

struct reader {
    const void *text;
    int wide;
};

static uint32_t look(const struct reader *in, size_t ahead)
{
    return at(in->wide, in->text, ahead);
}

static void skip(struct reader *in, size_t n)
{
    in->text = (const char *)in->text + n * (in->wide ? sizeof(wchar_t) : 1);
}

static void read_size(struct reader *in, struct spec *spec)
{
    spec->bytes = 4;
    for (;; skip(in, 1)) {
        uint32_t c = look(in, 0), next = c ? look(in, 1) : 0;
        switch (c) {
        case 'h':
            spec->bytes = next == 'h' ? 1 : 2;
            spec->text = 'n';
            if (next == 'h')
                skip(in, 1);
            break;
        case 'l':
            spec->bytes = next == 'l' ? 8 : 4;
            spec->text = 'w';
            if (next == 'l')
                skip(in, 1);
            break;
        case 'w': spec->text = 'w'; break;
        case 'L': spec->extended = 1; spec->bytes = 8; break;
        case 'j': case 'z': case 't': spec->bytes = 8; break;
        case 'I':
            spec->bytes = 8;
            if (next == '6' && look(in, 2) == '4') {
                skip(in, 2);
            } else if (next == '3' && look(in, 2) == '2') {
                spec->bytes = 4;
                skip(in, 2);
            }
            break;
        default: return;
        }
    }
}

/* The set behind %[: 0 if it never ends. */
static int read_set(struct reader *in, struct set *set)
{
    set->inverted = look(in, 0) == '^';
    skip(in, (size_t)set->inverted);
    set->text = in->text;
    for (set->n = 0; look(in, 0) && (look(in, 0) != ']' || set->n == 0); set->n++)
        skip(in, 1);
    int ended = look(in, 0) == ']';
    skip(in, (size_t)ended);
    return ended;
}

struct args {
    va_list list;
};

/* One conversion: 1 if it stored something, 2 if it worked and stored nothing that counts. */
static int scan_one(struct in *in, struct spec *spec, uint32_t type, struct reader *format, int sized,
                    struct args *args)
{
    struct set set = { 0 };
    char text[512];
    uint64_t value;
    int got;
    int wide = spec->text ? spec->text == 'w' : type == 'S' || type == 'C' ? !in->wide : in->wide;
    if (type == '[' && !read_set(format, &set))
        return 0;
    if (type == 'n') {
        if (!spec->suppress)
            store_integer(va_arg(args->list, void *), spec->bytes, in->taken);
        return 2;
    }
    void *place = spec->suppress || type == '%' ? NULL : va_arg(args->list, void *);
    switch (type) {
    case 'd': case 'i': case 'u': case 'o': case 'x': case 'X': case 'p':
        got = scan_integer(in, spec, type == 'X' ? 'x' : (int)type, &value);
        if (got == 1 && place)
            store_integer(place, type == 'p' ? (int)sizeof(void *) : spec->bytes, value);
        break;
    case 'e': case 'E': case 'f': case 'F': case 'g': case 'G': case 'a': case 'A':
        got = scan_double(in, spec, text, sizeof text);
        if (got == 1 && place)
            store_double(place, spec, text);
        break;
    case 's': case 'S': case 'c': case 'C': case '[': {
        struct sink to = { .place = place, .wide = wide, .room = SIZE_MAX };
        if (sized && place)
            to.room = va_arg(args->list, unsigned);
        got = scan_text(in, spec, &to, type == 'S' ? 's' : type == 'C' ? 'c' : (int)type, &set);
        break;
    }
    default: {
        if (type == '%')
            skip_space(in);
        int c = take(in);
        if (c != (int)type)
            give_back(in, c);
        return c == (int)type ? 2 : c == END ? END : 0;
    }
    }
    return got == 1 && !place ? 2 : got;
}

static int scan(struct in *in, const void *text, int sized, va_list list)
{
    struct reader format = { text, in->wide };
    struct args args;
    int stored = 0, any = 0, got = 2;
    va_copy(args.list, list);
    for (uint32_t c; (c = look(&format, 0)) != 0;) {
        skip(&format, 1);
        if (is_space(in, (int)c)) {
            skip_space(in);
            continue;
        }
        if (c != '%') {
            int input = take(in);
            if (input == (int)c)
                continue;
            give_back(in, input);
            got = input == END ? END : 0;
            break;
        }
        struct spec spec = { .width = SIZE_MAX };
        if (look(&format, 0) == '*') {
            spec.suppress = 1;
            skip(&format, 1);
        }
        size_t width = 0;
        for (; digit((int)look(&format, 0)) < 10; skip(&format, 1))
            width = width * 10 + (size_t)digit((int)look(&format, 0));
        if (width)
            spec.width = width;
        read_size(&format, &spec);
        uint32_t type = look(&format, 0);
        if (!type)
            break;
        skip(&format, 1);
        got = scan_one(in, &spec, type, &format, sized, &args);
        if (got <= 0)
            break;
        stored += got == 1;
        any |= got == 1 || spec.suppress;
    }
    va_end(args.list);
    return got == END && !any ? EOF : stored;
}

int ntpipe_scan_narrow(const char *text, size_t length, const char *format, int sized, va_list list)
{
    struct in in = { .wide = 0, .text = text, .left = length };
    return scan(&in, format, sized, list);
}

int ntpipe_scan_wide(const wchar_t *text, size_t length, const wchar_t *format, int sized, va_list list)
{
    struct in in = { .wide = 1, .text = text, .left = length };
    return scan(&in, format, sized, list);
}

int ntpipe_scan_file(FILE *file, const void *format, int wide, int sized, va_list list)
{
    struct in in = { .wide = wide, .file = file };
    flockfile(file);
    int n = scan(&in, format, sized, list);
    funlockfile(file);
    return n;
}
