/* Types of COM that reach into other programs. */
#ifndef NTPIPE_WTYPES_H
#define NTPIPE_WTYPES_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#include <windef.h>
#include <guiddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef WCHAR OLECHAR, *LPOLESTR;
typedef const WCHAR *LPCOLESTR;
typedef OLECHAR *BSTR;
typedef short VARIANT_BOOL;
#define VARIANT_TRUE ((VARIANT_BOOL)-1)
#define VARIANT_FALSE ((VARIANT_BOOL)0)

#ifdef __cplusplus
}
#endif
#endif
