#include <aclapi.h>
