#include <lmcons.h>
