/*
 * Where SQLite's temporary files go (staged listings, sorts), and which file system is full when one is.
 */
#include "flexsync/cleanup.h"
#include "statement.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define VARIABLE "SQLITE_TMPDIR"

void store_temporary_beside(const char *database)
{
    CLEANUP_FREE char *real = realpath(database, NULL);
    CLEANUP_FREE char *path = strdup(real ? real : database);
    if (path) /* else they go where they went without it */
        (void)setenv(VARIABLE, dirname(path), 0);
}

/* The first that SQLite would take (unixTempFileDir() in its os_unix.c), NULL where there is none. */
const char *temporary_folder(void)
{
    const char *const folders[] = {getenv(VARIABLE), getenv("TMPDIR"), "/var/tmp", "/usr/tmp", "/tmp", "."};
    struct stat st;
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++)
        if (folders[i] && stat(folders[i], &st) == 0 && S_ISDIR(st.st_mode) &&
            access(folders[i], W_OK | X_OK) == 0)
            return folders[i];
    return NULL;
}

static uint64_t temporary_room(const char *folder)
{
    struct statvfs fs;
    return statvfs(folder, &fs) == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize : UINT64_MAX;
}

/* Is it `folder`, and not the file system of the database, that has no room? */
static bool temporary_is_full(const char *folder, const char *database)
{
    struct stat st, of_database;
    if (stat(folder, &st) < 0 || stat(database, &of_database) < 0 || st.st_dev == of_database.st_dev)
        return false;
    return temporary_room(folder) < temporary_room(database);
}

void temporary_remedy(const struct store *store, char text[static ERROR_TEXT_MAX])
{
    CLEANUP_FREE char *path = strdup(store->path);
    const char *temporary = temporary_folder(), *folder = path ? dirname(path) : ".";
    if (temporary && temporary_is_full(temporary, folder))
        (void)snprintf(
            text, ERROR_TEXT_MAX,
            "that is the file system of the temporary files: make room there (df -h %.150s), or set "
            "SQLITE_TMPDIR to a folder with room",
            temporary);
    else
        (void)snprintf(text, ERROR_TEXT_MAX, "make room on its disk (df -h %.150s)", folder);
}

void temporary_forget(struct store *store)
{
    static const char sql[] = "PRAGMA temp_store = MEMORY";
    (void)sqlite3_exec(store->db, sql, NULL, NULL, NULL);
}

void temporary_allow(struct store *store)
{
    static const char sql[] = "PRAGMA temp_store = DEFAULT";
    (void)sqlite3_exec(store->db, sql, NULL, NULL, NULL);
}
