#include "flexsync/process.h"

#include "flexsync/error.h"

#include <jansson.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static void *process_get_memory(size_t size)
{
    static const char text[] = "out of memory\n";
    void *memory = malloc(size);
    if (memory || size == 0)
        return memory;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(error_exit_status(ERROR_SYSTEM));
}

void process_begin(void)
{
    const struct rlimit no_core = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    json_set_alloc_funcs(process_get_memory, free);
}
