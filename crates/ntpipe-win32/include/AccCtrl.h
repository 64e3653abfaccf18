#include <accctrl.h>
