/* What Microsoft's compiler understands and others do not: keywords, calling conventions, __declspec. */
#ifndef NTPIPE_COMPILER_H
#define NTPIPE_COMPILER_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif

/* There is one calling convention here, the platform's. */
#ifndef __cdecl
#define __cdecl
#endif
#ifndef _cdecl
#define _cdecl
#endif
#ifndef __stdcall
#define __stdcall
#endif
#ifndef _stdcall
#define _stdcall
#endif
#ifndef __fastcall
#define __fastcall
#endif
#ifndef _fastcall
#define _fastcall
#endif
#ifndef __thiscall
#define __thiscall
#endif
#ifndef __vectorcall
#define __vectorcall
#endif
#ifndef __pascal
#define __pascal
#endif

/* Types. Macros and not types, because programs write `unsigned __int64`. */
#ifndef __int8
#define __int8 char
#endif
#ifndef __int16
#define __int16 short
#endif
#ifndef __int32
#define __int32 int
#endif
#ifndef __int64
#define __int64 long long
#endif
#ifndef _int64
#define _int64 long long
#endif

#ifndef __forceinline
#define __forceinline __inline__ __attribute__((__always_inline__))
#endif
#ifndef _inline
#define _inline __inline__
#endif
#ifndef __unaligned
#define __unaligned
#endif
#ifndef __ptr32
#define __ptr32
#endif
#ifndef __ptr64
#define __ptr64
#endif
#ifndef __w64
#define __w64
#endif
#ifndef __assume
#define __assume(condition) ((void)0)
#endif
#ifndef __debugbreak
#define __debugbreak() __builtin_trap()
#endif

/* What an unknown word of __declspec means is not known, so it does not compile. */
#ifndef __declspec
#define __declspec(what) NTPIPE_DECLSPEC_##what
#endif
#ifndef _declspec
#define _declspec(what) NTPIPE_DECLSPEC_##what
#endif
#define NTPIPE_DECLSPEC_
#define NTPIPE_DECLSPEC_dllimport
#define NTPIPE_DECLSPEC_dllexport __attribute__((__visibility__("default")))
#define NTPIPE_DECLSPEC_noreturn __attribute__((__noreturn__))
#define NTPIPE_DECLSPEC_noinline __attribute__((__noinline__))
#define NTPIPE_DECLSPEC_deprecated __attribute__((__deprecated__))
#define NTPIPE_DECLSPEC_selectany __attribute__((__weak__))
#define NTPIPE_DECLSPEC_align(bytes) __attribute__((__aligned__(bytes)))
#define NTPIPE_DECLSPEC_thread __thread
#define NTPIPE_DECLSPEC_allocator
#define NTPIPE_DECLSPEC_restrict
#define NTPIPE_DECLSPEC_noalias
#define NTPIPE_DECLSPEC_nothrow
#define NTPIPE_DECLSPEC_novtable
#define NTPIPE_DECLSPEC_naked __attribute__((__naked__))
#define NTPIPE_DECLSPEC_safebuffers
#define NTPIPE_DECLSPEC_uuid(text)

/*
 * Structured exception handling (__try, __except, __finally, __leave) is left out on purpose: it cannot be
 * had by macros, and libstdc++ uses the name __try for itself.
 */

#endif
