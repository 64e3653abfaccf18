#include <io.h>
