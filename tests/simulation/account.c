#include "account.h"

#include "flexsync/clock.h"

#include <stdlib.h>

static const int64_t lengths[QUOTA_WINDOWS] = {
    [QUOTA_HOUR] = USEC_PER_HOUR, [QUOTA_DAY] = USEC_PER_DAY, [QUOTA_MONTH] = 31 * USEC_PER_DAY};

void account_make(struct account *account, const int64_t limits[static QUOTA_WINDOWS])
{
    *account = (struct account){0};
    for (int w = 0; w < QUOTA_WINDOWS; w++)
        account->limits[w] = limits[w];
}

void account_free(struct account *account)
{
    free(account->sent);
    *account = (struct account){0};
}

static void enter(struct account *account, int64_t now)
{
    if (account->count == account->room) {
        account->room = account->room ? account->room * 2 : 1024;
        account->sent = realloc(account->sent, account->room * sizeof *account->sent);
        if (!account->sent)
            abort();
    }
    account->sent[account->count++] = now;
}

/* Any interval that is too full is so when its last request arrives. */
static void judge(struct account *account, int64_t now)
{
    for (int w = 0; w < QUOTA_WINDOWS; w++) {
        while (now - account->sent[account->tails[w]] >= lengths[w])
            account->tails[w]++;
        int64_t within = (int64_t)(account->count - account->tails[w]);
        if (within > account->most[w])
            account->most[w] = within;
        account->breached |= within > account->limits[w];
    }
}

static void turn(struct account *account, int64_t date)
{
    for (int w = 0; w < QUOTA_WINDOWS; w++) {
        int64_t window = date / lengths[w];
        if (window != account->windows[w])
            account->used[w] = 0;
        account->windows[w] = window;
    }
}

bool account_send(struct account *account, int64_t now, int64_t date, enum quota_window *ret_window)
{
    enter(account, now);
    judge(account, now);
    turn(account, date);
    for (int w = 0; w < QUOTA_WINDOWS; w++) {
        if (++account->used[w] <= account->limits[w] || !account->refuses)
            continue;
        *ret_window = (enum quota_window)w;
        account->refused++;
        return false;
    }
    return true;
}

void account_use(struct account *account, int64_t date, int64_t requests)
{
    turn(account, date);
    for (int w = 0; w < QUOTA_WINDOWS; w++)
        account->used[w] += requests;
}
