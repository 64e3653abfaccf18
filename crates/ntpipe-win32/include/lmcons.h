/* Lengths of names. */
#ifndef NTPIPE_LMCONS_H
#define NTPIPE_LMCONS_H
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif
#define CNLEN 15
#define DNLEN CNLEN
#define UNLEN 256
#define GNLEN UNLEN
#define PWLEN 256
#define NETBIOS_NAME_LEN 16
#endif
