/* Rows 207 to 214: CreatePipe. */
#include "harness.h"

struct ends {
    HANDLE read, write;
};

static struct ends anonymous(DWORD size, BOOL inherited)
{
    SECURITY_ATTRIBUTES attributes = {sizeof(attributes), NULL, inherited};
    struct ends ends;
    if (!CreatePipe(&ends.read, &ends.write, &attributes, size))
        say_call("CreatePipe", FALSE);
    return ends;
}

static void close_ends(struct ends ends)
{
    shut(ends.read);
    shut(ends.write);
}

CASE(207, "anonymous__a_byte_pipe_of_one_instance")
{
    struct ends one = anonymous(0, FALSE), two = anonymous(0, FALSE);
    DWORD flags = 77, max = 77, instances = 77;
    say("GetFileType %u and %u", (unsigned)GetFileType(one.read), (unsigned)GetFileType(one.write));
    say_call("GetNamedPipeInfo", GetNamedPipeInfo(one.read, &flags, NULL, NULL, &max));
    say("%s, max %u", flags & PIPE_TYPE_MESSAGE ? "messages" : "bytes", (unsigned)max);
    say_call("GetNamedPipeHandleState",
             GetNamedPipeHandleStateA(one.read, NULL, &instances, NULL, NULL, NULL, 0));
    say("%u instances", (unsigned)instances);
    say_write("into the first", one.write, "first");
    say_write("into the second", two.write, "second");
    say_read("out of the second", two.read, 100);
    say_read("out of the first", one.read, 100);
    close_ends(one);
    close_ends(two);
}

CASE(208, "anonymous__sizes_reported")
{
    static const DWORD sizes[] = {0, 1, 5000};
    int i;
    for (i = 0; i < 3; i++) {
        struct ends ends = anonymous(sizes[i], FALSE);
        DWORD out = 77, in = 77;
        say_call("GetNamedPipeInfo", GetNamedPipeInfo(ends.read, NULL, &out, &in, NULL));
        say("size %u: out %u in %u", (unsigned)sizes[i], (unsigned)out, (unsigned)in);
        close_ends(ends);
    }
}

CASE(209, "anonymous__access_granted")
{
    struct ends ends = anonymous(0, FALSE);
    say("the read end 0x%X", (unsigned)access_of(ends.read));
    say("the write end 0x%X", (unsigned)access_of(ends.write));
    close_ends(ends);
}

CASE(210, "anonymous__the_wrong_way__access_denied")
{
    struct ends ends = anonymous(0, FALSE);
    say_read("ReadFile of the write end", ends.write, 10);
    say_write("WriteFile of the read end", ends.read, "x");
    say_peek("PeekNamedPipe of the write end", ends.write, 10);
    close_ends(ends);
}

static void say_inherit(const char *what, HANDLE handle)
{
    DWORD flags = 0;
    say_call(what, GetHandleInformation(handle, &flags));
    say("%s", flags & HANDLE_FLAG_INHERIT ? "inheritable" : "not inheritable");
}

/* Stays until the pipe whose read end is inherited is broken. */
ROLE(until_broken)
{
    char data;
    DWORD bytes;
    HANDLE gate = count ? (HANDLE)(ULONG_PTR)strtoul(arguments[0], NULL, 10) : NULL;
    while (ReadFile(gate, &data, 1, &bytes, NULL)) {
    }
    return (int)GetLastError();
}

static HANDLE start_until_broken(struct ends gate)
{
    char line[32];
    SetHandleInformation(gate.read, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    sprintf(line, "%lu", (unsigned long)(ULONG_PTR)gate.read);
    return start_role("until_broken", line);
}

CASE(211, "anonymous__inherited_only_if_asked")
{
    struct ends plain = anonymous(0, FALSE), asked = anonymous(0, TRUE), gate = anonymous(0, FALSE);
    HANDLE process;
    struct work *read;
    say_inherit("not asked", plain.write);
    say_inherit("asked", asked.write);
    say_inherit("asked, the read end", asked.read);
    say_call("SetHandleInformation", SetHandleInformation(asked.read, HANDLE_FLAG_INHERIT, 0));
    say_inherit("cleared", asked.read);
    /* The child holds the one write end and not the other. */
    process = start_until_broken(gate);
    shut(plain.write);
    shut(asked.write);
    say_read("not inherited and closed here", plain.read, 10);
    read = start_read(asked.read, 10);
    say_waiting("inherited and closed here", read);
    shut(gate.write);
    say("the child ended with %u", (unsigned)end_of(process));
    say_end("inherited and closed there", read);
    shut(gate.read);
    shut(plain.read);
    shut(asked.read);
}

CASE(212, "anonymous__broken_when_the_last_duplicate_is_closed")
{
    struct ends ends = anonymous(0, FALSE);
    HANDLE copy = NULL;
    struct work *read;
    say_call("DuplicateHandle", DuplicateHandle(GetCurrentProcess(), ends.write, GetCurrentProcess(), &copy,
                                                0, FALSE, DUPLICATE_SAME_ACCESS));
    say_call("the first is closed", CloseHandle(ends.write));
    read = start_read(ends.read, 10);
    say_waiting("ReadFile", read);
    say_write("WriteFile of the copy", copy, "still");
    say_end("ReadFile", read);
    read = start_read(ends.read, 10);
    say_waiting("ReadFile", read);
    say_call("the copy is closed", CloseHandle(copy));
    say_end("ReadFile", read);
    shut(ends.read);
    ends = anonymous(0, FALSE);
    DuplicateHandle(GetCurrentProcess(), ends.read, GetCurrentProcess(), &copy, 0, FALSE,
                    DUPLICATE_SAME_ACCESS);
    shut(ends.read);
    say_write("one of two read ends is closed", ends.write, "x");
    say_read("ReadFile of the copy", copy, 10);
    shut(copy);
    say_write("both are closed", ends.write, "x");
    shut(ends.write);
}

struct writer {
    HANDLE pipe, entered;
    volatile LONG ran;
    LONG ran_before_it_returned;
    DWORD bytes;
    BOOL ok;
    char data[200];
};

static VOID CALLBACK count_call(ULONG_PTR argument)
{
    InterlockedIncrement(&((struct writer *)argument)->ran);
}

static DWORD WINAPI write_then_be_alertable(LPVOID argument)
{
    struct writer *writer = argument;
    SetEvent(writer->entered);
    writer->ok = WriteFile(writer->pipe, writer->data, sizeof(writer->data), &writer->bytes, NULL);
    writer->ran_before_it_returned = writer->ran;
    SleepEx(0, TRUE);
    return 0;
}

CASE(213, "anonymous__large_write__blocks_until_read_and_is_not_alertable")
{
    struct ends ends = anonymous(100, FALSE);
    static struct writer writer;
    HANDLE thread;
    memset(&writer, 0, sizeof(writer));
    writer.pipe = ends.write;
    writer.entered = CreateEventA(NULL, TRUE, FALSE, NULL);
    memset(writer.data, 'x', sizeof(writer.data));
    thread = CreateThread(NULL, 0, write_then_be_alertable, &writer, 0, NULL);
    until_available(ends.read, 200);
    say("QueueUserAPC %s", QueueUserAPC(count_call, thread, (ULONG_PTR)&writer) ? "ok" : "failed");
    say("%s", WaitForSingleObject(thread, A_WHILE) == WAIT_TIMEOUT ? "still waiting" : "has returned");
    say_read("ReadFile", ends.read, 50);
    say("%s", WaitForSingleObject(thread, A_WHILE) == WAIT_TIMEOUT ? "still waiting" : "has returned");
    say_read("ReadFile", ends.read, 150);
    WaitForSingleObject(thread, PATIENCE);
    say_result("WriteFile", writer.ok, 0, writer.bytes, NULL);
    say("routine ran %d times before it returned", (int)writer.ran_before_it_returned);
    say("routine ran %d times after an alertable wait", (int)writer.ran);
    shut(thread);
    shut(writer.entered);
    close_ends(ends);
}

/* Answers on its standard output what it reads from its standard input, in capitals. */
ROLE(capitals)
{
    char data[100];
    DWORD bytes, written, i;
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE), out = GetStdHandle(STD_OUTPUT_HANDLE);
    (void)count;
    (void)arguments;
    printf("ready;");
    fflush(stdout);
    while (ReadFile(in, data, sizeof(data), &bytes, NULL)) {
        for (i = 0; i < bytes; i++)
            if (data[i] >= 'a' && data[i] <= 'z')
                data[i] = (char)(data[i] - 'a' + 'A');
        if (!WriteFile(out, data, bytes, &written, NULL))
            return 1;
    }
    return GetLastError() == ERROR_BROKEN_PIPE ? 0 : 2;
}

CASE(214, "anonymous__a_childs_standard_streams__109_at_the_end")
{
    struct ends in = anonymous(0, TRUE), out = anonymous(0, TRUE);
    char program[1024], line[1100], answer[100];
    DWORD bytes = 0, got = 0, code = 77;
    STARTUPINFOA startup;
    PROCESS_INFORMATION process;
    SetHandleInformation(in.write, HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation(out.read, HANDLE_FLAG_INHERIT, 0);
    GetModuleFileNameA(NULL, program, sizeof(program));
    sprintf(line, "\"%s\" --role capitals -", program);
    memset(&startup, 0, sizeof(startup));
    startup.cb = sizeof(startup);
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = in.read;
    startup.hStdOutput = out.write;
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!say_call("CreateProcess",
                  CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process)))
        return;
    shut(in.read);
    shut(out.write);
    say_write("WriteFile", in.write, "some words");
    shut(in.write);
    while (got < sizeof(answer) && ReadFile(out.read, answer + got, sizeof(answer) - got, &bytes, NULL))
        got += bytes;
    say("ReadFile -> failed %u in the end, after %s", (unsigned)GetLastError(), quoted(answer, got));
    WaitForSingleObject(process.hProcess, PATIENCE);
    GetExitCodeProcess(process.hProcess, &code);
    say("the child ended with %u", (unsigned)code);
    shut(process.hThread);
    shut(process.hProcess);
    shut(out.read);
}
