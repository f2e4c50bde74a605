/* The bytes of the settings file, with what libconfig would trip over made harmless or reported. */
#include "config_private.h"

#include "flexsync/buffer.h"
#include "flexsync/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define READ_SIZE 16384

static int read_all(int fd, struct buffer *text)
{
    char block[READ_SIZE];
    ssize_t n;
    do {
        n = read(fd, block, sizeof block);
        if (n < 0 && errno != EINTR)
            return -errno;
        int r = n > 0 ? buffer_append(text, block, (size_t)n) : 0;
        if (r < 0)
            return r;
    } while (n != 0);
    return buffer_append(text, "\n", 1); /* libconfig refuses a comment at the end without one */
}

static int open_file(const char *path, int *ret_fd)
{
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    *ret_fd = fd;
    fd = -1;
    return 0;
}

static int read_file(const char *path, struct buffer *text)
{
    CLEANUP_CLOSE int fd = -1;
    int r = open_file(path, &fd);
    return r < 0 ? r : read_all(fd, text);
}

static void report_unreadable(struct loading *loading, int error)
{
    loading->incomplete = true;
    if (error_is_machine(-error))
        loading->machine = -error;
    else if (error == -EISDIR)
        config_mistake_in_file(loading, 0, NULL, "is a directory; name the settings file in it");
    else if (error == -EFBIG)
        config_mistake_in_file(loading, 0, NULL, "is larger than %d bytes; is it a settings file?",
                               CONFIG_FILE_MAX);
    else if (error == -ENOENT)
        config_mistake_in_file(loading, 0, NULL,
                               "does not exist; name another with -c, or begin with a copy of the template");
    else
        config_mistake_in_file(loading, 0, NULL, "cannot be read: %s; make it readable for this user",
                               strerror(-error));
}

/* Cuts the text at a NUL, where libconfig would stop without a word. */
static void check_nul(struct loading *loading, const struct buffer *text)
{
    const char *nul = memchr(text->data, '\0', text->length);
    if (!nul)
        return;
    unsigned line = 1;
    for (const char *p = text->data; p < nul; p++)
        line += *p == '\n';
    config_mistake_in_file(loading, line, NULL, "holds a NUL byte; is it a text file?");
    loading->incomplete = true;
}

/* Some editors put a byte order mark in front. */
static void blank_mark(struct buffer *text)
{
    static const char mark[] = "\xef\xbb\xbf";
    if (strncmp(text->data, mark, strlen(mark)) == 0)
        memset(text->data, ' ', strlen(mark));
}

int config_read_settings(struct loading *loading, bool required, struct buffer *text)
{
    int r = read_file(loading->path, text);
    if (r == -ENOENT && !required)
        return -1;
    if (r < 0) {
        report_unreadable(loading, r);
        return -1;
    }
    check_nul(loading, text);
    blank_mark(text);
    return 0;
}
