#include "flexsync/outfile.h"

#include "flexsync/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_SIZE             (64 * 1024)
#define RANDOM_ENDING         "XXXXXX"
#define TEMPORARY_ENDING      ".flexsync-" RANDOM_ENDING
#define TEMPORARY_ENDING_GLOB ".flexsync-??????"
#define TEMPORARY_TRIES       10

struct outfile {
    char *target;    /* for messages, and, where it is replaced, the file itself behind symbolic links */
    char *temporary; /* NULL: there is none, or it has got its place */
    FILE *stream;    /* of the temporary file, else of the target */
    FILE *sink;      /* where a temporary file is copied to; NULL: it takes the target's place */
};

static int refuse(const char *path, struct error *err)
{
    int number = errno;
    enum error_code code = number == ENOSPC ? ERROR_STORE_FULL : ERROR_CREATE;
    CLEANUP_FREE char *copy = strdup(path);
    if (error_is_machine(number))
        return error_machine(err, number);
    if (number == ENOENT && copy)
        return error_set(err, code, RETRY_LATER, "cannot make %s: %s; make its folder: mkdir -p %s", path,
                         strerror(number), dirname(copy));
    return error_set(err, code, RETRY_LATER,
                     "cannot make %s: %s; write to a folder of your own, or free what is in the way", path,
                     strerror(number));
}

/* Where it goes without being replaced: the standard output, or what is there and is no regular file. */
static int open_sink(struct outfile *file, const char *path, FILE **ret, struct error *err)
{
    struct stat there;
    *ret = NULL;
    if (!path || strcmp(path, "-") == 0) {
        *ret = stdout;
        file->target = strdup("the standard output");
        return file->target ? 0 : error_memory(err);
    }
    bool exists = stat(path, &there) == 0;
    if (exists && S_ISDIR(there.st_mode))
        return error_set(err, ERROR_USAGE, RETRY_NEVER, "%s is a folder; name a file in it", path);
    file->target = exists && S_ISREG(there.st_mode) ? realpath(path, NULL) : strdup(path);
    if (!file->target)
        return refuse(path, err);
    if (exists && !S_ISREG(there.st_mode) && !(*ret = fopen(path, "we")))
        return refuse(path, err);
    return 0;
}

/* Held as long as the file is being written. 0, or -1: another one holds it, or it cannot be had here. */
static int lock_temporary(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1}; /* not where SQLite locks */
    return fcntl(fd, F_OFD_SETLK, &lock);
}

/* Removes a file that one of our programs was writing when it was killed, and what SQLite kept beside it. */
static void remove_leftover(int folder, const char *name)
{
    static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
    struct stat st;
    CLEANUP_CLOSE int fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
        lock_temporary(fd) < 0)
        return;
    for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
        CLEANUP_FREE char *file = NULL;
        if (asprintf(&file, "%s%s", name, suffixes[i]) >= 0)
            (void)unlinkat(folder, file, 0);
    }
}

/* They hold people's data, and nobody would miss them. */
static void remove_leftovers(const char *temporary)
{
    CLEANUP_FREE char *path = strdup(temporary);
    DIR *folder = path ? opendir(dirname(path)) : NULL;
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder));)
        if (fnmatch("*" TEMPORARY_ENDING_GLOB, entry->d_name, 0) == 0)
            remove_leftover(dirfd(folder), entry->d_name);
    (void)closedir(folder);
}

/* A descriptor; another program may take the file for a leftover before it is locked. */
static int make_temporary(char *name)
{
    char *ending = name + strlen(name) - strlen(RANDOM_ENDING);
    for (int i = 0;; i++) {
        struct stat st;
        memcpy(ending, RANDOM_ENDING, strlen(RANDOM_ENDING));
        int fd = mkostemp(name, O_CLOEXEC);
        if (fd < 0 || i == TEMPORARY_TRIES)
            return fd;
        (void)lock_temporary(fd);
        if (fstat(fd, &st) == 0 && st.st_nlink > 0)
            return fd;
        (void)close(fd);
    }
}

static int open_temporary(struct outfile *file, struct error *err)
{
    const char *folder = getenv("TMPDIR");
    int r = file->sink ? asprintf(&file->temporary, "%s/output" TEMPORARY_ENDING,
                                  folder && *folder ? folder : "/tmp")
                       : asprintf(&file->temporary, "%s" TEMPORARY_ENDING, file->target);
    if (r < 0) {
        file->temporary = NULL;
        return error_memory(err);
    }
    int fd = make_temporary(file->temporary);
    if (fd < 0) {
        (void)refuse(file->sink ? file->temporary : file->target, err);
        free(take_pointer(file->temporary));
        return -1;
    }
    remove_leftovers(file->temporary);
    file->stream = fdopen(fd, "r+");
    if (file->stream)
        return 0;
    (void)close(fd);
    return error_memory(err);
}

int outfile_open(struct outfile **ret, const char *path, bool by_name, struct error *err)
{
    FILE *sink = NULL;
    struct outfile *file = calloc(1, sizeof *file);
    if (!file)
        return error_memory(err);
    int r = open_sink(file, path, &sink, err);
    if (r == 0 && sink && !by_name)
        file->stream = sink;
    else
        file->sink = sink;
    if (r == 0 && !file->stream)
        r = open_temporary(file, err);
    if (r == 0)
        *ret = file;
    else
        (void)outfile_free(file);
    return r;
}

FILE *outfile_stream(const struct outfile *file)
{
    return file->stream;
}

const char *outfile_name(const struct outfile *file)
{
    return file->temporary;
}

const char *outfile_target(const struct outfile *file)
{
    return file->target;
}

int outfile_failed(const struct outfile *file, struct error *err)
{
    int number = errno;
    bool full = number == ENOSPC || number == EDQUOT;
    return error_set(err, full ? ERROR_STORE_FULL : ERROR_STORE, RETRY_LATER,
                     "cannot write %s: %s; %s, and type the same again", file->target, strerror(number),
                     full ? "make room on the disk" : "see the journal of the disk");
}

/* The temporary file loses its name first, so that a reader that goes away leaves nothing behind. */
static int copy(struct outfile *file)
{
    char block[COPY_SIZE];
    size_t length;
    (void)unlink(file->temporary);
    free(take_pointer(file->temporary));
    rewind(file->stream);
    while ((length = fread(block, 1, sizeof block, file->stream)) > 0)
        if (fwrite(block, 1, length, file->sink) != length)
            return -1;
    if (ferror(file->stream))
        return -1;
    return file->sink == stdout ? 0 : fflush(file->sink);
}

/* As the file that is replaced has them. Where its group cannot be kept, the new group gets no rights. */
static void keep_rights(const struct outfile *file)
{
    struct stat old, new;
    int fd = fileno(file->stream);
    if (stat(file->target, &old) < 0 || fstat(fd, &new) < 0)
        return;
    if (new.st_gid != old.st_gid && fchown(fd, (uid_t)-1, old.st_gid) < 0)
        old.st_mode &= ~(mode_t)S_IRWXG;
    if (new.st_uid != old.st_uid)
        (void)!fchown(fd, old.st_uid, (gid_t)-1);
    (void)fchmod(fd, old.st_mode & 07777);
}

/* The folder is synced too: without it the new name could be lost in a crash. */
static int replace(struct outfile *file)
{
    keep_rights(file);
    if (fsync(fileno(file->stream)) < 0 || rename(file->temporary, file->target) < 0)
        return -1;
    free(take_pointer(file->temporary));
    CLEANUP_FREE char *path = strdup(file->target);
    CLEANUP_CLOSE int folder = path ? open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    return folder >= 0 ? fsync(folder) : 0;
}

int outfile_commit(struct outfile *file, struct error *err)
{
    int r = 0;
    errno = 0;
    if (file->stream != stdout)
        r = fflush(file->stream) != 0 || ferror(file->stream) ? -1 : 0;
    if (r == 0 && file->sink)
        r = copy(file);
    else if (r == 0 && file->temporary)
        r = replace(file);
    return r < 0 && errno != EPIPE ? outfile_failed(file, err) : 0; /* a reader has seen enough */
}

struct outfile *outfile_free(struct outfile *file)
{
    if (!file)
        return NULL;
    if (file->temporary)
        (void)unlink(file->temporary);
    if (file->stream && file->stream != stdout)
        (void)fclose(file->stream);
    if (file->sink && file->sink != stdout)
        (void)fclose(file->sink);
    free(file->temporary);
    free(file->target);
    free(file);
    return NULL;
}
