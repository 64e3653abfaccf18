/* The engine of the printf family: one for narrow and wide formats. */

#include "crt.h"

#include <stdlib.h>
#include <string.h>

struct spec {
    int left, plus, space, alternate, zero;
    long long width;
    long long precision; /* negative: none */
    enum { INT, CHAR, SHORT, BITS32, BITS64, LONG_DOUBLE } size;
    int text;            /* h: 'n'arrow, l or w: 'w'ide, else 0 */
};

/* A va_list that can be handed on and comes back advanced, whatever type it is. */
struct args {
    va_list list;
};

static void drain(struct out *out)
{
    if (out->held && fwrite(out->buffer, 1, out->held, out->file) != out->held)
        out->failed = 1;
    out->held = 0;
}

static void put_bytes(struct out *out, const char *bytes, size_t n)
{
    if (out->held + n > sizeof out->buffer)
        drain(out);
    if (n > sizeof out->buffer) {
        if (fwrite(bytes, 1, n, out->file) != n)
            out->failed = 1;
        return;
    }
    memcpy(out->buffer + out->held, bytes, n);
    out->held += n;
}

/* One unit of a wide stream, as UTF-8. */
static void put_wide(struct out *out, uint32_t unit)
{
    char bytes[4];
    if (out->high && (unit & 0xFC00) == 0xDC00) {
        unit = 0x10000 + ((out->high & 0x3FF) << 10 | (unit & 0x3FF));
        out->high = 0;
    } else if (out->high) {
        out->high = 0;
        put_bytes(out, bytes, ntpipe_utf8_put(bytes, 0xFFFD));
    }
    if ((unit & 0x1FFC00) == 0xD800) {
        out->high = unit;
        return;
    }
    if ((unit & 0x1FFC00) == 0xDC00)
        unit = 0xFFFD;
    put_bytes(out, bytes, ntpipe_utf8_put(bytes, unit));
}

static void put_unit(struct out *out, uint32_t unit)
{
    if (out->memory && out->count < out->room) {
        if (out->wide)
            ((wchar_t *)out->memory)[out->count] = (wchar_t)unit;
        else
            ((char *)out->memory)[out->count] = (char)unit;
    }
    out->count++;
    if (out->file && out->wide) {
        put_wide(out, unit);
    } else if (out->file) {
        char byte = (char)unit;
        put_bytes(out, &byte, 1);
    }
}

static void put_ascii(struct out *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_unit(out, (unsigned char)text[i]);
}

static void pad(struct out *out, char with, long long n)
{
    for (; n > 0; n--)
        put_unit(out, (unsigned char)with);
}

/* A number: sign or base in front, then zeros, then digits. */
static void put_number(struct out *out, const struct spec *spec, const char *prefix,
                       const char *digits, size_t n, long long zeros)
{
    size_t front = strlen(prefix);
    long long blank = spec->width - (long long)(front + n) - zeros;
    if (spec->zero && !spec->left && blank > 0) {
        zeros += blank;
        blank = 0;
    }
    if (!spec->left)
        pad(out, ' ', blank);
    put_ascii(out, prefix, front);
    pad(out, '0', zeros);
    put_ascii(out, digits, n);
    if (spec->left)
        pad(out, ' ', blank);
}

static void put_integer(struct out *out, struct spec *spec, char type, uint64_t value)
{
    static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
    const char *names = type == 'X' || type == 'p' ? upper : lower;
    unsigned base = type == 'o' ? 8 : type == 'x' || type == 'X' || type == 'p' ? 16 : 10;
    const char *prefix = "";
    char digits[24];
    size_t at = sizeof digits;
    if (type == 'd') {
        prefix = (int64_t)value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";
        if ((int64_t)value < 0)
            value = 0 - value;
    } else if (base == 16 && spec->alternate && value) {
        prefix = type == 'x' ? "0x" : "0X";
    }
    for (uint64_t rest = value; rest; rest /= base)
        digits[--at] = names[rest % base];
    if (!value && spec->precision < 0)
        digits[--at] = '0';
    else if (base == 8 && spec->alternate && spec->precision <= (long long)(sizeof digits - at))
        digits[--at] = '0';
    size_t n = sizeof digits - at;
    if (spec->precision >= 0)
        spec->zero = 0;
    put_number(out, spec, prefix, digits + at, n,
               spec->precision > (long long)n ? spec->precision - (long long)n : 0);
}

static uint64_t take_integer(const struct spec *spec, int is_signed, struct args *args)
{
    if (spec->size == BITS64)
        return va_arg(args->list, uint64_t);
    int value = va_arg(args->list, int);
    switch (spec->size) {
    case CHAR:
        return is_signed ? (uint64_t)(signed char)value : (unsigned char)value;
    case SHORT:
        return is_signed ? (uint64_t)(short)value : (unsigned short)value;
    default:
        return is_signed ? (uint64_t)value : (unsigned)value;
    }
}

static void put_double(struct out *out, const struct spec *spec, char type, struct args *args)
{
    char flags[4];
    size_t n = 0;
    if (spec->plus)
        flags[n++] = '+';
    else if (spec->space)
        flags[n++] = ' ';
    if (spec->alternate)
        flags[n++] = '#';
    flags[n] = 0;
    long double value =
        spec->size == LONG_DOUBLE ? va_arg(args->list, long double) : (long double)va_arg(args->list, double);
    char small[400], *text = small;
    int precision = spec->precision > 100000 ? 100000 : (int)spec->precision;
    n = ntpipe_format_double(&text, sizeof small, type, flags, precision,
                             spec->size == LONG_DOUBLE, value);
    char prefix[4] = "";
    size_t front = text[0] == '-' || text[0] == '+' || text[0] == ' ';
    if (text[front] == '0' && (text[front + 1] | 0x20) == 'x')
        front += 2;
    memcpy(prefix, text, front);
    prefix[front] = 0;
    /* What is no number has no digits for zeros to stand before. */
    struct spec plain = *spec;
    plain.zero &= __builtin_isfinite(value) != 0;
    put_number(out, &plain, prefix, text + front, n - front, 0);
    if (text != small)
        free(text);
}

/* Goes through a string of the other width; puts it if asked. As on Windows the limit counts what the
 * string has, so that a buffer without a terminator can be printed by its length: a character that the limit
 * cuts ends it. The answer is in 16-bit units in both directions, which is what the field's width counts. */
static size_t convert(struct out *out, const void *text, size_t most, int put)
{
    static const unsigned char bytes_of[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4 };
    size_t length = 0;
    const unsigned char *narrow = text;
    const wchar_t *wide = text;
    while (most && (out->wide ? *narrow != 0 : *wide != 0)) {
        wchar_t units[2];
        char bytes[4];
        size_t need = out->wide ? bytes_of[*narrow >> 4] : (*wide & 0xFC00) == 0xD800 ? 2 : 1;
        if (need > most)
            break;
        uint32_t c = out->wide ? ntpipe_utf8_next(&narrow) : ntpipe_utf16_next(&wide);
        const void *next = out->wide ? (const void *)narrow : wide;
        size_t taken = (size_t)((const char *)next - (const char *)text) / (out->wide ? 1 : sizeof *wide);
        text = next;
        most -= taken;
        size_t n = out->wide ? ntpipe_utf16_put(units, c) : ntpipe_utf8_put(bytes, c);
        for (size_t i = 0; put && i < n; i++)
            put_unit(out, out->wide ? units[i] : (unsigned char)bytes[i]);
        length += out->wide ? n : taken;
    }
    return length;
}

static void put_text(struct out *out, const struct spec *spec, int wide, const void *text, size_t most)
{
    size_t n;
    if (wide != out->wide)
        n = convert(out, text, most, 0);
    else
        n = wide ? ntpipe_wcsnlen(text, most) : strnlen(text, most);
    char with = spec->zero && !spec->left ? '0' : ' ';
    if (!spec->left)
        pad(out, with, spec->width - (long long)n);
    if (wide != out->wide)
        convert(out, text, most, 1);
    else
        for (size_t i = 0; i < n; i++)
            put_unit(out, wide ? ((const wchar_t *)text)[i] : ((const unsigned char *)text)[i]);
    if (spec->left)
        pad(out, ' ', spec->width - (long long)n);
}

static void put_character(struct out *out, const struct spec *spec, int wide, struct args *args)
{
    unsigned unit = (unsigned)va_arg(args->list, int);
    char bytes[4];
    size_t n = 1;
    unit &= wide ? 0xFFFF : 0xFF;
    bytes[0] = (char)unit;
    if (wide && !out->wide)
        n = ntpipe_utf8_put(bytes, (unit & 0xF800) == 0xD800 ? 0xFFFD : unit);
    char with = spec->zero && !spec->left ? '0' : ' ';
    if (!spec->left)
        pad(out, with, spec->width - (long long)n);
    if (out->wide)
        put_unit(out, unit);
    else
        put_ascii(out, bytes, n);
    if (spec->left)
        pad(out, ' ', spec->width - (long long)n);
}

/* The format, unit by unit whatever their width. */
struct reader {
    const void *text;
    int wide;
};

static uint32_t look(const struct reader *in, size_t ahead)
{
    return in->wide ? ((const wchar_t *)in->text)[ahead] : ((const unsigned char *)in->text)[ahead];
}

static void skip(struct reader *in, size_t n)
{
    in->text = (const char *)in->text + n * (in->wide ? sizeof(wchar_t) : 1);
}

static long long read_number(struct reader *in)
{
    long long number = 0;
    for (uint32_t c; c = look(in, 0), c >= '0' && c <= '9'; skip(in, 1))
        if (number < 0x7FFFFFFF)
            number = number * 10 + (c - '0');
    return number;
}

static void read_flags(struct reader *in, struct spec *spec)
{
    for (;; skip(in, 1)) {
        switch (look(in, 0)) {
        case '-': spec->left = 1; break;
        case '+': spec->plus = 1; break;
        case ' ': spec->space = 1; break;
        case '#': spec->alternate = 1; break;
        case '0': spec->zero = 1; break;
        default: return;
        }
    }
}

static void read_size(struct reader *in, struct spec *spec)
{
    for (;; skip(in, 1)) {
        uint32_t c = look(in, 0), next = c ? look(in, 1) : 0;
        switch (c) {
        case 'h':
            spec->size = next == 'h' ? CHAR : SHORT;
            spec->text = 'n';
            if (next == 'h')
                skip(in, 1);
            break;
        case 'l':
            spec->size = next == 'l' ? BITS64 : BITS32;
            spec->text = 'w';
            if (next == 'l')
                skip(in, 1);
            break;
        case 'w': spec->text = 'w'; break;
        case 'L': spec->size = LONG_DOUBLE; break;
        case 'j': case 'z': case 't': spec->size = BITS64; break;
        case 'I':
            spec->size = BITS64;
            if (next == '6' && look(in, 2) == '4') {
                skip(in, 2);
            } else if (next == '3' && look(in, 2) == '2') {
                spec->size = BITS32;
                skip(in, 2);
            }
            break;
        default: return;
        }
    }
}

static void put_conversion(struct out *out, struct spec *spec, uint32_t type, struct args *args)
{
    static const char null_narrow[] = "(null)";
    static const wchar_t null_wide[] = L"(null)";
    /* The small letter has the format's width, the capital the other one, h and l their own. */
    int wide = spec->text ? spec->text == 'w' : type == 'S' || type == 'C' ? !out->wide : out->wide;
    switch (type) {
    case 'd': case 'i':
        put_integer(out, spec, 'd', take_integer(spec, 1, args));
        break;
    case 'u': case 'o': case 'x': case 'X':
        put_integer(out, spec, (char)type, take_integer(spec, 0, args));
        break;
    case 'p':
        spec->precision = 2 * sizeof(void *);
        put_integer(out, spec, 'p', (uintptr_t)va_arg(args->list, void *));
        break;
    case 'e': case 'E': case 'f': case 'F': case 'g': case 'G': case 'a': case 'A':
        put_double(out, spec, (char)type, args);
        break;
    case 's': case 'S': {
        const void *text = va_arg(args->list, const void *);
        if (!text)
            text = wide ? (const void *)null_wide : null_narrow;
        put_text(out, spec, wide, text, spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision);
        break;
    }
    case 'c': case 'C':
        put_character(out, spec, wide, args);
        break;
    case 'Z': {
        /* An ANSI_STRING; with w or l a UNICODE_STRING. Its length is in bytes. */
        const struct { unsigned short length, room; const void *text; } *string;
        string = va_arg(args->list, const void *);
        int none = !string || !string->text;
        wide = !none && spec->text == 'w';
        put_text(out, spec, wide, none ? null_narrow : string->text,
                 none ? SIZE_MAX : string->length / (wide ? sizeof(wchar_t) : 1));
        break;
    }
    case 'n':
        /* Takes its argument, but writes nothing through it. */
        (void)va_arg(args->list, void *);
        break;
    default:
        put_unit(out, type);
    }
}

int ntpipe_format(struct out *out, const void *format, va_list list)
{
    struct reader in = { format, out->wide };
    struct args args;
    va_copy(args.list, list);
    if (out->file)
        flockfile(out->file);
    for (uint32_t c; (c = look(&in, 0)) != 0;) {
        skip(&in, 1);
        if (c != '%') {
            put_unit(out, c);
            continue;
        }
        struct spec spec = { .precision = -1 };
        read_flags(&in, &spec);
        if (look(&in, 0) == '*') {
            skip(&in, 1);
            spec.width = va_arg(args.list, int);
            if (spec.width < 0) {
                spec.left = 1;
                spec.width = -spec.width;
            }
        } else {
            spec.width = read_number(&in);
        }
        if (look(&in, 0) == '.') {
            skip(&in, 1);
            if (look(&in, 0) == '*') {
                skip(&in, 1);
                spec.precision = va_arg(args.list, int);
            } else {
                spec.precision = read_number(&in);
            }
        }
        read_size(&in, &spec);
        if (spec.size == BITS32 && out->long_is_64)
            spec.size = BITS64;
        uint32_t type = look(&in, 0);
        if (!type)
            break;
        skip(&in, 1);
        put_conversion(out, &spec, type, &args);
    }
    va_end(args.list);
    if (out->file) {
        if (out->high)
            put_bytes(out, "\xEF\xBF\xBD", 3);
        drain(out);
        funlockfile(out->file);
    }
    return out->failed || out->count > 0x7FFFFFFF ? -1 : (int)out->count;
}
