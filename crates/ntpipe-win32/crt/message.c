/* FormatMessage: texts by number or of the caller's, with inserts. */

#include "crt.h"

#include <stdlib.h>
#include <string.h>

enum { ALLOCATE = 0x100, IGNORE_INSERTS = 0x200, FROM_STRING = 0x400, FROM_MODULE = 0x800, FROM_SYSTEM = 0x1000,
       ARGUMENT_ARRAY = 0x2000, WIDTH = 0xFF };
enum { NOT_ENOUGH_MEMORY = 8, INVALID_PARAMETER = 87, INSUFFICIENT_BUFFER = 122, NO_WORK_DONE = 235 };
/* A text is shorter than this, and so is its buffer. */
#define LONGEST 0x8000u
#define INSERTS 99

/* The library's part: messages.rs, heapapi.rs, errhandlingapi.rs. */
const char *ntpipe_message(const void *module, int of_module, uint32_t id, size_t *length, uint32_t *error);
void *LocalAlloc(uint32_t flags, size_t bytes);
void SetLastError(uint32_t code);

uint32_t FormatMessageA(uint32_t flags, const void *source, uint32_t id, uint32_t language, char *buffer,
                        uint32_t size, va_list *arguments);
uint32_t FormatMessageW(uint32_t flags, const void *source, uint32_t id, uint32_t language, wchar_t *buffer,
                        uint32_t size, va_list *arguments);

/* The text that is being made. */
struct text {
    int wide;
    char *units;
    size_t count, room;
    size_t width;  /* of a line; 0 for as the text has it, WIDTH for endless */
    size_t line;   /* where the line begins */
    size_t space;  /* behind the last space of the line, or its beginning */
    uint32_t error;
};

/* What the inserts stand for. A va_list is read as far as they go. */
struct arguments {
    const uint64_t *array;
    va_list *list;
    uint64_t read[INSERTS + 2];
    size_t count;
};

static size_t unit_size(int wide)
{
    return wide ? sizeof(wchar_t) : 1;
}

static unsigned unit_at(int wide, const void *units, size_t at)
{
    return wide ? ((const wchar_t *)units)[at] : ((const unsigned char *)units)[at];
}

/* Makes room for n units at a place, and tells where they are. */
static void *insert(struct text *text, size_t at, size_t n)
{
    size_t size = unit_size(text->wide);
    if (text->error)
        return NULL;
    if (text->count + n > text->room) {
        size_t room = 2 * (text->count + n);
        char *units = room < 2 * LONGEST ? realloc(text->units, room * size) : NULL;
        if (!units) {
            text->error = NOT_ENOUGH_MEMORY;
            return NULL;
        }
        text->units = units;
        text->room = room;
    }
    char *place = text->units + at * size;
    memmove(place + n * size, place, (text->count - at) * size);
    text->count += n;
    return place;
}

static void set(struct text *text, void *place, unsigned unit)
{
    if (!place)
        return;
    if (text->wide)
        *(wchar_t *)place = (wchar_t)unit;
    else
        *(char *)place = (char)unit;
}

static void break_line(struct text *text, size_t at)
{
    size_t size = unit_size(text->wide);
    char *place = insert(text, at, 2);
    set(text, place, '\r');
    set(text, place ? place + size : NULL, '\n');
    text->line = text->space = at + 2;
}

/* A unit of the text; a line that has become too long is broken behind its last space, which goes. */
static void put(struct text *text, unsigned unit)
{
    set(text, insert(text, text->count, 1), unit);
    if (unit == ' ') {
        text->space = text->count;
        return;
    }
    if (!text->width || text->width == WIDTH || text->count - text->line <= text->width)
        return;
    size_t size = unit_size(text->wide), at = text->space;
    if (at == text->line) {
        break_line(text, text->count - 1);
        return;
    }
    memmove(text->units + (at - 1) * size, text->units + at * size, (text->count - at) * size);
    text->count--;
    break_line(text, at - 1);
}

static uint64_t argument(struct arguments *arguments, size_t number)
{
    if (arguments->array)
        return arguments->array[number - 1];
    while (arguments->count < number)
        arguments->read[arguments->count++] = va_arg(*arguments->list, uint64_t);
    return arguments->read[number - 1];
}

/* Each argument has 64 bits of its own in a list, whatever it is, so that the conversions read theirs. */
static int format(struct out *out, const void *spec, ...)
{
    va_list list;
    va_start(list, spec);
    int n = ntpipe_format(out, spec, list);
    va_end(list);
    return n;
}

/* Puts an insert with the conversion of n units, as in printf without its %. */
static void put_insert(struct text *text, struct arguments *arguments, size_t number, const void *conversion,
                       size_t n)
{
    enum { LONGEST_CONVERSION = 32 };
    wchar_t wide_spec[LONGEST_CONVERSION + 2];
    char narrow_spec[LONGEST_CONVERSION + 2];
    size_t stars = 0, length = 0;
    uint64_t values[3] = { 0 };
    if (n > LONGEST_CONVERSION || (!arguments->array && !arguments->list)) {
        text->error = INVALID_PARAMETER;
        return;
    }
    narrow_spec[length++] = '%';
    for (size_t i = 0; i < n; i++) {
        unsigned unit = unit_at(text->wide, conversion, i);
        stars += unit == '*';
        /* Flags, width, size, and at the end a kind; no number with a fraction, as on Windows. */
        if (unit > 127 || !strchr(i + 1 < n ? "-+ #0123456789.*hlIw" : "cCsSdiuxXop", (int)unit) || stars > 2) {
            text->error = INVALID_PARAMETER;
            return;
        }
        narrow_spec[length++] = (char)unit;
    }
    narrow_spec[length] = 0;
    for (size_t i = 0; i <= length; i++)
        wide_spec[i] = (wchar_t)narrow_spec[i];
    for (size_t i = 0; i <= stars; i++)
        values[i] = argument(arguments, number + i);

    const void *spec = text->wide ? (const void *)wide_spec : narrow_spec;
    struct out count = { .wide = text->wide };
    int units = format(&count, spec, values[0], values[1], values[2]);
    if (units < 0 || (size_t)units >= LONGEST) {
        text->error = INVALID_PARAMETER;
        return;
    }
    void *memory = malloc(((size_t)units + 1) * unit_size(text->wide));
    struct out out = { .wide = text->wide, .memory = memory, .room = (size_t)units };
    if (!memory)
        text->error = NOT_ENOUGH_MEMORY;
    else
        format(&out, spec, values[0], values[1], values[2]);
    for (size_t i = 0; !text->error && i < (size_t)units; i++)
        put(text, unit_at(text->wide, memory, i));
    free(memory);
}

/* An insert, or the insert as it is written. Gives where it ends: it began behind the %. */
static size_t take_insert(struct text *text, struct arguments *arguments, uint32_t flags, const void *from,
                          size_t at)
{
    static const wchar_t wide_default[] = { 's' };
    int wide = text->wide;
    size_t begin = at, number = unit_at(wide, from, at++) - '0';
    unsigned next = unit_at(wide, from, at);
    if (next >= '0' && next <= '9') {
        number = 10 * number + next - '0';
        at++;
    }
    size_t conversion = 0, n = 1;
    if (unit_at(wide, from, at) == '!') {
        conversion = ++at;
        while (unit_at(wide, from, at) && unit_at(wide, from, at) != '!')
            at++;
        if (!unit_at(wide, from, at)) {
            text->error = INVALID_PARAMETER;
            return at;
        }
        n = at++ - conversion;
    }
    if (flags & IGNORE_INSERTS) {
        put(text, '%');
        for (; begin < at; begin++)
            put(text, unit_at(wide, from, begin));
    } else {
        const void *written = (const char *)from + conversion * unit_size(wide);
        const void *usual = wide ? (const void *)wide_default : "s";
        put_insert(text, arguments, number, conversion ? written : usual, n);
    }
    return at;
}

static void make(struct text *text, const void *from, uint32_t flags, struct arguments *arguments)
{
    int wide = text->wide;
    unsigned unit;
    for (size_t at = 0; !text->error && (unit = unit_at(wide, from, at)); at++) {
        if (unit == '\r' || unit == '\n') {
            at += unit == '\r' && unit_at(wide, from, at + 1) == '\n';
            if (text->width)
                put(text, ' ');
            else
                break_line(text, text->count);
            continue;
        }
        if (unit != '%') {
            put(text, unit);
            continue;
        }
        unit = unit_at(wide, from, ++at);
        if (unit == '0')
            return;
        if (unit >= '1' && unit <= '9') {
            at = take_insert(text, arguments, flags, from, at) - 1;
        } else if (unit == 'n') {
            break_line(text, text->count);
        } else if (unit == 'r') {
            set(text, insert(text, text->count, 1), '\r');
            text->line = text->space = text->count;
        } else if (unit == 't') {
            put(text, '\t');
        } else if (unit) {
            /* As it is, and no place to break the line. */
            if (flags & IGNORE_INSERTS)
                put(text, '%');
            put(text, unit);
        } else {
            text->error = INVALID_PARAMETER;
            return;
        }
    }
}

/* The system's text or a module's, with the end of its line; to be freed. */
static void *known(int wide, uint32_t flags, const void *module, uint32_t id, uint32_t *error)
{
    size_t length = 0;
    const char *found = NULL;
    if (flags & FROM_MODULE)
        found = ntpipe_message(module, 1, id, &length, error);
    if (!found && flags & FROM_SYSTEM)
        found = ntpipe_message(NULL, 0, id, &length, error);
    if (!found)
        return NULL;
    char *copy = malloc((length + 3) * unit_size(wide));
    if (!copy) {
        *error = NOT_ENOUGH_MEMORY;
        return NULL;
    }
    for (size_t i = 0; i < length + 3; i++) {
        char unit = i < length ? found[i] : "\r\n"[i - length];
        if (wide)
            ((wchar_t *)copy)[i] = (wchar_t)unit;
        else
            copy[i] = unit;
    }
    return copy;
}

/* Hands the text over: its length, or 0 and the last error. */
static uint32_t give(struct text *text, uint32_t flags, void *buffer, uint32_t size)
{
    size_t unit = unit_size(text->wide), bytes = text->count * unit;
    char *to = buffer;
    if (!text->error && flags & ALLOCATE) {
        size_t units = size > text->count ? size : text->count + 1;
        to = LocalAlloc(0, units * unit);
        if (!to)
            text->error = NOT_ENOUGH_MEMORY;
        memcpy(buffer, &to, sizeof to);
    } else if (!text->error && size <= text->count) {
        text->error = INSUFFICIENT_BUFFER;
    }
    if (text->error) {
        SetLastError(text->error);
        return 0;
    }
    if (bytes)
        memcpy(to, text->units, bytes);
    else
        SetLastError(NO_WORK_DONE);
    memset(to + bytes, 0, unit);
    return (uint32_t)text->count;
}

static uint32_t format_message(int wide, uint32_t flags, const void *source, uint32_t id, void *buffer,
                               uint32_t size, va_list *arguments)
{
    struct text text = { .wide = wide, .width = flags & WIDTH };
    struct arguments values = { 0 };
    void *owned = NULL, *none = NULL;
    const void *from = source;
    if (!buffer || size >= LONGEST) {
        SetLastError(buffer || !(flags & ALLOCATE) ? INVALID_PARAMETER : NOT_ENOUGH_MEMORY);
        return 0;
    }
    if (flags & ALLOCATE)
        memcpy(buffer, &none, sizeof none);
    if (!(flags & FROM_STRING)) {
        text.error = INVALID_PARAMETER;
        from = owned = known(wide, flags, source, id, &text.error);
    }
    if (!from) {
        SetLastError(text.error ? text.error : INVALID_PARAMETER);
        return 0;
    }
    text.error = 0;
    if (flags & ARGUMENT_ARRAY)
        values.array = (const uint64_t *)(const void *)arguments;
    else
        values.list = arguments;
    make(&text, from, flags, &values);
    uint32_t length = give(&text, flags, buffer, size);
    free(owned);
    free(text.units);
    return length;
}

API uint32_t FormatMessageA(uint32_t flags, const void *source, uint32_t id, uint32_t language, char *buffer,
                            uint32_t size, va_list *arguments)
{
    (void)language;
    return format_message(0, flags, source, id, buffer, size, arguments);
}

API uint32_t FormatMessageW(uint32_t flags, const void *source, uint32_t id, uint32_t language, wchar_t *buffer,
                            uint32_t size, va_list *arguments)
{
    (void)language;
    return format_message(1, flags, source, id, buffer, size, arguments);
}
