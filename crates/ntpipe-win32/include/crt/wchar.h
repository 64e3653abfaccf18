/* The C library's header, and what Windows' has beyond it. */
#pragma GCC system_header
#if defined __cplusplus && !defined _WCHAR_H
#include <features.h>
/* For a g++ of this century the header declares wcschr and others with symbols that no renaming reaches;
 * for an older one as C does. */
#pragma push_macro("__GNUC_PREREQ")
#undef __GNUC_PREREQ
#define __GNUC_PREREQ(major, minor) 0
#include_next <wchar.h>
#pragma pop_macro("__GNUC_PREREQ")
#else
#include_next <wchar.h>
#endif
#include "ntpipe_wchar.h"
