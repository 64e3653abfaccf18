/* FormatMessage's answers, one a line. message.txt has Windows' answers to the same program. */
#include <windows.h>

#include <stdarg.h>
#include <stdio.h>

static int number;

static void show(DWORD length, const char *text)
{
    printf("%d: %u [", ++number, (unsigned)length);
    for (; *text; text++)
        if (*text == '\r')
            printf("\\r");
        else if (*text == '\n')
            printf("\\n");
        else
            printf("%c", *text);
    printf("] %u\n", (unsigned)(length ? 0 : GetLastError()));
}

static void narrow(DWORD flags, const char *format, ...)
{
    char text[200] = "unset";
    va_list list;
    va_start(list, format);
    SetLastError(1234);
    show(FormatMessageA(FORMAT_MESSAGE_FROM_STRING | flags, format, 0, 0, text, sizeof text, &list), text);
    va_end(list);
}

static void wide(DWORD flags, const wchar_t *format, ...)
{
    wchar_t text[200] = L"unset";
    char shown[200];
    DWORD length;
    va_list list;
    va_start(list, format);
    SetLastError(1234);
    length = FormatMessageW(FORMAT_MESSAGE_FROM_STRING | flags, format, 0, 0, text, 200, &list);
    va_end(list);
    WideCharToMultiByte(CP_UTF8, 0, text, -1, shown, sizeof shown, NULL, NULL);
    show(length, shown);
}

static void inserts(void)
{
    narrow(0, "plain");
    narrow(0, "%1", "one");
    narrow(0, "%2 %1", "one", "two");
    narrow(0, "%1!s!|%2!5s!|%2!-5s!|%2!.1s!", "one", "two");
    narrow(0, "%1!d! %2!u! %3!x! %4!05d! %5!X!", -1, 42u, 255, 7, 255);
    narrow(0, "%1!c!%2!c!", 'a', 'b');
    narrow(0, "%1!S! %2!ls! %3!hs!", L"one", L"two", "three");
    narrow(0, "%1!I64d!", 1234567890123ll);
    narrow(0, "%1%1%1", "x");
    narrow(0, "%10", "1", "2", "3", "4", "5", "6", "7", "8", "9", "ten");
    wide(0, L"%1", L"one");
    wide(0, L"%2!s! %1!S!", "one", L"two");
    wide(0, L"%1!d! %2!lx! %3!hs!", -5, 255, "narrow");
}

static void escapes(void)
{
    narrow(0, "a%%b%nc%rd%te%.f%!g% h%0i");
    narrow(0, "a\nb\r\nc\rd");
    narrow(0, "a%");
    narrow(0, "%1!d");
    narrow(FORMAT_MESSAGE_IGNORE_INSERTS, "a%1b%2!d!c%nd%0e");
    narrow(FORMAT_MESSAGE_IGNORE_INSERTS, "%1\n");
}

static void lines(void)
{
    narrow(255, "one\r\ntwo%nthree\n");
    narrow(20, "a line that is longer than twenty units is broken where a space was");
    narrow(20, "short\r\nlines%nare joined");
    narrow(20, "aWordThatIsLongerThanTwentyUnits stays");
}

static void arrays(void)
{
    DWORD_PTR values[] = { (DWORD_PTR)"one", 2, (DWORD_PTR)"three" };
    DWORD_PTR widths[] = { 4, 2, (DWORD_PTR)"Bill", (DWORD_PTR)"Bob", 6, (DWORD_PTR)"Bill" };
    char text[100] = "unset";
    SetLastError(1234);
    show(FormatMessageA(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ARGUMENT_ARRAY, "%3 %2!d! %1", 0, 0, text,
                        sizeof text, (va_list *)values),
         text);
    show(FormatMessageA(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ARGUMENT_ARRAY, "%1!*.*s! %4 %5!*s!", 0, 0,
                        text, sizeof text, (va_list *)widths),
         text);
}

static void buffers(void)
{
    char text[10] = "unset", *given = NULL;
    wchar_t *wide_given = NULL;
    DWORD length;
    length = FormatMessageA(FORMAT_MESSAGE_FROM_STRING, "", 0, 0, text, 10, NULL);
    printf("%d: %u %u\n", ++number, (unsigned)length, (unsigned)GetLastError());
    length = FormatMessageA(FORMAT_MESSAGE_FROM_STRING, "123456789", 0, 0, text, 10, NULL);
    printf("%d: %u\n", ++number, (unsigned)length);
    length = FormatMessageA(FORMAT_MESSAGE_FROM_STRING, "1234567890", 0, 0, text, 10, NULL);
    printf("%d: %u %u\n", ++number, (unsigned)length, (unsigned)GetLastError());
    length = FormatMessageA(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ALLOCATE_BUFFER, "given", 0, 0,
                            (char *)&given, 0, NULL);
    show(length, given);
    printf("%d: %d\n", ++number, LocalFree(given) == NULL);
    length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_ALLOCATE_BUFFER |
                                FORMAT_MESSAGE_IGNORE_INSERTS,
                            NULL, ERROR_PIPE_BUSY, 0, (wchar_t *)&wide_given, 0, NULL);
    printf("%d: %d %d\n", ++number, length > 10, (int)wide_given[length - 1]);
    LocalFree(wide_given);
    length = FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM, NULL, 0x2FFFFFFF, 0, text, 10, NULL);
    printf("%d: %u %u\n", ++number, (unsigned)length, (unsigned)GetLastError());
    length = FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | 255, NULL, ERROR_FILE_NOT_FOUND, 0, text, 5, NULL);
    printf("%d: %u %u\n", ++number, (unsigned)length, (unsigned)GetLastError());
    length = FormatMessageA(0, NULL, 2, 0, text, 10, NULL);
    printf("%d: %u %u\n", ++number, (unsigned)length, (unsigned)GetLastError());
    length = FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_ALLOCATE_BUFFER, NULL, 2, 0, NULL, 10,
                            NULL);
    printf("%d: %u %u\n", ++number, (unsigned)length, (unsigned)GetLastError());
    given = NULL;
    length = FormatMessageA(FORMAT_MESSAGE_FROM_HMODULE | FORMAT_MESSAGE_ALLOCATE_BUFFER,
                            GetModuleHandleA("ntdll.dll"), 0xC0000022, 0, (char *)&given, 0, NULL);
    printf("%d: %d %d\n", ++number, length > 10, given != NULL);
    LocalFree(given);
}

int main(void)
{
    inserts();
    escapes();
    lines();
    arrays();
    buffers();
    return 0;
}
