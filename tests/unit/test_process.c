/* What both programs do first; each test is a process of its own. */
#include "flexsync/process.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int status_of(void (*run)(void))
{
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        process_begin();
        run();
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void tell_what_may_be_seen(void)
{
    struct rlimit core = {1, 1};
    (void)getrlimit(RLIMIT_CORE, &core);
    _exit(prctl(PR_GET_DUMPABLE) == 0 && core.rlim_cur == 0 && core.rlim_max == 0 ? 0 : 1);
}

static void nobody_looks_into_the_memory(void **state)
{
    (void)state;
    assert_int_equal(status_of(tell_what_may_be_seen), 0);
}

/* AddressSanitizer, where it is built in, would end the process itself. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

/* More than there is room for: jansson would return NULL, and its callers took that for "no JSON". */
static void ask_for_too_much(void)
{
    (void)json_stringn_nocheck("", SIZE_MAX / 4);
    _exit(0);
}

static void a_lack_of_memory_in_jansson_is_71(void **state)
{
    (void)state;
    assert_int_equal(status_of(ask_for_too_much), 71);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_looks_into_the_memory),
        cmocka_unit_test(a_lack_of_memory_in_jansson_is_71),
    };
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
