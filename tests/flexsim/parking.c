#include "parking.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "caltime.h"

#define EVENTS      64
#define WAKE_TICKET UINT64_MAX

/* Events name a place here, and which of its guests they mean: what they were for may be gone by then. */
struct slot {
    struct parked *guest;
    uint32_t visit;
    uint32_t next_free;
};

struct parking {
    pthread_mutex_t *lock;
    void (*left)(struct parked *);
    pthread_t thread;
    int epoll, wake;
    bool closing, running;
    struct slot *slots;
    struct parked **heap; /* those waiting, the soonest first */
    uint32_t count, room, first_free;
    uint64_t watched; /* what the thread waits for */
};

static void heap_put(struct parking *p, uint32_t place, struct parked *parked)
{
    p->heap[place] = parked;
    parked->place = place;
}

static void heap_up(struct parking *p, uint32_t place, struct parked *parked)
{
    for (; place && p->heap[(place - 1) / 2]->until > parked->until; place = (place - 1) / 2)
        heap_put(p, place, p->heap[(place - 1) / 2]);
    heap_put(p, place, parked);
}

static void heap_down(struct parking *p, uint32_t place, struct parked *parked)
{
    for (;;) {
        uint32_t child = 2 * place + 1;
        if (child >= p->count)
            break;
        if (child + 1 < p->count && p->heap[child + 1]->until < p->heap[child]->until)
            child++;
        if (p->heap[child]->until >= parked->until)
            break;
        heap_put(p, place, p->heap[child]);
        place = child;
    }
    heap_up(p, place, parked);
}

static void heap_remove(struct parking *p, uint32_t place)
{
    struct parked *last = p->heap[--p->count];
    if (place < p->count)
        heap_down(p, place, last);
}

static int grow(struct parking *p)
{
    uint32_t room = p->room ? p->room * 2 : 64;
    struct slot *slots = realloc(p->slots, room * sizeof(*slots));
    if (!slots)
        return -1;
    p->slots = slots;
    struct parked **heap = realloc(p->heap, room * sizeof(*heap));
    if (!heap)
        return -1;
    p->heap = heap;
    for (uint32_t i = p->room; i < room; i++)
        p->slots[i] = (struct slot){.next_free = i + 1};
    p->first_free = p->room;
    p->room = room;
    return 0;
}

static int descriptor_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static void wake(struct parking *p)
{
    uint64_t one = 1;
    (void)!write(p->wake, &one, sizeof(one));
}

bool parking_add(struct parking *p, struct parked *parked, struct MHD_Connection *connection, uint64_t until)
{
    if (p->closing || (p->count == p->room && grow(p) < 0))
        return false;
    uint32_t ticket = p->first_free;
    struct slot *slot = &p->slots[ticket];
    struct epoll_event event = {.events = EPOLLRDHUP, .data.u64 = (uint64_t)++slot->visit << 32 | ticket};
    if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, descriptor_of(connection), &event) < 0)
        return false;
    p->first_free = slot->next_free;
    slot->guest = parked;
    *parked = (struct parked){.connection = connection, .until = until, .ticket = ticket, .waiting = true};
    MHD_suspend_connection(connection);
    heap_up(p, p->count++, parked);
    if (until < p->watched)
        wake(p);
    return true;
}

static void forget(struct parking *p, struct parked *parked)
{
    (void)epoll_ctl(p->epoll, EPOLL_CTL_DEL, descriptor_of(parked->connection), NULL);
    p->slots[parked->ticket].guest = NULL;
    p->slots[parked->ticket].next_free = p->first_free;
    p->first_free = parked->ticket;
    heap_remove(p, parked->place);
    parked->waiting = false;
}

void parking_remove(struct parking *p, struct parked *parked)
{
    if (parked->waiting)
        forget(p, parked);
}

static void let_go(struct parking *p, struct parked *parked)
{
    forget(p, parked);
    MHD_resume_connection(parked->connection);
}

/* Whether any of the events was somebody who hung up. */
static bool heed(struct parking *p, const struct epoll_event *events, int n)
{
    bool any = false;
    for (int i = 0; i < n; i++) {
        uint64_t ticket = events[i].data.u64;
        if (ticket == WAKE_TICKET)
            continue;
        struct slot *slot = &p->slots[(uint32_t)ticket];
        if (!slot->guest || slot->visit != ticket >> 32)
            continue;
        slot->guest->left = any = true;
        p->left(slot->guest);
        let_go(p, slot->guest);
    }
    return any;
}

void parking_reap(struct parking *p)
{
    struct epoll_event events[EVENTS];
    int n;
    do
        n = epoll_wait(p->epoll, events, EVENTS, 0);
    while (n > 0 && heed(p, events, n));
}

/* Milliseconds until the soonest is due, rounded up; -1: nobody is ever. */
static int next_wait(struct parking *p)
{
    p->watched = p->count ? p->heap[0]->until : PARKING_FOREVER;
    if (p->watched == PARKING_FOREVER)
        return -1;
    uint64_t now = caltime_monotonic_ns();
    uint64_t ms = p->watched > now ? (p->watched - now + 999999) / 1000000 : 0;
    return ms > 3600000 ? 3600000 : (int)ms;
}

static void *run(void *cls)
{
    struct parking *p = cls;
    (void)pthread_mutex_lock(p->lock);
    while (!p->closing) {
        struct epoll_event events[EVENTS];
        int wait_ms = next_wait(p);
        (void)pthread_mutex_unlock(p->lock);
        int n = epoll_wait(p->epoll, events, EVENTS, wait_ms);
        (void)pthread_mutex_lock(p->lock);
        uint64_t count;
        (void)!read(p->wake, &count, sizeof(count));
        (void)heed(p, events, n);
        uint64_t now = caltime_monotonic_ns();
        while (p->count && p->heap[0]->until <= now)
            let_go(p, p->heap[0]);
    }
    (void)pthread_mutex_unlock(p->lock);
    return NULL;
}

int parking_new(pthread_mutex_t *lock, void (*left)(struct parked *), struct parking **ret)
{
    struct parking *p = calloc(1, sizeof(*p));
    if (!p)
        return -1;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = WAKE_TICKET};
    p->lock = lock;
    p->left = left;
    p->watched = PARKING_FOREVER;
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    bool good = p->wake >= 0 && p->epoll >= 0 && epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->wake, &event) == 0;
    p->running = good && pthread_create(&p->thread, NULL, run, p) == 0;
    if (!p->running) {
        parking_free(p);
        return -1;
    }
    *ret = p;
    return 0;
}

void parking_close(struct parking *p)
{
    p->closing = true;
    while (p->count)
        let_go(p, p->heap[0]);
    wake(p);
}

struct parking *parking_free(struct parking *p)
{
    if (!p)
        return NULL;
    if (p->running) {
        (void)pthread_mutex_lock(p->lock);
        p->closing = true;
        wake(p);
        (void)pthread_mutex_unlock(p->lock);
        (void)pthread_join(p->thread, NULL);
    }
    if (p->epoll >= 0)
        (void)close(p->epoll);
    if (p->wake >= 0)
        (void)close(p->wake);
    free(p->slots);
    free(p->heap);
    free(p);
    return NULL;
}
