/* Rows 1 to 28: CreateNamedPipe. */
#include "harness.h"

static HANDLE create(const char *name, DWORD open_mode, DWORD pipe_mode, DWORD instances)
{
    return CreateNamedPipeA(name, open_mode, pipe_mode, instances, 512, 512, 5000, NULL);
}

CASE(1, "create__name_null__path_not_found")
{
    say_handle("CreateNamedPipe", create(NULL, PIPE_ACCESS_DUPLEX, BYTES, 1));
}

CASE(2, "create__not_below_pipe__invalid_name")
{
    say_handle("no prefix", create("not a pipe", PIPE_ACCESS_DUPLEX, BYTES, 1));
    say_handle("a file's path", create("c:\\no pipe", PIPE_ACCESS_DUPLEX, BYTES, 1));
}
