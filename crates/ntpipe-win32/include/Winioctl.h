#include <winioctl.h>
