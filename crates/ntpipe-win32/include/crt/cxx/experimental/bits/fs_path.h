/* Paths are the system's, whatever _WIN32 says to the program. */
#pragma GCC system_header
#pragma push_macro("_WIN32")
#undef _WIN32
#include_next <experimental/bits/fs_path.h>
#pragma pop_macro("_WIN32")
