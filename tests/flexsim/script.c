#include "script.h"

#include <stdlib.h>
#include <string.h>

#include "script_parts.h"

struct script *script_ref(struct script *s)
{
    if (s)
        atomic_fetch_add(&s->references, 1);
    return s;
}

struct script *script_unref(struct script *s)
{
    if (!s || atomic_fetch_sub(&s->references, 1) != 1)
        return NULL;
    for (size_t i = 0; i < s->count; i++) {
        struct rule *r = &s->rules[i];
        free(r->id);
        free(r->text);
        free(r->path);
        free(r->retry_after);
        blob_unref(r->body);
    }
    free(s->rules);
    free(s);
    return NULL;
}

static bool is_for(const struct rule *r, const struct call *call)
{
    if (r->kind >= 0 && r->kind != (int)call->kind)
        return false;
    if ((r->page != RULE_ANY && r->page != call->page) || (r->size != RULE_ANY && r->size != call->size))
        return false;
    if (r->sort >= 0 && r->sort != call->sort_given)
        return false;
    if (r->id && strcmp(r->id, call->id) != 0)
        return false;
    return !r->text || (call->search && !strcmp(r->text, call->search));
}

/* Every rule counts the requests that it is for, whether an earlier rule decided or not. */
static bool is_due(struct rule *r)
{
    int64_t n = ++r->matched;
    if (n < r->from || n > r->to || (n - r->from) % r->every != 0)
        return false;
    return r->applied < r->times;
}

void script_match(struct script *s, const struct call *call, struct verdict *ret)
{
    *ret = (struct verdict){.script = script_ref(s)};
    for (size_t i = 0; s && i < s->count; i++) {
        struct rule *r = &s->rules[i];
        if (!is_for(r, call) || !is_due(r) || ret->final)
            continue;
        r->applied++;
        if (r->action >= ACTION_FIRST_FINAL)
            ret->final = r;
        else if (r->action == ACTION_DELAY)
            ret->delay_ms += r->number;
        else if (ret->change_count < VERDICT_CHANGES)
            ret->changes[ret->change_count++] = r;
    }
}

void verdict_clear(struct verdict *v)
{
    v->script = script_unref(v->script);
    v->final = NULL;
    v->change_count = 0;
}

json_t *script_to_json(const struct script *s)
{
    json_t *array = json_array();
    for (size_t i = 0; array && s && i < s->count; i++) {
        const struct rule *r = &s->rules[i];
        (void)json_array_append_new(array,
                                    json_pack("{sI sI sI}", "line", (json_int_t)r->line, "matched",
                                              (json_int_t)r->matched, "applied", (json_int_t)r->applied));
    }
    return array;
}
