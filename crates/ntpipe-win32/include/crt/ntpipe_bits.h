/* Bits and bytes of integers, turned. The compilers' own headers for the processor may have some of the names
 * as macros. */
#ifndef NTPIPE_BITS_H
#define NTPIPE_BITS_H

#pragma GCC system_header

#include <stdint.h>

#define NTPIPE_INLINE static __inline__ __attribute__((__always_inline__, __unused__))

NTPIPE_INLINE uint32_t ntpipe_turn(uint32_t value, int left)
{
    return value << (left & 31) | value >> (-left & 31);
}
NTPIPE_INLINE uint64_t ntpipe_turn64(uint64_t value, int left)
{
    return value << (left & 63) | value >> (-left & 63);
}

/* `unsigned long` has 32 bits on Windows. */
#ifndef _rotl
NTPIPE_INLINE unsigned _rotl(unsigned value, int left)
{
    return ntpipe_turn(value, left);
}
#endif
#ifndef _rotr
NTPIPE_INLINE unsigned _rotr(unsigned value, int right)
{
    return ntpipe_turn(value, -right);
}
#endif
#ifndef _lrotl
NTPIPE_INLINE uint32_t _lrotl(uint32_t value, int left)
{
    return ntpipe_turn(value, left);
}
#endif
#ifndef _lrotr
NTPIPE_INLINE uint32_t _lrotr(uint32_t value, int right)
{
    return ntpipe_turn(value, -right);
}
#endif
NTPIPE_INLINE uint64_t _rotl64(uint64_t value, int left)
{
    return ntpipe_turn64(value, left);
}
NTPIPE_INLINE uint64_t _rotr64(uint64_t value, int right)
{
    return ntpipe_turn64(value, -right);
}

NTPIPE_INLINE unsigned short _byteswap_ushort(unsigned short value)
{
    return (unsigned short)(value << 8 | value >> 8);
}
NTPIPE_INLINE uint32_t _byteswap_ulong(uint32_t value)
{
    return __builtin_bswap32(value);
}
NTPIPE_INLINE uint64_t _byteswap_uint64(uint64_t value)
{
    return __builtin_bswap64(value);
}

#endif
