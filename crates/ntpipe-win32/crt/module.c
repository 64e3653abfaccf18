/* What belongs to the program itself and not to a library: for GetProcAddress and GetModuleHandleEx. */

#include <dlfcn.h>
#include <stddef.h>
#include <sys/auxv.h>

void *ntpipe_own_symbol(const char *name);
int ntpipe_is_own_address(const void *address);

int ntpipe_is_own_address(const void *address)
{
    Dl_info own, other;
    /* The program's headers lie in its first segment. */
    const void *headers = (const void *)getauxval(AT_PHDR);
    return dladdr(headers, &own) && dladdr(address, &other) && own.dli_fbase == other.dli_fbase;
}

/* A symbol that the program exports; a null pointer if there is none. */
void *ntpipe_own_symbol(const char *name)
{
    void *found = dlsym(RTLD_DEFAULT, name);
    return found && ntpipe_is_own_address(found) ? found : NULL;
}
