#include "flexsync/blocker.h"

#include "flexsync/cleanup.h"
#include "flexsync/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

void blocker_describe(int pid, char ret[static BLOCKER_MAX])
{
    char path[32], name[17] = "";
    (void)snprintf(path, sizeof path, "/proc/%d/comm", pid);
    CLEANUP_FILE FILE *file = fopen(path, "re");
    if (file && fgets(name, sizeof name, file)) {
        name[strcspn(name, "\n")] = '\0';
        text_disarm(name);
    }
    (void)snprintf(ret, BLOCKER_MAX, name[0] ? "process %d (%s)" : "process %d", pid, name);
}

bool blocker_find(int fd, int64_t start, int64_t length, char ret[static BLOCKER_MAX])
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    (void)snprintf(ret, BLOCKER_MAX, "another program");
    if (fd < 0 || fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK || lock.l_pid <= 0)
        return false;
    blocker_describe(lock.l_pid, ret);
    return true;
}

bool blocker_of(const char *path, char ret[static BLOCKER_MAX])
{
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return blocker_find(fd, 0, 0, ret);
}
