/* std::to_wstring formats a long of 64 bits with l, which vswprintf takes for 32: it gets a function of its
 * own. */
#pragma GCC system_header
#include "../../ntpipe_rename.h"
#include <bits/c++config.h>
#include <cstdarg>
#include <cwchar>
extern "C" int ntpipe_vswprintf_long(wchar_t *, std::size_t, const wchar_t *, std::va_list);
namespace std
{
using ::ntpipe_vswprintf_long;
}
#pragma push_macro("vswprintf")
#undef vswprintf
#define vswprintf ntpipe_vswprintf_long
#include_next <bits/basic_string.h>
#pragma pop_macro("vswprintf")
