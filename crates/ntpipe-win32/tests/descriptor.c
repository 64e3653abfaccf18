/* Descriptors of handles and handles of descriptors. descriptor.txt has Windows' answers. */
#include <windows.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int number;

static void show(long long one, long long two, long long three)
{
    printf("%d: %lld %lld %lld\n", ++number, one, two, three);
    fflush(stdout);
}

static void files(void)
{
    const char *name = "descriptor.tmp";
    char text[20] = "";
    DWORD n = 0;
    BOOL done;
    FILE *stream;
    HANDLE file = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    int fd = _open_osfhandle((intptr_t)file, 0);
    show(fd >= 0, (HANDLE)_get_osfhandle(fd) == file, _write(fd, "12345", 5));
    n = SetFilePointer(file, 1, NULL, FILE_BEGIN);
    show(GetFileSize(file, NULL), n, _read(fd, text, 2));
    show(text[0], text[1], _close(fd));
    n = 0;
    done = CloseHandle(file);
    show(done, GetLastError(), 0);
    stream = fopen(name, "rb");
    file = (HANDLE)_get_osfhandle(_fileno(stream));
    done = ReadFile(file, text, sizeof text, &n, NULL);
    show(done, n, (HANDLE)_get_osfhandle(_fileno(stream)) == file);
    fclose(stream);
    DeleteFileA(name);
    errno = 0;
    fd = _open_osfhandle((intptr_t)0x12340, 0);
    (void)fd;
    show(_get_osfhandle(777) == -1, errno == EBADF, (HANDLE)_get_osfhandle(1) == GetStdHandle(STD_OUTPUT_HANDLE));
}

static HANDLE server_end(DWORD type)
{
    return CreateNamedPipeA("\\\\.\\pipe\\descriptor", PIPE_ACCESS_DUPLEX, type, 1, 4096, 4096, 0, NULL);
}

static HANDLE client_end(DWORD access)
{
    return CreateFileA("\\\\.\\pipe\\descriptor", access, 0, NULL, OPEN_EXISTING, 0, NULL);
}

static void read_shown(HANDLE end)
{
    char text[100];
    DWORD n = 0;
    BOOL done = ReadFile(end, text, sizeof text - 1, &n, NULL);
    text[n] = 0;
    printf("%d: %d %u [%s]\n", ++number, done, (unsigned)(done ? 0 : GetLastError()), text);
    fflush(stdout);
}

static void both_ways(void)
{
    char text[20] = "";
    DWORD n;
    BOOL done;
    HANDLE server = server_end(0), client = client_end(GENERIC_READ | GENERIC_WRITE);
    int fd = _open_osfhandle((intptr_t)client, _O_RDWR);
    n = (DWORD)_write(fd, "hello", 5);
    show(n, (HANDLE)_get_osfhandle(fd) == client, 0);
    read_shown(server);
    WriteFile(server, "hi", 2, &n, NULL);
    n = (DWORD)_read(fd, text, sizeof text);
    show(n, text[0], text[1]);
    WriteFile(server, "rest", 4, &n, NULL);
    _write(fd, "last", 4);
    n = (DWORD)_close(fd);
    done = CloseHandle(client);
    show(n, done, GetLastError());
    read_shown(server);
    read_shown(server);
    CloseHandle(server);
}

static void messages(void)
{
    HANDLE server = server_end(PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE), client = client_end(GENERIC_WRITE);
    FILE *stream = _fdopen(_open_osfhandle((intptr_t)client, 0), "w");
    fprintf(stream, "one %d", 1);
    fflush(stream);
    fprintf(stream, "two");
    fflush(stream);
    fprintf(stream, "three");
    fclose(stream);
    read_shown(server);
    read_shown(server);
    read_shown(server);
    read_shown(server);
    CloseHandle(server);
}

static void anonymous(void)
{
    HANDLE reader, writer;
    int fd;
    CreatePipe(&reader, &writer, NULL, 0);
    fd = _open_osfhandle((intptr_t)writer, 0);
    _write(fd, "anonymous", 9);
    read_shown(reader);
    _close(fd);
    read_shown(reader);
    CloseHandle(reader);
}

/* The runtime opens a pipe by its name as it does a file. */
static void by_name(void)
{
    const char *name = "\\\\.\\pipe\\descriptor";
    char text[20] = "";
    DWORD n;
    FILE *stream;
    int fd;
    HANDLE server = server_end(0);
    fd = _open(name, _O_RDWR | _O_BINARY);
    n = (DWORD)_write(fd, "opened", 6);
    show(fd >= 0, n, 0);
    read_shown(server);
    WriteFile(server, "hi", 2, &n, NULL);
    n = (DWORD)_read(fd, text, sizeof text);
    show(n, text[0], text[1]);
    errno = 0;
    stream = fopen(name, "rb");
    show(stream == NULL, errno == EINVAL, _close(fd));
    CloseHandle(server);
    errno = 0;
    stream = fopen(name, "r+b");
    show(stream == NULL, errno == ENOENT, 0);
    server = server_end(0);
    stream = fopen(name, "r+b");
    fprintf(stream, "streamed %d", 1);
    fflush(stream);
    read_shown(server);
    WriteFile(server, "line\n", 5, &n, NULL);
    fseek(stream, 0, SEEK_CUR);
    fgets(text, sizeof text, stream);
    show(text[0], (long long)strlen(text), fclose(stream));
    CloseHandle(server);
    server = server_end(0);
    stream = _wfopen(L"\\\\.\\pipe\\descriptor", L"wb");
    fputs("wide", stream);
    fclose(stream);
    read_shown(server);
    read_shown(server);
    CloseHandle(server);
}

/* A search lists pipes too. */
static void list(void)
{
    struct _finddata_t one;
    HANDLE server = server_end(0);
    intptr_t search = _findfirst("\\\\.\\pipe\\*", &one);
    int found = 0;
    if (search != -1) {
        do
            found += strcmp(one.name, "descriptor") == 0;
        while (_findnext(search, &one) == 0);
        _findclose(search);
    }
    show(found, errno == ENOENT, CloseHandle(server));
}

/* The runtime's own. */
static void pipes(void)
{
    int ends[2];
    char text[20] = "";
    int n = _pipe(ends, 4096, _O_BINARY);
    n += _write(ends[1], "piped", 5);
    n += 10 * _read(ends[0], text, sizeof text);
    show(n, text[0], text[4]);
    _write(ends[1], "more", 4);
    read_shown((HANDLE)_get_osfhandle(ends[0]));
    n = _dup(ends[1]);
    _close(ends[1]);
    _write(n, "x", 1);
    _close(n);
    n = _read(ends[0], text, sizeof text);
    show(n, text[0], _read(ends[0], text, sizeof text));
    n = _close(ends[0]);
    show(n, _close(ends[0]), 0);
    _pipe(ends, 256, _O_BINARY | _O_NOINHERIT);
    _close(ends[0]);
    errno = 0;
    n = _write(ends[1], "x", 1);
    show(n, errno == EPIPE, 0);
    _close(ends[1]);
    errno = 0;
    n = _pipe(NULL, 256, _O_BINARY);
    show(n, errno, 0);
}

static void close_shown(FILE *stream)
{
    int code = _pclose(stream);
    show(code, 0, 0);
}

static void commands(void)
{
    char text[20] = "";
    long long n;
    FILE *stream = _popen("echo said&& exit 3", "rt");
    fgets(text, sizeof text, stream);
    printf("%d: [%.4s]\n", ++number, text);
    show((long long)strlen(text), fgets(text, sizeof text, stream) == NULL, 0);
    close_shown(stream);
    stream = _popen("sort", "w");
    fputs("2 b\n1 a\n", stream);
    fflush(stdout);
    close_shown(stream);
    stream = _wpopen(L"exit 0", L"r");
    close_shown(stream);
    errno = 0;
    stream = _popen("exit 0", "x");
    show(stream == NULL, errno, 0);
    _putenv("NTPIPE_WIDE=one");
    printf("%d: [%S]\n", ++number, _wgetenv(L"NTPIPE_WIDE"));
    _putenv("NTPIPE_WIDE=two");
    printf("%d: [%S]\n", ++number, _wgetenv(L"NTPIPE_WIDE"));
    show(_wgetenv(L"NTPIPE_NONE") == NULL, _wgetenv(L"NTPIPE_WIDE") == _wgetenv(L"NTPIPE_WIDE"), 0);
    errno = 0;
    n = (long long)_beginthreadex(NULL, 0, NULL, NULL, 0, NULL);
    show(n, errno, (long long)_beginthread(NULL, 0, NULL));
}

int main(void)
{
    files();
    both_ways();
    messages();
    anonymous();
    by_name();
    list();
    pipes();
    commands();
    return 0;
}
