/* What the conformance cases stand on: registration, printing, and the shapes that come up in every section.
 *
 * A case runs one situation of one row and prints the facts of it, one a line, as `row<TAB>text`. The
 * text must come out the same on every run: no addresses, ids or times, errors as Windows' numbers. Only
 * Win32 and C's own library are used, so the same source is built by mingw for Windows and Wine, and by
 * `ntpipe cc` for Linux.
 *
 * A blocking call is made by a thread of its own (`start_read` and the like). That it blocks is seen in
 * that the thread has not come back after a short while, which cannot fail by being slow; how it ended is
 * waited for. */
#ifndef CONFORMANCE_HARNESS_H
#define CONFORMANCE_HARNESS_H

#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0602
#endif
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Cases and roles --- */

struct testcase {
    int row;
    const char *mark; /* "" proven, "M" known from a model only, "D" from documents only, "U" unverified */
    const char *name;
    const char *file;
    int line;
    void (*run)(void);
    struct testcase *next;
};

/* What a second process does: the program starts itself with the role's name and arguments. */
struct role {
    const char *name;
    int (*run)(int count, char **arguments);
    struct role *next;
};

void add_case(struct testcase *added);
void add_role(struct role *added);

#define CASE_PASTE2(a, b) a##b
#define CASE_PASTE(a, b) CASE_PASTE2(a, b)
#define CASE_DEFINE(row, mark, name, id)                                                             \
    static void CASE_PASTE(case_, id)(void);                                                         \
    static struct testcase CASE_PASTE(entry_, id) = {                                               \
        row, mark, name, __FILE__, __LINE__, CASE_PASTE(case_, id), 0};                             \
    __attribute__((constructor)) static void CASE_PASTE(register_, id)(void)                        \
    {                                                                                               \
        add_case(&CASE_PASTE(entry_, id));                                                          \
    }                                                                                               \
    static void CASE_PASTE(case_, id)(void)

#define CASE(row, name) CASE_DEFINE(row, "", name, __LINE__)
#define CASE_MODEL(row, name) CASE_DEFINE(row, "M", name, __LINE__)
#define CASE_DOCS(row, name) CASE_DEFINE(row, "D", name, __LINE__)
#define CASE_UNVERIFIED(row, name) CASE_DEFINE(row, "U", name, __LINE__)

#define ROLE(id)                                                                                     \
    static int role_##id(int count, char **arguments);                                               \
    static struct role role_entry_##id = {#id, role_##id, 0};                                        \
    __attribute__((constructor)) static void role_register_##id(void) { add_role(&role_entry_##id); } \
    static int role_##id(int count, char **arguments)

/* Starts this program in a role; `arguments` is appended to the command line as it is. Handles that are
 * inheritable are inherited. Returns the process, or NULL (and says so). */
HANDLE start_role(const char *role, const char *arguments);
/* Waits for the process to end, closes it, and returns its exit code. */
DWORD end_of(HANDLE process);

/* --- Facts --- */

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* `what -> ok` or `what -> failed CODE`, from the last error. Returns `ok`. */
BOOL say_call(const char *what, BOOL ok);
/* The same for a call that makes a handle: neither NULL nor INVALID_HANDLE_VALUE. */
HANDLE say_handle(const char *what, HANDLE made);
/* Success or failure alone, where no code is specified. */
BOOL say_outcome(const char *what, BOOL ok);
/* Bytes as a quoted string; many as their number, and which byte it is if all are the same. The answer lives until the eighth next call. */
const char *quoted(const void *data, size_t size);
/* `what -> ok N "data"`, `what -> failed CODE N "data"`. */
void say_result(const char *what, BOOL ok, DWORD error, DWORD bytes, const void *data);

/* --- Pipes --- */

/* The name of this case's pipe, and of a second one. */
const char *pipe_name(void);
const char *other_name(const char *suffix);

#define BYTES (PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT)
#define MESSAGES (PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT)
#define OVERLAPPED_PIPE FILE_FLAG_OVERLAPPED
#define READ_WRITE (GENERIC_READ | GENERIC_WRITE)

/* An instance of this case's pipe: 4096 bytes each way, unlimited instances, default wait of 5 s. */
HANDLE server_of(DWORD open_mode, DWORD pipe_mode);
/* The same with quotas: `out` for what the server writes, `in` for what the client writes. */
HANDLE server_sized(DWORD open_mode, DWORD pipe_mode, DWORD out, DWORD in);
/* Opens this case's pipe. No sharing, OPEN_EXISTING. */
HANDLE client_of(DWORD access, DWORD flags);
/* Any name: NULL is not allowed. */
HANDLE open_name(const char *name, DWORD access, DWORD flags);

struct pair {
    HANDLE server, client;
};

/* A connected duplex pair, both ends in the pipe's own read mode. The flags may be FILE_FLAG_OVERLAPPED. */
struct pair pair_of(DWORD pipe_mode, DWORD server_flags, DWORD client_flags);
struct pair pair_sized(DWORD pipe_mode, DWORD server_flags, DWORD client_flags, DWORD out, DWORD in);
void close_pair(struct pair pair);
/* Message-read mode for a client of a message pipe; byte-read or other modes likewise. */
BOOL set_mode(HANDLE pipe, DWORD mode);
/* Closes what is a handle, passes over what is none. */
void shut(HANDLE handle);

/* Synchronous calls, said with what they moved. */
BOOL say_read(const char *what, HANDLE pipe, DWORD size);
BOOL say_write(const char *what, HANDLE pipe, const char *text);
BOOL say_write_size(const char *what, HANDLE pipe, DWORD size);
/* `what -> ok "data" avail N left N`; a left of 0 - copied is said as `left -N`. */
BOOL say_peek(const char *what, HANDLE pipe, DWORD size);
/* The access mask granted to a handle. */
DWORD access_of(HANDLE handle);

/* --- Blocking calls in threads --- */

struct work;
struct work *start_read(HANDLE pipe, DWORD size);
/* The text, repeated from its beginning up to `size` bytes. */
struct work *start_write(HANDLE pipe, const char *text, DWORD size);
struct work *start_connect(HANDLE pipe);
struct work *start_flush(HANDLE pipe);
struct work *start_wait(const char *name, DWORD milliseconds);
struct work *start_transact(HANDLE pipe, const char *text, DWORD size);
HANDLE work_thread(const struct work *work);
/* `what: still waiting`, or `what: has returned`. */
BOOL say_waiting(const char *what, struct work *work);
/* Waits for the call to end, says its result, and frees it. */
BOOL say_end(const char *what, struct work *work);
/* The same, and says something only when it does not end. */
BOOL end_work(struct work *work);

/* --- Overlapped calls --- */

struct async {
    OVERLAPPED overlapped; /* with a manual-reset event */
    BOOL started_ok;
    DWORD started_error, started_bytes;
    DWORD size;
    char data[16384];
};

/* Fresh each time: the event reset, Internal and InternalHigh 0xDEAD, so that what is untouched shows. */
struct async *new_async(void);
void free_async(struct async *async);
BOOL async_read(HANDLE pipe, struct async *async, DWORD size);
BOOL async_write(HANDLE pipe, struct async *async, const char *text, DWORD size);
BOOL async_connect(HANDLE pipe, struct async *async);
/* How the call began: `what -> ok N`, `what -> failed 997`. */
void say_started(const char *what, const struct async *async);
/* `what: still pending` or `what: complete`, by GetOverlappedResult without waiting. */
BOOL say_pending(const char *what, HANDLE pipe, struct async *async);
/* Waits for the event and says the result, reads with their data. */
BOOL say_async(const char *what, HANDLE pipe, struct async *async, BOOL is_read);
/* The status in Internal as hexadecimal, `pending` for STATUS_PENDING. */
const char *status_of(const struct async *async);
BOOL is_set(HANDLE event);
/* Gives an operation that may end the time to do so, then `what: still pending`, or its result. */
BOOL say_soon(const char *what, HANDLE pipe, struct async *async, BOOL is_read);
/* A port that the pipe is bound to, with the key 7. */
HANDLE port_of(HANDLE pipe);
/* The packet in the port: `packet -> ok N`, `failed CODE, N`, or `no packet`. */
void say_packet(HANDLE port, DWORD milliseconds);

/* --- Waiting for what must come --- */

/* Milliseconds, for what comes at once unless something is broken. */
#define PATIENCE 10000
/* Milliseconds to see that something does not come: 50, or what the environment's A_WHILE says where all
 * is slower, as below valgrind. */
extern DWORD a_while;
#define A_WHILE a_while
/* Until the peek shows so many bytes; FALSE (and said) when that never happens. */
BOOL until_available(HANDLE pipe, DWORD bytes);

#endif
