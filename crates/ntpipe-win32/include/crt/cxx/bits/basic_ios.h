/* Wide streams for 16-bit characters: kinds of characters and numbers come from here, and not from the
 * library's facets, which are compiled for 32 bits. */
#pragma GCC system_header
#include_next <bits/basic_ios.h>

#ifndef NTPIPE_BASIC_IOS_H
#define NTPIPE_BASIC_IOS_H

#include "ntpipe_facets.h"

namespace std
{
template <>
inline void basic_ios<wchar_t, char_traits<wchar_t> >::_M_cache_locale(const locale &)
{
    _M_ctype = ntpipe_wide::kinds::only();
    _M_num_put = ntpipe_wide::numbers_out::only();
    _M_num_get = ntpipe_wide::numbers_in::only();
}
}

#endif
