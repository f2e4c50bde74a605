/*
 * The command maps libcurl when it first needs it.
 *
 * With all that libcurl maps in its turn it takes several times as long to load as `flexsync status` or
 * `search` take for everything else, and they need nothing of it (contrib/bench shows both). So these
 * functions have the names of libcurl's, stand before the library when the command is linked, and pass their
 * arguments on. The daemon is linked with the library itself.
 *
 * A function that is missing here is not lost: the linker then takes libcurl as well, and
 * tests/program/test_start.sh fails.
 */
#define CURL_DISABLE_TYPECHECK /* its macros would take the place of the names below */

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LIBRARY         "libcurl.so.4"
#define LOADER_GIVES_UP 127 /* the exit status of the dynamic loader where a library is missing */

/* Never unloaded. What the package depends on is there; if not, it ends as if it had been linked. */
static void *find(const char *name)
{
    static void *library;
    void *found = NULL;
    if (library || (library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL)))
        found = dlsym(library, name);
    if (found)
        return found;
    (void)fprintf(stderr, "flexsync: error while loading shared libraries: %s\n", dlerror());
    exit(LOADER_GIVES_UP);
}

/* Declares `real`, the function of libcurl's with that name, looked up once. */
#define FIND_REAL(name)                                                                                      \
    static __typeof__(&name) real;                                                                           \
    real = real ? real : (__typeof__(&name))find(#name)

#define LATE(type, name, parameters, arguments)                                                              \
    type name parameters                                                                                     \
    {                                                                                                        \
        FIND_REAL(name);                                                                                     \
        return real arguments;                                                                               \
    }

LATE(CURLcode, curl_global_init, (long flags), (flags))
LATE(void, curl_global_cleanup, (void), ())
LATE(void, curl_free, (void *p), (p))
LATE(time_t, curl_getdate, (const char *text, const time_t *unused), (text, unused))
LATE(struct curl_slist *, curl_slist_append, (struct curl_slist * list, const char *text), (list, text))
LATE(void, curl_slist_free_all, (struct curl_slist * list), (list))

LATE(CURLU *, curl_url, (void), ())
LATE(void, curl_url_cleanup, (CURLU * url), (url))
LATE(CURLUcode, curl_url_set, (CURLU * url, CURLUPart part, const char *text, unsigned flags),
     (url, part, text, flags))
LATE(CURLUcode, curl_url_get, (CURLU * url, CURLUPart part, char **ret, unsigned flags),
     (url, part, ret, flags))

LATE(CURL *, curl_easy_init, (void), ())
LATE(void, curl_easy_cleanup, (CURL * easy), (easy))
LATE(const char *, curl_easy_strerror, (CURLcode code), (code))
LATE(CURLHcode, curl_easy_header,
     (CURL * easy, const char *name, size_t index, unsigned origin, int request, struct curl_header **ret),
     (easy, name, index, origin, request, ret))

LATE(CURLM *, curl_multi_init, (void), ())
LATE(CURLMcode, curl_multi_cleanup, (CURLM * multi), (multi))
LATE(CURLMcode, curl_multi_add_handle, (CURLM * multi, CURL *easy), (multi, easy))
LATE(CURLMcode, curl_multi_remove_handle, (CURLM * multi, CURL *easy), (multi, easy))
LATE(CURLMcode, curl_multi_assign, (CURLM * multi, curl_socket_t socket, void *user), (multi, socket, user))
LATE(CURLMcode, curl_multi_socket_action, (CURLM * multi, curl_socket_t socket, int events, int *ret_running),
     (multi, socket, events, ret_running))
LATE(CURLMsg *, curl_multi_info_read, (CURLM * multi, int *ret_left), (multi, ret_left))
LATE(const char *, curl_multi_strerror, (CURLMcode code), (code))

/* Every answer goes to a place that the third argument points to. */
CURLcode curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
    FIND_REAL(curl_easy_getinfo);
    va_list rest;
    va_start(rest, info);
    void *ret = va_arg(rest, void *);
    va_end(rest);
    return real(easy, info, ret);
}

/* What type the argument of an option has is in its number (curl.h). */
#define PASS_OPTION(type, name, handle_type, option_type)                                                    \
    type name(handle_type handle, option_type option, ...)                                                   \
    {                                                                                                        \
        FIND_REAL(name);                                                                                     \
        va_list rest;                                                                                        \
        type code;                                                                                           \
        va_start(rest, option);                                                                              \
        if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB)                                        \
            code = real(handle, option, va_arg(rest, curl_off_t));                                           \
        else if (option >= CURLOPTTYPE_OBJECTPOINT)                                                          \
            code = real(handle, option, va_arg(rest, void *));                                               \
        else                                                                                                 \
            code = real(handle, option, va_arg(rest, long));                                                 \
        va_end(rest);                                                                                        \
        return code;                                                                                         \
    }

PASS_OPTION(CURLcode, curl_easy_setopt, CURL *, CURLoption)
PASS_OPTION(CURLMcode, curl_multi_setopt, CURLM *, CURLMoption)
