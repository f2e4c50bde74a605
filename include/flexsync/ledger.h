/*
 * ledger: the quota of an account, kept in a database of its own (limits.ledger, quota.db).
 *
 * All programs that use the account share the file. Every change is one transaction with synchronous = EXTRA:
 * what is entered is on the disk before a request is sent, and so is the folder without the journal, which
 * would take the change back after a power loss (FULL leaves that out). The file is opened for each of them,
 * so that one that was deleted, or replaced by a copy, is noticed and never written to behind its name; a
 * deleted one is made anew (the limiter enters again what it knows). One that an older version of this
 * program wrote is read as it is, and written as the newest form by the next change.
 */
#ifndef FLEXSYNC_LEDGER_H
#define FLEXSYNC_LEDGER_H

#include "flexsync/clock.h"
#include "flexsync/error.h"
#include "flexsync/limiter.h"
#include "flexsync/quota.h"

#include <sqlite3.h>

struct ledger {
    const char *path; /* not owned */
    const struct clock *clock;
    sqlite3 *db; /* while a transaction is open */
};

/*
 * Begins a transaction and reads the ledger, a new one where there is none. To be ended by ledger_end().
 * ERROR_STORE_BUSY when another program holds it for more than a second, ERROR_STORE_CORRUPT when the file is
 * damaged or not a ledger (left as it is), ERROR_CREATE when it cannot be made, else ERROR_STORE or
 * ERROR_STORE_FULL. Nothing is open after a failure.
 */
int ledger_begin(struct ledger *ledger, struct quota *ret, struct error *err);

/* Writes *quota and ends the transaction. On failure it is unknown whether it was written: the disk may
 * refuse after the change is durable. */
int ledger_end(struct ledger *ledger, const struct quota *quota, struct error *err);

/*
 * Reads the ledger without changing it, for those who only want to know, and moves it on to `wall` by the
 * clock of this machine. Returns 1, or 0 where there is none: then it is an empty one.
 */
int ledger_look(const char *path, int64_t wall, struct quota *ret, struct error *err);

/* ledger_begin() and ledger_end() as a limiter takes them. */
struct limiter_book ledger_book(struct ledger *ledger);

#endif
