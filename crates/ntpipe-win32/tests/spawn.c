/* Programs that are started with words, and what they get of descriptors and variables. spawn.txt has
 * Windows' answers. */
#include <windows.h>

#include <direct.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *self;
static int number;

static void show(long long one, long long two, long long three)
{
    printf("%d: %lld %lld %lld\n", ++number, one, two, three);
    fflush(stdout);
}

static void show_text(const char *text)
{
    printf("%d: [%s]\n", ++number, text);
    fflush(stdout);
}

/* The arguments of a call are not in order, what they tell is. */
#define SHOW(one, two, three)                   \
    do {                                        \
        long long a, b, c;                      \
        errno = 0;                              \
        a = (one);                              \
        b = (two);                              \
        c = (three);                            \
        show(a, b, c);                          \
    } while (0)

/* What was written before the program became another is there. */
static int leave_words(void)
{
    HANDLE end = CreateFileA("\\\\.\\pipe\\spawn", GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    _write(_open_osfhandle((intptr_t)end, 0), "last words", 10);
    _execl(self, self, "code", "4", NULL);
    return 99;
}

static int child(int count, char **words)
{
    int i;
    if (strcmp(words[1], "code") == 0)
        return atoi(words[2]);
    if (strcmp(words[1], "say") == 0) {
        printf("said");
        return 5;
    }
    if (strcmp(words[1], "write") == 0)
        return _write(atoi(words[2]), words[3], (unsigned)strlen(words[3]));
    if (strcmp(words[1], "has") == 0)
        return _get_osfhandle(atoi(words[2])) != -1;
    if (strcmp(words[1], "leave") == 0)
        return leave_words();
    if (strcmp(words[1], "variables") == 0)
        return (getenv("NTPIPE_SPAWNED") != NULL) + 2 * (getenv("NTPIPE_PARENT") != NULL);
    if (strcmp(words[1], "exec") == 0) {
        _execl(self, self, "write", words[2], "executed", NULL);
        return 99;
    }
    for (i = 0; i < count; i++)
        printf("[%s]", i ? words[i] : "-");
    printf("\n");
    return count;
}

/* What comes through a pipe up to its end. */
static void collect(int reader)
{
    char text[100];
    int n, length = 0;
    while (length < 99 && (n = _read(reader, text + length, (unsigned)(99 - length))) > 0)
        length += n;
    text[length] = 0;
    show_text(text);
    _close(reader);
}

static void codes(void)
{
    const char *words[] = { self, "code", "8", NULL };
    char code_word[] = "code", nine[] = "9", first[] = "first";
    char *mutable[] = { first, code_word, nine, NULL };
    wchar_t wide[300];
    int status = -9;
    intptr_t process;
    DWORD code = 0;
    SHOW(_spawnl(_P_WAIT, self, self, "code", "7", NULL), _spawnv(_P_WAIT, self, words), 0);
    SHOW(_spawnv(_P_WAIT, self, (const char *const *)mutable), 0, 0);
    mbstowcs(wide, self, 300);
    SHOW(_wspawnl(_P_WAIT, wide, wide, L"code", L"10", NULL), 0, 0);
    process = _spawnl(_P_NOWAIT, self, self, "code", "11", NULL);
    SHOW(WaitForSingleObject((HANDLE)process, INFINITE), GetExitCodeProcess((HANDLE)process, &code), code);
    SHOW(CloseHandle((HANDLE)process), 0, 0);
    process = _spawnl(_P_NOWAITO, self, self, "code", "12", NULL);
    SHOW(_cwait(&status, process, _WAIT_CHILD) == process, status, 0);
    SHOW(_cwait(&status, -1, _WAIT_CHILD), errno == ECHILD, 0);
    SHOW(_cwait(&status, 0x12340, _WAIT_CHILD), errno == ECHILD, status);
}

/* Blanks stand between the words, and nothing else. */
static void words(void)
{
    fflush(stdout);
    SHOW(_spawnl(_P_WAIT, self, "first", "words", "a b", "", "\"c d\"", "e\\f", NULL), 0, 0);
    SHOW(_spawnl(_P_WAIT, self, "two words", "more", NULL), 0, 0);
}

static void variables(void)
{
    const char *const own[] = { "NTPIPE_SPAWNED=yes", NULL };
    const char *const words[] = { self, "variables", NULL };
    _putenv("NTPIPE_PARENT=1");
    SHOW(_spawnl(_P_WAIT, self, self, "variables", NULL), _spawnv(_P_WAIT, self, words), 0);
    SHOW(_spawnle(_P_WAIT, self, self, "variables", NULL, own), _spawnve(_P_WAIT, self, words, own),
         _spawnve(_P_WAIT, self, words, (const char *const *)_environ));
}

static void descriptors(void)
{
    int ends[2], other[2], saved, n;
    char text[20];
    intptr_t process;
    _pipe(ends, 4096, _O_BINARY);
    _pipe(other, 4096, _O_BINARY | _O_NOINHERIT);
    sprintf(text, "%d", ends[1]);
    SHOW(_spawnl(_P_WAIT, self, self, "write", text, "through", NULL), 0, 0);
    _close(ends[1]);
    collect(ends[0]);
    sprintf(text, "%d", other[1]);
    SHOW(_spawnl(_P_WAIT, self, self, "has", text, NULL), _spawnl(_P_WAIT, self, self, "has", "1", NULL), 0);
    _close(other[1]);
    collect(other[0]);

    /* The usual way: what the child prints. */
    n = (HANDLE)_get_osfhandle(1) == GetStdHandle(STD_OUTPUT_HANDLE);
    _pipe(ends, 4096, _O_BINARY | _O_NOINHERIT);
    fflush(stdout);
    saved = _dup(1);
    _dup2(ends[1], 1);
    _close(ends[1]);
    process = _spawnl(_P_NOWAIT, self, self, "say", NULL);
    _dup2(saved, 1);
    _close(saved);
    SHOW(process != -1, n, (HANDLE)_get_osfhandle(1) == GetStdHandle(STD_OUTPUT_HANDLE));
    collect(ends[0]);
    n = 0;
    SHOW(_cwait(&n, process, 0) == process, n, 0);

    /* What an executed program is belongs to nobody who waits for the first one. */
    _pipe(ends, 4096, _O_BINARY);
    sprintf(text, "%d", ends[1]);
    SHOW(_spawnl(_P_WAIT, self, self, "exec", text, NULL), 0, 0);
    SHOW(_spawnl(_P_DETACH, self, self, "write", text, "+", NULL), 0, 0);
    _close(ends[1]);
    saved = 0;
    for (n = 0; n < 9 && _read(ends[0], text, 1) == 1; n++)
        saved += text[0];
    SHOW(n, saved, _read(ends[0], text, 1));
    _close(ends[0]);
}

/* Descriptors of handles go along if both may. */
static void handles(void)
{
    SECURITY_ATTRIBUTES inherit = { sizeof inherit, NULL, TRUE };
    HANDLE reader, writer, file;
    DWORD got = 0;
    char number_of[20], text[20] = "";
    int fd;
    CreatePipe(&reader, &writer, &inherit, 0);
    SetHandleInformation(reader, HANDLE_FLAG_INHERIT, 0);
    fd = _open_osfhandle((intptr_t)writer, 0);
    sprintf(number_of, "%d", fd);
    SHOW(_spawnl(_P_WAIT, self, self, "write", number_of, "written", NULL), _close(fd), 0);
    SHOW(ReadFile(reader, text, sizeof text, &got, NULL), got, strcmp(text, "written"));
    SHOW(ReadFile(reader, text, sizeof text, &got, NULL), GetLastError(), CloseHandle(reader));

    file = CreateFileA("spawn-file", GENERIC_WRITE, 0, &inherit, CREATE_ALWAYS, 0, NULL);
    fd = _open_osfhandle((intptr_t)file, 0);
    sprintf(number_of, "%d", fd);
    SHOW(_spawnl(_P_WAIT, self, self, "write", number_of, "more", NULL), _write(fd, "!", 1), _filelength(fd));
    SetHandleInformation(file, HANDLE_FLAG_INHERIT, 0);
    SHOW(_spawnl(_P_WAIT, self, self, "has", number_of, NULL), _close(fd), 0);
    file = CreateFileA("spawn-file", GENERIC_WRITE, 0, &inherit, CREATE_ALWAYS, 0, NULL);
    fd = _open_osfhandle((intptr_t)file, _O_NOINHERIT);
    sprintf(number_of, "%d", fd);
    SHOW(_spawnl(_P_WAIT, self, self, "has", number_of, NULL), _close(fd), remove("spawn-file"));

    reader = CreateNamedPipeA("\\\\.\\pipe\\spawn", PIPE_ACCESS_INBOUND, 0, 1, 100, 100, 0, NULL);
    SHOW(_spawnl(_P_WAIT, self, self, "leave", NULL), ReadFile(reader, text, sizeof text, &got, NULL), got);
    CloseHandle(reader);
}

static void refusals(void)
{
    char dir[300], drive[10], name[300], path[400], old[420];
    const char *none[] = { NULL };
    FILE *file;
    SHOW(_spawnl(_P_WAIT, "no-such-program", "no-such-program", NULL), errno == ENOENT, 0);
    SHOW(_spawnl(9, self, self, NULL), errno == EINVAL, 0);
    SHOW(_spawnl(_P_WAIT, NULL, self, NULL), errno == EINVAL, 0);
    SHOW(_spawnl(_P_WAIT, self, NULL), errno == EINVAL, 0);
    SHOW(_spawnl(_P_WAIT, self, "", NULL), errno == EINVAL, 0);
    SHOW(_spawnv(_P_WAIT, self, none), errno == EINVAL, 0);
    SHOW(_execl("no-such-program", "no-such-program", NULL), errno == ENOENT, 0);
    file = fopen("spawn-notes.txt", "w");
    fputs("notes\n", file);
    fclose(file);
    SHOW(_spawnl(_P_WAIT, "spawn-notes.txt", "notes", NULL), errno == ENOEXEC, 0);
    remove("spawn-notes.txt");

    /* Only some search. */
    _fullpath(path, self, sizeof path);
    _splitpath(path, drive, dir, name, NULL);
    _makepath(path, drive, dir, NULL, NULL);
    path[strlen(path) - 1] = 0;
    sprintf(old, "PATH=%s", path);
    _putenv(old);
    SHOW(_mkdir("spawn-empty"), _chdir("spawn-empty"), 0);
    SHOW(_spawnl(_P_WAIT, name, name, "code", "1", NULL), errno == ENOENT, 0);
    SHOW(_spawnlp(_P_WAIT, name, name, "code", "13", NULL), 0, 0);
    SHOW(_chdir(".."), _rmdir("spawn-empty"), 0);
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc > 1)
        return child(argc, argv);
    codes();
    words();
    variables();
    descriptors();
    handles();
    refusals();
    return 0;
}
