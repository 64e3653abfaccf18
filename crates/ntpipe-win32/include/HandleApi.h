#include <handleapi.h>
