/*
 * Is what the path names still what is open?
 *
 * While a file is open its device and inode are its alone, so these tell. SQLite's own test
 * (SQLITE_FCNTL_HAS_MOVED) does not do: it compares the inode alone, under the name that symbolic links led
 * to at the opening, and knows nothing of -wal and -shm.
 */
#include "statement.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 4200 /* of what SQLite opens at the most, with "-wal" */

/* Bytes of -shm that SQLite locks: see "WAL Locks" in its walformat.html. */
#define SHM_WRITERS       120
#define SHM_WRITERS_COUNT 3
#define SHM_READERS       123
#define SHM_READERS_COUNT 5

/* The name of one of the files, symbolic links followed when the database was opened. */
static const char *place_path(const struct store *store, enum place_file file, char path[static PATH_SIZE])
{
    static const char *const suffixes[PLACE_FILES] = {"", "-wal", "-shm"};
    (void)snprintf(path, PATH_SIZE, "%s%s", sqlite3_db_filename(store->db, "main"), suffixes[file]);
    return path;
}

/* 1 it is ours, 0 another one or none, -1 where that cannot be seen. */
static int place_is_ours(const struct store *store, enum place_file file, const char *path)
{
    struct stat st;
    const struct place *place = &store->places[file];
    if (place->inode == 0)
        return -1;
    if (stat(path, &st) < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
    return st.st_dev == place->device && st.st_ino == place->inode;
}

static void place_note(struct store *store, enum place_file file, const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0)
        store->places[file] = (struct place){.device = st.st_dev, .inode = st.st_ino};
}

void place_remember(struct store *store)
{
    char path[PATH_SIZE];
    int moved = 0;
    place_note(store, PLACE_MAIN, store->path);
    place_note(store, PLACE_WAL, place_path(store, PLACE_WAL, path));
    place_note(store, PLACE_SHM, place_path(store, PLACE_SHM, path));
    /* Replaced between SQLite's opening and ours: then it is none that will be found at its path. */
    if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved)
        store->places[PLACE_MAIN].inode = UINT64_MAX;
    /* Stays open until SQLite has closed its own: to close it ends all locks that this process has on it. */
    store->shm = open(place_path(store, PLACE_SHM, path), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

bool place_writer(const struct store *store, char ret[static BLOCKER_MAX])
{
    return blocker_find(store->shm, SHM_WRITERS, SHM_WRITERS_COUNT, ret);
}

bool place_reader(const struct store *store, char ret[static BLOCKER_MAX])
{
    return blocker_find(store->shm, SHM_READERS, SHM_READERS_COUNT, ret);
}

int store_in_place(const struct store *store, struct error *err)
{
    char path[PATH_SIZE];
    if (place_is_ours(store, PLACE_MAIN, store->path) == 0)
        return error_set(err, ERROR_STORE, RETRY_NEVER, "the database %.200s was %s while it was in use",
                         store->path, access(store->path, F_OK) < 0 ? "removed" : "replaced by another file");
    for (int file = PLACE_WAL; file < PLACE_FILES; file++)
        if (place_is_ours(store, (enum place_file)file, place_path(store, (enum place_file)file, path)) == 0)
            return error_set(err, ERROR_STORE, RETRY_NEVER,
                             "%.200s was %s while the database was in use, which needs it", path,
                             access(path, F_OK) < 0 ? "removed" : "replaced by another file");
    return 0;
}

/* Does nothing stand in the way of what only our WAL holds? What others wrote into a WAL of theirs would. */
static bool place_wal_is_free(const struct store *store, const char *path)
{
    struct stat st;
    return place_is_ours(store, PLACE_WAL, path) > 0 || stat(path, &st) < 0 || st.st_size == 0;
}

struct store *store_leave(struct store *store)
{
    char main[PATH_SIZE], wal[PATH_SIZE], shm[PATH_SIZE];
    if (!store)
        return NULL;
    bool here = place_is_ours(store, PLACE_MAIN, place_path(store, PLACE_MAIN, main)) != 0;
    int wal_ours = place_is_ours(store, PLACE_WAL, place_path(store, PLACE_WAL, wal));
    int shm_ours = place_is_ours(store, PLACE_SHM, place_path(store, PLACE_SHM, shm));
    if (here && wal_ours && shm_ours) /* only the link that led to it has changed */
        return store_shut(store);

    /* Goes by what is open, and not by names: into the file that was moved away, wherever that is now. */
    (void)store_abandon(store);
    if (!here || place_wal_is_free(store, wal))
        (void)sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

    /* SQLite would apply a WAL to whatever file has its name. Device and inode say that it is the one that
     * we have open, so it belongs to the file that is gone from there; one that came with the new file
     * stays. */
    if (!here && wal_ours > 0)
        (void)unlink(wal);
    if (shm_ours > 0)
        (void)unlink(shm);
    return store_release(store, false);
}
