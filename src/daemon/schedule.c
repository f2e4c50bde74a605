#include "schedule.h"

#include <stdbool.h>

static void plan(struct schedule *schedule, int64_t at, enum sync_trigger trigger)
{
    schedule->next = at;
    schedule->trigger = trigger;
}

void schedule_start(struct schedule *schedule, int64_t interval, int on_start, int64_t now)
{
    *schedule = (struct schedule){.interval = interval, .began = now};
    if (on_start)
        plan(schedule, now, TRIGGER_START);
    else
        plan(schedule, now + interval, TRIGGER_TIMER);
}

void schedule_change(struct schedule *schedule, int64_t interval, int64_t now)
{
    schedule->interval = interval;
    if (schedule->trigger != TRIGGER_TIMER)
        return;
    int64_t next = schedule->began + interval;
    plan(schedule, next > now ? next : now, TRIGGER_TIMER);
}

void schedule_begun(struct schedule *schedule, int64_t now)
{
    schedule->began = now;
}

void schedule_ended(struct schedule *schedule, enum error_code code, int64_t pause, int64_t now)
{
    int64_t next = schedule->began + schedule->interval;
    if (next < now) /* it took longer than the interval: at once, but not twice */
        next = now;
    if (code == ERROR_KEY)
        plan(schedule, now + SCHEDULE_KEY_REFUSED, TRIGGER_TIMER);
    else if (pause > 0)
        plan(schedule, now + pause, TRIGGER_RESUME);
    else
        plan(schedule, next, TRIGGER_TIMER);
}

void schedule_ended_beside(struct schedule *schedule, enum error_code code, int64_t pause, int64_t now)
{
    bool accepted = code == ERROR_NONE && schedule->trigger == TRIGGER_TIMER &&
                    schedule->next > schedule->began + schedule->interval;
    if (code == ERROR_KEY || pause > 0 || accepted)
        schedule_ended(schedule, code, pause, now);
}
