/* The program around the cases: chooses, runs and prints them; and what harness.h promises.
 *
 *     sections                 every case
 *     sections 29 40-49        the cases of these rows
 *     sections --from 17       the cases from the 17th on, as --list counts them
 *     sections --list          index, row, mark, file and name of each
 *
 * Each case is announced by `row<TAB>= name`. A case that ends the process, or is stuck for longer
 * than anything here takes, is the last one announced; whoever runs the program goes on with the
 * next by --from. */
#include "harness.h"
#include <stdarg.h>

#define STUCK 30000 /* milliseconds */

static struct testcase *cases;
static struct role *roles;
static const struct testcase *current;
static HANDLE progress;
DWORD a_while = 50;

static int before(const struct testcase *a, const struct testcase *b)
{
    if (a->row != b->row)
        return a->row < b->row;
    return a->line < b->line;
}

void add_case(struct testcase *added)
{
    struct testcase **place = &cases;
    while (*place && before(*place, added))
        place = &(*place)->next;
    added->next = *place;
    *place = added;
}

void add_role(struct role *added)
{
    added->next = roles;
    roles = added;
}

/* --- Facts --- */

void say(const char *format, ...)
{
    va_list arguments;
    DWORD error = GetLastError();
    va_start(arguments, format);
    printf("%d\t", current ? current->row : 0);
    vprintf(format, arguments);
    printf("\n");
    fflush(stdout);
    va_end(arguments);
    SetLastError(error);
}

BOOL say_call(const char *what, BOOL ok)
{
    DWORD error = GetLastError();
    if (ok)
        say("%s -> ok", what);
    else
        say("%s -> failed %u", what, (unsigned)error);
    return ok;
}

HANDLE say_handle(const char *what, HANDLE made)
{
    say_call(what, made != NULL && made != INVALID_HANDLE_VALUE);
    return made;
}

BOOL say_outcome(const char *what, BOOL ok)
{
    say("%s -> %s", what, ok ? "ok" : "failed");
    return ok;
}

const char *quoted(const void *data, size_t size)
{
    static char texts[8][64];
    static int turn;
    char *text = texts[turn++ % 8];
    const char *bytes = data;
    size_t i;
    if (size > 40) {
        for (i = 1; i < size && bytes[i] == bytes[0]; i++) {
        }
        sprintf(text, i == size ? "%u times %c" : "%u bytes", (unsigned)size, bytes[0]);
        return text;
    }
    text[0] = '"';
    for (i = 0; i < size; i++) {
        text[1 + i] = bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '.';
    }
    text[1 + size] = '"';
    text[2 + size] = 0;
    return text;
}

void say_result(const char *what, BOOL ok, DWORD error, DWORD bytes, const void *data)
{
    const char *text = data && bytes ? quoted(data, bytes) : "";
    const char *space = text[0] ? " " : "";
    if (ok)
        say("%s -> ok %u%s%s", what, (unsigned)bytes, space, text);
    else
        say("%s -> failed %u, %u%s%s", what, (unsigned)error, (unsigned)bytes, space, text);
}

/* --- Names --- */

static char first_name[256];

const char *pipe_name(void)
{
    return first_name;
}

/* --- Second processes --- */

HANDLE start_role(const char *role, const char *arguments)
{
    char program[1024], line[2048];
    STARTUPINFOA startup;
    PROCESS_INFORMATION process;
    GetModuleFileNameA(NULL, program, sizeof(program));
    sprintf(line, "\"%s\" --role %s %s", program, role, arguments);
    memset(&startup, 0, sizeof(startup));
    startup.cb = sizeof(startup);
    if (!CreateProcessA(program, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process)) {
        say("no second process, %u", (unsigned)GetLastError());
        return NULL;
    }
    CloseHandle(process.hThread);
    return process.hProcess;
}

DWORD end_of(HANDLE process)
{
    DWORD code = 0;
    if (WaitForSingleObject(process, PATIENCE) != WAIT_OBJECT_0)
        say("the second process does not end");
    GetExitCodeProcess(process, &code);
    CloseHandle(process);
    return code;
}

/* --- The program --- */

static DWORD WINAPI watch(LPVOID argument)
{
    (void)argument;
    while (WaitForSingleObject(progress, STUCK) == WAIT_OBJECT_0) {
    }
    say("stuck");
    TerminateProcess(GetCurrentProcess(), 3);
    return 0;
}

static BOOL chosen(const struct testcase *one, int count, char **arguments)
{
    int i;
    if (count == 0)
        return TRUE;
    for (i = 0; i < count; i++) {
        char *rest;
        long first = strtol(arguments[i], &rest, 10);
        long last = *rest == '-' ? strtol(rest + 1, NULL, 10) : first;
        if (one->row >= first && one->row <= last)
            return TRUE;
    }
    return FALSE;
}

static void list(void)
{
    const struct testcase *one;
    int index = 0;
    for (one = cases; one; one = one->next) {
        const char *file = one->file, *at;
        for (at = one->file; *at; at++)
            if (*at == '/' || *at == '\\')
                file = at + 1;
        printf("%d\t%d\t%s\t%s\t%s\n", index++, one->row, one->mark, file, one->name);
    }
}

static int play(const char *name, int count, char **arguments)
{
    const struct role *role;
    for (role = roles; role; role = role->next)
        if (strcmp(role->name, name) == 0)
            return role->run(count, arguments);
    fprintf(stderr, "no role %s\n", name);
    return 2;
}

int main(int count, char **arguments)
{
    int index = 0, from = 0;
    if (count > 2 && strcmp(arguments[1], "--role") == 0)
        return play(arguments[2], count - 3, arguments + 3);
    if (count > 1 && strcmp(arguments[1], "--list") == 0) {
        list();
        return 0;
    }
    if (count > 2 && strcmp(arguments[1], "--from") == 0) {
        from = atoi(arguments[2]);
        arguments += 2;
        count -= 2;
    }
    if (getenv("A_WHILE"))
        a_while = (DWORD)atoi(getenv("A_WHILE"));
    progress = CreateEventA(NULL, FALSE, FALSE, NULL);
    CloseHandle(CreateThread(NULL, 0, watch, NULL, 0, NULL));
    for (current = cases; current; current = current->next, index++) {
        if (index < from || !chosen(current, count - 1, arguments + 1))
            continue;
        SetEvent(progress);
        sprintf(first_name, "\\\\.\\pipe\\ntpipe-c-%u-%d-%d", (unsigned)GetCurrentProcessId(),
                current->row, index);
        say("= %s", current->name);
        current->run();
    }
    fflush(stdout);
    return 0;
}
