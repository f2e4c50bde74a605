#include "flexsync/diff.h"

#include "flexsync/buffer.h"
#include "flexsync/cleanup.h"
#include "json.h"
#include "slice.h"

#include <string.h>

/* One top-level field: what it means, and how it was written. */
struct field {
    json_t *name; /* a string, decoded; owned */
    struct slice name_text, text;
    const json_t *value; /* borrowed from the tree */
    size_t position;
};

struct fields {
    json_t *root;
    struct field *list; /* sorted by name, each name once */
    size_t count;
};

static void fields_free(struct fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        json_decref(fields->list[i].name);
    free(fields->list);
    json_decref(fields->root);
}

static int compare_names(const struct field *a, const struct field *b)
{
    size_t la = json_string_length(a->name), lb = json_string_length(b->name);
    int r = memcmp(json_string_value(a->name), json_string_value(b->name), la < lb ? la : lb);
    return r ? r : (la > lb) - (la < lb);
}

static int compare_fields(const void *a, const void *b)
{
    const struct field *x = a, *y = b;
    int r = compare_names(x, y);
    return r ? r : (x->position > y->position) - (x->position < y->position);
}

static size_t count_members(struct slice object)
{
    struct slice_walk walk = slice_walk(object);
    struct slice name, value;
    size_t count = 0;
    while (slice_next(&walk, &name, &value))
        count++;
    return count;
}

/* Leaves the last of each name, which is the one in the tree. */
static void drop_duplicates(struct fields *fields)
{
    size_t kept = 0;
    for (size_t i = 0; i < fields->count; i++) {
        if (i + 1 < fields->count && compare_names(&fields->list[i], &fields->list[i + 1]) == 0)
            json_decref(fields->list[i].name);
        else
            fields->list[kept++] = fields->list[i];
    }
    fields->count = kept;
}

static int collect(struct fields *fields, struct slice object)
{
    struct slice_walk walk = slice_walk(object);
    size_t members = count_members(object);
    fields->list = calloc(members ? members : 1, sizeof *fields->list);
    if (!fields->list)
        return -1;
    for (struct field f = {0}; slice_next(&walk, &f.name_text, &f.text); f.position++) {
        f.name = map_json_name(f.name_text);
        if (!f.name)
            return -1;
        f.value = json_object_getn(fields->root, json_string_value(f.name), json_string_length(f.name));
        fields->list[fields->count++] = f;
    }
    qsort(fields->list, fields->count, sizeof *fields->list, compare_fields);
    drop_duplicates(fields);
    return 0;
}

/* -1 without memory only; what is no object has no fields. */
static int read_fields(struct fields *fields, const char *text)
{
    struct error why = {0};
    struct findings unused;
    size_t length = text ? strlen(text) : 0;
    if (map_json_load(&fields->root, &unused, (struct slice){text, length}, 0, &why) < 0)
        return why.code == ERROR_ANSWER ? 0 : -1;
    if (map_json_fold_id(fields->root) < 0)
        return -1;
    return json_is_object(fields->root) ? collect(fields, slice_whole(text, length)) : 0;
}

/* 1, 0, or -1 without memory. Texts that differ may still mean the same: escapes, white space, the order of
 * fields. */
static int same_content(const struct field *a, const struct field *b)
{
    if (a->text.length == b->text.length && memcmp(a->text.start, b->text.start, a->text.length) == 0)
        return 1;
    CLEANUP(buffer_free) struct buffer x;
    CLEANUP(buffer_free) struct buffer y;
    buffer_init(&x, SIZE_MAX);
    buffer_init(&y, SIZE_MAX);
    if (map_json_canonical(a->value, &x) < 0 || map_json_canonical(b->value, &y) < 0)
        return -1;
    return x.length == y.length && memcmp(x.data, y.data, x.length) == 0;
}

static int append_field(struct buffer *out, const struct field *field)
{
    if (buffer_append_text(out, out->length ? "," : "{") < 0 ||
        buffer_append(out, field->name_text.start, field->name_text.length) < 0 ||
        buffer_append_text(out, ":") < 0)
        return -1;
    return slice_compact(field->text, out);
}

static int finish(struct buffer *out)
{
    return buffer_append_text(out, out->length ? "}" : "{}");
}

/* Merges the two sorted lists; what both have alike is left out. */
static int merge(const struct fields *before, const struct fields *after, struct buffer *out_before,
                 struct buffer *out_after)
{
    for (size_t i = 0, j = 0; i < before->count || j < after->count;) {
        const struct field *b = i < before->count ? &before->list[i] : NULL;
        const struct field *a = j < after->count ? &after->list[j] : NULL;
        int order = !b ? 1 : !a ? -1 : compare_names(b, a);
        int same = order == 0 ? same_content(b, a) : 0;
        if (same < 0 || (order <= 0 && !same && append_field(out_before, b) < 0) ||
            (order >= 0 && !same && append_field(out_after, a) < 0))
            return -1;
        i += order <= 0;
        j += order >= 0;
    }
    return finish(out_before) < 0 || finish(out_after) < 0 ? -1 : 0;
}

int diff_json(const char *before, const char *after, char **ret_before, char **ret_after, struct error *err)
{
    CLEANUP(fields_free) struct fields old = {0};
    CLEANUP(fields_free) struct fields new = {0};
    CLEANUP(buffer_free) struct buffer out_old;
    CLEANUP(buffer_free) struct buffer out_new;
    buffer_init(&out_old, SIZE_MAX);
    buffer_init(&out_new, SIZE_MAX);
    if (read_fields(&old, before) < 0 || read_fields(&new, after) < 0 ||
        merge(&old, &new, &out_old, &out_new) < 0)
        return error_memory(err);
    *ret_before = buffer_take(&out_old); /* both end with a NUL already, so that nothing is allocated here */
    *ret_after = buffer_take(&out_new);
    return 0;
}

/* Both lists are sorted by name. 1, 0, or -1 without memory. */
static int contains(const struct fields *whole, const struct fields *part)
{
    size_t i = 0;
    for (size_t j = 0; j < part->count; j++) {
        const struct field *wanted = &part->list[j];
        while (i < whole->count && compare_names(&whole->list[i], wanted) < 0)
            i++;
        bool there = i < whole->count && compare_names(&whole->list[i], wanted) == 0;
        int r = there ? same_content(&whole->list[i], wanted) : json_is_null(wanted->value);
        if (r <= 0)
            return r;
    }
    return 1;
}

int diff_contains(const char *whole, const char *part, struct error *err)
{
    CLEANUP(fields_free) struct fields all = {0};
    CLEANUP(fields_free) struct fields some = {0};
    int r = read_fields(&all, whole) < 0 || read_fields(&some, part) < 0 ? -1 : contains(&all, &some);
    return r < 0 ? error_memory(err) : r;
}
