/* Paths, directories and what is known of files. paths.txt has Windows' answers. */
#include <direct.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timeb.h>
#include <sys/types.h>
#include <time.h>
#include <wchar.h>

static int number;

/* The arguments of a call are not in order, what they tell is. */
#define SHOW(one, two, three)                                       \
    do {                                                            \
        long long a, b, c;                                          \
        errno = 0;                                                  \
        a = (one);                                                  \
        b = (two);                                                  \
        c = (three);                                                \
        printf("%d: %lld %lld %lld\n", ++number, a, b, c);          \
    } while (0)

static void split(const char *path)
{
    char drive[_MAX_DRIVE], dir[_MAX_DIR], name[_MAX_FNAME], extension[_MAX_EXT], whole[_MAX_PATH];
    wchar_t wide[_MAX_PATH], wide_dir[_MAX_DIR], wide_name[_MAX_FNAME];
    _splitpath(path, drive, dir, name, extension);
    _makepath(whole, drive, dir, name, extension);
    printf("%d: [%s][%s][%s][%s] %s\n", ++number, drive, dir, name, extension, whole);
    mbstowcs(wide, path, _MAX_PATH);
    _wsplitpath(wide, NULL, wide_dir, wide_name, NULL);
    printf("%d: [%S][%S]\n", ++number, wide_dir, wide_name);
}

static void parts(void)
{
    char drive[3], dir[8], name[8], extension[5], whole[16];
    wchar_t wide[16];
    split("C:\\dir\\sub\\file.txt");
    split("dir/file.tar.gz");
    split("\\a.b\\c");
    split(".profile");
    split("C:");
    split("a.dir\\");
    split("..\\x");
    split("");
    SHOW(_splitpath_s("C:\\dir\\a.txt", drive, 3, dir, 8, name, 8, extension, 5), strcmp(dir, "\\dir\\"), 0);
    SHOW(_splitpath_s("C:\\dir\\a.text", drive, 3, dir, 8, name, 8, extension, 5), dir[0] + name[0], errno);
    SHOW(_splitpath_s("C:\\x", NULL, 3, dir, 8, name, 8, extension, 5), errno, 0);
    SHOW(_splitpath_s(NULL, drive, 3, dir, 8, name, 8, extension, 5), drive[0], 0);
    SHOW(_splitpath_s("C:\\x", NULL, 0, NULL, 0, name, 2, NULL, 0), name[0], name[1]);
    SHOW(_makepath_s(whole, 16, "c", "dir", "name", "ext"), strcmp(whole, "c:dir\\name.ext"), 0);
    SHOW(_makepath_s(whole, 14, "c:", "dir\\", "name", ".ext"), whole[0], errno);
    SHOW(_makepath_s(whole, 16, NULL, "dir/", NULL, ""), strcmp(whole, "dir/"), 0);
    SHOW(_makepath_s(NULL, 16, NULL, "dir/", NULL, ""), errno, _makepath_s(whole, 0, NULL, NULL, NULL, NULL));
    SHOW(_wmakepath_s(wide, 16, L"d", L"", L"n", L"e"), wcscmp(wide, L"d:n.e"), 0);
}

static void directories(void)
{
    char here[300], there[300], *made;
    wchar_t wide[300];
    SHOW(_getcwd(here, 300) == here, _mkdir("paths-dir"), _mkdir("paths-dir"));
    SHOW(_mkdir("paths-dir"), errno == EEXIST, 0);
    SHOW(_mkdir("no-such\\dir"), errno == ENOENT, 0);
    SHOW(_mkdir("paths-dir\\inner"), _rmdir("paths-dir"), errno == ENOTEMPTY);
    SHOW(_chdir("paths-dir\\inner"), _chdir("no-such-dir"), errno == ENOENT);
    SHOW(_wgetcwd(wide, 300) == wide, wcslen(wide) - strlen(here), wcscmp(wide + wcslen(wide) - 5, L"inner"));
    SHOW(_getcwd(there, 5) == NULL, errno == ERANGE, 0);
    made = _getcwd(NULL, 0);
    SHOW(strlen(made) - strlen(here), strcmp(made + strlen(made) - 5, "inner"), 0);
    free(made);
    SHOW(_fullpath(there, "..\\..\\paths-x\\.\\y.txt", 300) == there, strncmp(here, there, strlen(here)), 0);
    printf("%d: [%s]\n", ++number, there + strlen(there) - 5);
    SHOW(strlen(there) - strlen(here), _fullpath(there, "x", 3) == NULL, errno == ERANGE);
    made = _fullpath(NULL, "", 0);
    SHOW(strcmp(made + strlen(made) - 5, "inner"), 0, 0);
    free(made);
    SHOW(_chdir("..\\.."), _wrmdir(L"paths-dir\\inner"), _wrmdir(L"paths-dir"));
    SHOW(_wrmdir(L"paths-dir"), errno == ENOENT, _wmkdir(L"paths-dir"));
    SHOW(_wchdir(L"paths-dir"), _wchdir(L".."), _rmdir("paths-dir"));
}

static void make(const char *name, const char *text)
{
    FILE *file = fopen(name, "wb");
    fputs(text, file);
    fclose(file);
}

static void files(void)
{
    int fd;
    SHOW(_mkdir("paths-dir"), 0, 0);
    make("paths-dir\\one", "12345");
    SHOW(_access("paths-dir\\one", 0), _access("paths-dir/one", 6), _waccess(L"paths-dir", 6));
    SHOW(_access("paths-none", 0), errno == ENOENT, _access_s("paths-none", 0) == ENOENT);
    SHOW(_chmod("paths-dir\\one", _S_IREAD), _access("paths-dir\\one", 4), _access("paths-dir\\one", 2));
    SHOW(_access("paths-dir\\one", 6), errno == EACCES, _access_s("paths-dir\\one", 2) == EACCES);
    SHOW(_unlink("paths-dir\\one"), errno == EACCES, _wchmod(L"paths-dir\\one", _S_IREAD | _S_IWRITE));
    SHOW(_access("paths-dir\\one", 2), rename("paths-dir\\one", "paths-dir\\two"),
         _access("paths-dir\\one", 0));
    make("paths-dir\\one", "1");
    SHOW(rename("paths-dir\\one", "paths-dir\\two"), errno == EEXIST, _access("paths-dir\\one", 0));
    SHOW(_wrename(L"paths-dir\\one", L"paths-dir\\three"), _wremove(L"paths-dir\\three"), 0);
    SHOW(_unlink("paths-dir"), errno == EACCES, remove("paths-dir\\none"));
    SHOW(remove("paths-dir\\none"), errno == ENOENT, 0);
    fd = _open("paths-dir\\two", _O_RDWR | _O_BINARY);
    SHOW(_filelength(fd), _eof(fd), _tell(fd));
    SHOW(_lseek(fd, 0, SEEK_END), _eof(fd), _telli64(fd));
    SHOW(_chsize(fd, 3), _filelengthi64(fd), _commit(fd));
    SHOW(_close(fd), _unlink("paths-dir\\two"), _rmdir("paths-dir"));
}

static void what_is(void)
{
    struct _stat one;
    struct _stat64 other;
    time_t now = time(NULL);
    int ends[2], fd;
    make("paths-file", "1234567");
    make("paths-run.exe", "");
    SHOW(_stat("paths-file", &one), one.st_size, one.st_mode);
    SHOW(one.st_nlink, one.st_uid, one.st_dev == one.st_rdev);
    SHOW(one.st_mtime - now < 60 && now - one.st_mtime < 60, one.st_ctime - now < 60, now - one.st_ctime < 60);
    SHOW(_stat64("paths-run.exe", &other), other.st_size, other.st_mode);
    SHOW(_wstat(L"paths-file", &one), _wstat64(L"paths-file", &other), other.st_size);
    SHOW(_chmod("paths-file", _S_IREAD), _stat("paths-file", &one), one.st_mode);
    SHOW(_chmod("paths-file", _S_IREAD | _S_IWRITE), _stat(".", &one), one.st_mode);
    SHOW(_stat("paths-none", &one), errno == ENOENT, (one.st_mode & _S_IFMT) == _S_IFDIR);
    fd = _open("paths-file", _O_RDONLY);
    SHOW(_fstat(fd, &one), one.st_size, one.st_mode & (_S_IFMT | _S_IREAD));
    _close(fd);
    _pipe(ends, 100, _O_BINARY);
    SHOW(_write(ends[1], "abc", 3), _fstat64(ends[0], &other), other.st_size);
    SHOW(other.st_mode & _S_IFMT, other.st_nlink, other.st_dev == (unsigned)ends[0]);
    _close(ends[0]);
    _close(ends[1]);
    SHOW(_unlink("paths-file"), _wunlink(L"paths-run.exe"), sizeof one + 100 * sizeof other);
}

static void searches(void)
{
    struct _finddata_t one;
    struct __finddata64_t large;
    struct _wfinddata_t wide;
    time_t now = time(NULL);
    intptr_t search;
    int n, sizes, directories;
    _mkdir("paths-dir");
    _mkdir("paths-dir\\inner");
    make("paths-dir\\a.txt", "1");
    make("paths-dir\\b.txt", "22");
    search = _findfirst("paths-dir\\*.txt", &one);
    n = 1;
    sizes = (int)one.size;
    while (_findnext(search, &one) == 0) {
        n++;
        sizes += (int)one.size;
    }
    SHOW(n, sizes, _findnext(search, &one));
    SHOW(_findnext(search, &one), errno == ENOENT, _findclose(search));
    search = _findfirst64("paths-dir\\*", &large);
    directories = 0;
    do
        directories += large.attrib & _A_SUBDIR ? 1 : 0;
    while (_findnext64(search, &large) == 0);
    SHOW(directories, _findclose(search), 0);
    search = _wfindfirst(L"paths-dir\\b.txt", &wide);
    SHOW(wide.size, wcscmp(wide.name, L"b.txt"), now - wide.time_write < 60 && wide.time_write - now < 60);
    SHOW(_findclose(search), 0, 0);
    SHOW(_findfirst("paths-dir\\*.none", &one), errno == ENOENT, _findfirst("paths-none\\*", &one));
    SHOW(_findfirst("paths-none\\*", &one), errno == ENOENT, 0);
    SHOW(_unlink("paths-dir\\a.txt"), _unlink("paths-dir\\b.txt"), _rmdir("paths-dir\\inner"));
    SHOW(_rmdir("paths-dir"), sizeof one + 1000 * sizeof large, sizeof wide);
}

static void temporary(void)
{
    char name[] = "pathsXXXXXX", other[] = "pathsXXXXX", told[300], *made;
    FILE *file = NULL;
    SHOW(_mktemp_s(name, sizeof name), name[5], strlen(name));
    make(name, "");
    strcpy(told, "pathsXXXXXX");
    SHOW(_mktemp(told) == told, told[5], _unlink(name));
    SHOW(_mktemp_s(other, sizeof other), errno == EINVAL, other[0]);
    SHOW(tmpnam_s(told, 300), _access(told, 0), strlen(told) > 1);
    SHOW(tmpnam_s(told, 1), errno == ERANGE, tmpnam_s(NULL, 1));
    made = _tempnam(".", "pre");
    SHOW(strstr(made, "pre") != NULL, _access(made, 0), 0);
    free(made);
    SHOW(tmpfile_s(&file), fputc('x', file), fclose(file));
    SHOW(tmpfile_s(NULL), errno == EINVAL, 0);
}

static void others(void)
{
    char text[9] = "", pairs[] = "abcd", turned[5] = "";
    struct _timeb moment;
    __time64_t now;
    struct tm parts;
    SHOW(_rotl(0x80000001u, 4), _rotr(0x80000001u, 4), _rotl(5u, 32));
    SHOW(_lrotl(0x80000001u, 1), _lrotr(0x80000001u, 1), _rotl64(0x8000000000000001ull, 4));
    SHOW(_rotr64(16, 4), _rotl64(3, 64), _rotr(1u, -1));
    SHOW(_byteswap_ushort(0x1234), _byteswap_ulong(0x12345678), _byteswap_uint64(0x123456789abcdefull));
    _swab(pairs, turned, 4);
    printf("%d: [%s]\n", ++number, turned);
    SHOW(_ftime_s(&moment), moment.millitm < 1000, moment.time - _time64(&now) < 2);
    SHOW(_localtime64_s(&parts, &now), _mktime64(&parts) == now,
         _localtime64(&now)->tm_year == parts.tm_year);
    SHOW(strlen(_strdate(text)), text[2], text[5]);
    SHOW(strlen(_strtime(text)), text[2], text[5]);
    SHOW(_ftime_s(NULL), errno == EINVAL, 0);
}

int main(void)
{
    parts();
    directories();
    files();
    what_is();
    searches();
    temporary();
    others();
    return 0;
}
