/*
 * The API key: from the systemd credential, else from the environment, else from a file.
 *
 * No message here repeats a byte of it, and every copy but the one in struct config is wiped.
 */
#include "config_private.h"

#include "flexsync/cleanup.h"
#include "flexsync/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#define CREDENTIAL  "flex-api-key"
#define VARIABLE    "FLEX_API_KEY"
#define PLACEHOLDER "your-api-key-here" /* of the old .env.example */
#define WHERE_FROM  "(in Flex: Main Menu > Integrations > API > Add API Key)"
#define READ_MAX    (2 * CONFIG_KEY_MAX) /* white space around the key is not counted */

/* A key as it was found; wiped when it leaves scope. */
struct found {
    char bytes[READ_MAX + 1];
    size_t length;
};

static void wipe(struct found *found)
{
    explicit_bzero(found, sizeof *found);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int read_regular(int fd, struct found *found)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    while (found->length < sizeof found->bytes) {
        ssize_t n = read(fd, found->bytes + found->length, sizeof found->bytes - found->length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        found->length += (size_t)n;
    }
    return -EFBIG;
}

/* Without stdio, whose buffers would keep the key; without waiting for the writer of a pipe. */
static int read_key_file(const char *path, struct found *found)
{
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return fd < 0 ? -errno : read_regular(fd, found);
}

/* What is wrong with the key, or NULL, and then *ret_key has it without the white space around; NULL when
 * empty. */
static const char *check_key(const struct found *found, char **ret_key, bool *ret_no_memory)
{
    size_t start = 0, end = found->length;
    while (start < end && is_space(found->bytes[start]))
        start++;
    while (end > start && is_space(found->bytes[end - 1]))
        end--;
    if (end - start > CONFIG_KEY_MAX)
        return "is longer than any API key; write the key alone";
    for (size_t i = start; i < end; i++)
        if (found->bytes[i] < 0x21 || found->bytes[i] > 0x7e)
            return "holds a space, a line end or a character that no API key has; write the key alone, on "
                   "one line";
    if (end - start == strlen(PLACEHOLDER) && memcmp(found->bytes + start, PLACEHOLDER, end - start) == 0)
        return "still holds the placeholder of the example; put your API key in its place " WHERE_FROM;
    char *key = end > start ? strndup(found->bytes + start, end - start) : NULL;
    if (end > start && !key)
        *ret_no_memory = true;
    *ret_key = key;
    return NULL;
}

/* A place that holds no key, or none at all. */
static bool is_absent(int r)
{
    return r == -ENOENT || r == -ENOTDIR;
}

static int find_credential(struct found *found)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    char path[PATH_MAX];
    if (!directory || !*directory)
        return -ENOENT;
    int length = snprintf(path, sizeof path, "%s/" CREDENTIAL, directory);
    if (length < 0 || (size_t)length >= sizeof path)
        return -ENAMETOOLONG;
    return read_key_file(path, found);
}

static int find_variable(struct found *found)
{
    const char *value = getenv(VARIABLE);
    if (!value)
        return -ENOENT;
    size_t length = strnlen(value, sizeof found->bytes);
    if (length == sizeof found->bytes)
        return -EFBIG;
    memcpy(found->bytes, value, length);
    found->length = length;
    return 0;
}

/* The file was asked for by name: that it is missing is a mistake. */
static int find_file(const struct loading *loading, struct found *found)
{
    const char *path = loading->config->flex.api_key_file;
    if (!path)
        return -ENOENT;
    int r = read_key_file(path, found);
    return is_absent(r) ? -ENXIO : r;
}

static void report(struct loading *loading, enum config_key_source source, const char *what)
{
    if (source == KEY_CREDENTIAL)
        config_mistake_in_environment(loading, "CREDENTIALS_DIRECTORY/" CREDENTIAL, "%s", what);
    else if (source == KEY_ENVIRONMENT)
        config_mistake_in_environment(loading, VARIABLE, "%s", what);
    else
        config_mistake_in_setting(loading, SETTING_API_KEY_FILE, "%s", what);
}

static void report_unreadable(struct loading *loading, enum config_key_source source, int r)
{
    char what[ERROR_TEXT_MAX];
    if (r == -EFBIG)
        (void)snprintf(what, sizeof what, "is longer than any API key; write the key alone");
    else if (r == -EISDIR)
        (void)snprintf(what, sizeof what, "is a directory; name the file that holds the key");
    else if (r == -ENXIO)
        (void)snprintf(what, sizeof what, "does not exist; make it, with the API key as its content");
    else if (r == -EACCES) /* not "make it readable": with mode 644 everybody could read the contacts */
        (void)snprintf(
            what, sizeof what,
            "cannot be read by this user, which is right if it is root's with mode 600: do this as root. "
            "The service reads it as the credential " CREDENTIAL ", and not by this setting");
    else
        (void)snprintf(what, sizeof what, "cannot be read: %s", strerror(-r));
    report(loading, source, what);
}

/* Looks in one place. True when the search is over: a key was found, or a mistake was. */
static bool try_source(struct loading *loading, enum config_key_source source, enum config_need need)
{
    struct found found __attribute__((cleanup(wipe))) = {0};
    int r = source == KEY_CREDENTIAL    ? find_credential(&found)
            : source == KEY_ENVIRONMENT ? find_variable(&found)
                                        : find_file(loading, &found);
    if (is_absent(r))
        return false;
    if (r == -EACCES && source == KEY_CREDENTIAL && need == CONFIG_TEST)
        return true; /* systemd 252 shows it to the main process alone, not to that of ExecReload= */
    if (error_is_machine(-r))
        loading->machine = -r;
    else if (r < 0)
        report_unreadable(loading, source, r);
    if (r < 0)
        return true;
    char *key = NULL;
    const char *wrong = check_key(&found, &key, &loading->out_of_memory);
    if (wrong)
        report(loading, source, wrong);
    if (!key)
        return wrong || loading->out_of_memory;
    loading->config->api_key = key;
    loading->config->key_source = source;
    return true;
}

/* setenv() copies it to another place, and leaves what the program was started with as it is. */
void config_hide_key(void)
{
    char *value = getenv(VARIABLE), *copy = value ? strdup(value) : NULL;
    if (!copy)
        return;
    if (setenv(VARIABLE, copy, 1) == 0)
        explicit_bzero(value, strlen(value));
    explicit_bzero(copy, strlen(copy));
    free(copy);
}

void config_key_load(struct loading *loading, enum config_need need)
{
    for (enum config_key_source source = KEY_CREDENTIAL; source <= KEY_FILE; source++)
        if (try_source(loading, source, need))
            return;
    if (loading->config->flex.api_key_file)
        config_mistake_in_setting(loading, SETTING_API_KEY_FILE, "is an empty file; put the API key into it");
    else if (need == CONFIG_COMPLETE && !loading->set[SETTING_API_KEY_FILE].refused && !loading->incomplete)
        config_mistake_in_environment(
            loading, VARIABLE,
            "no API key; set this or the credential " CREDENTIAL
            ", or name a file that holds the key with flex.api_key_file " WHERE_FROM);
}

static void write_proof(char proof[static CONFIG_PROOF_MAX], const uint64_t salt[2], const char *key)
{
    (void)snprintf(proof, CONFIG_PROOF_MAX, "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, salt[0], salt[1],
                   hash_siphash24(salt[0], salt[1], key, strlen(key)));
}

int config_key_prove(const struct config *config, char ret_proof[static CONFIG_PROOF_MAX], struct error *err)
{
    uint64_t salt[2];
    if (getrandom(salt, sizeof salt, 0) != (ssize_t)sizeof salt)
        return error_set(err, ERROR_SYSTEM, RETRY_LATER, "no random number can be had: %s", strerror(errno));
    write_proof(ret_proof, salt, config->api_key);
    return 0;
}

bool config_key_matches(const struct config *config, const char *proof)
{
    uint64_t salt[2];
    char expected[CONFIG_PROOF_MAX];
    if (!config->api_key || strlen(proof) != CONFIG_PROOF_MAX - 1 ||
        sscanf(proof, "%16" SCNx64 "%16" SCNx64, &salt[0], &salt[1]) != 2)
        return false;
    write_proof(expected, salt, config->api_key);
    return strcmp(expected, proof) == 0;
}
