/* Interlocked operations, on the compiler's atomic builtins.

   They are macros, which take a pointer to an integer of any width: programs declare their counters long as
   well as LONG, and here the two differ. */
#ifndef NTPIPE_INTERLOCKEDAPI_H
#define NTPIPE_INTERLOCKEDAPI_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#include <minwindef.h>

#define InterlockedIncrement(p) __atomic_add_fetch((p), 1, __ATOMIC_SEQ_CST)
#define InterlockedDecrement(p) __atomic_sub_fetch((p), 1, __ATOMIC_SEQ_CST)
#define InterlockedExchange(p, value) __atomic_exchange_n((p), (value), __ATOMIC_SEQ_CST)
#define InterlockedExchangeAdd(p, value) __atomic_fetch_add((p), (value), __ATOMIC_SEQ_CST)
#define InterlockedExchangeSubtract(p, value) __atomic_fetch_sub((p), (value), __ATOMIC_SEQ_CST)
#define InterlockedAdd(p, value) __atomic_add_fetch((p), (value), __ATOMIC_SEQ_CST)
#define InterlockedAnd(p, value) __atomic_fetch_and((p), (value), __ATOMIC_SEQ_CST)
#define InterlockedOr(p, value) __atomic_fetch_or((p), (value), __ATOMIC_SEQ_CST)
#define InterlockedXor(p, value) __atomic_fetch_xor((p), (value), __ATOMIC_SEQ_CST)
#define InterlockedCompareExchange(p, value, expected) __sync_val_compare_and_swap((p), (expected), (value))
#define InterlockedExchangePointer(p, value) __atomic_exchange_n((p), (value), __ATOMIC_SEQ_CST)
#define InterlockedCompareExchangePointer(p, value, expected) \
    __sync_val_compare_and_swap((p), (expected), (value))

#define InterlockedIncrementAcquire InterlockedIncrement
#define InterlockedIncrementRelease InterlockedIncrement
#define InterlockedDecrementAcquire InterlockedDecrement
#define InterlockedDecrementRelease InterlockedDecrement
#define InterlockedExchangeAcquire InterlockedExchange
#define InterlockedCompareExchangeAcquire InterlockedCompareExchange
#define InterlockedCompareExchangeRelease InterlockedCompareExchange
#define InterlockedAnd8 InterlockedAnd
#define InterlockedOr8 InterlockedOr
#define InterlockedXor8 InterlockedXor
#define InterlockedIncrement16 InterlockedIncrement
#define InterlockedDecrement16 InterlockedDecrement
#define InterlockedExchange16 InterlockedExchange
#define InterlockedExchangeAdd16 InterlockedExchangeAdd
#define InterlockedAdd16 InterlockedAdd
#define InterlockedAnd16 InterlockedAnd
#define InterlockedOr16 InterlockedOr
#define InterlockedXor16 InterlockedXor
#define InterlockedCompareExchange16 InterlockedCompareExchange
#define InterlockedIncrement64 InterlockedIncrement
#define InterlockedDecrement64 InterlockedDecrement
#define InterlockedExchange64 InterlockedExchange
#define InterlockedExchangeAdd64 InterlockedExchangeAdd
#define InterlockedAdd64 InterlockedAdd
#define InterlockedAnd64 InterlockedAnd
#define InterlockedOr64 InterlockedOr
#define InterlockedXor64 InterlockedXor
#define InterlockedCompareExchange64 InterlockedCompareExchange

#define _InterlockedIncrement InterlockedIncrement
#define _InterlockedDecrement InterlockedDecrement
#define _InterlockedExchange InterlockedExchange
#define _InterlockedExchangeAdd InterlockedExchangeAdd
#define _InterlockedCompareExchange InterlockedCompareExchange

#define MemoryBarrier() __sync_synchronize()
#define _ReadWriteBarrier() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#if defined(__x86_64__) || defined(__i386__)
#define YieldProcessor() __builtin_ia32_pause()
#else
#define YieldProcessor() __asm__ __volatile__("" ::: "memory")
#endif
#endif
