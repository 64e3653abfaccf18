#include <wtypes.h>
