#include <direct.h>
