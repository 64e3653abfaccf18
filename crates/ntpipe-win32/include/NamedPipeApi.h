#include <namedpipeapi.h>
