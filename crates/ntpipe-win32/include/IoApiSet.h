#include <ioapiset.h>
