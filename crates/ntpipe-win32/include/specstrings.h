/* Annotations, by the older name of the header. */
#ifndef NTPIPE_SPECSTRINGS_H
#define NTPIPE_SPECSTRINGS_H
#include <sal.h>
#endif
