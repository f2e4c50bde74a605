/* "Did you mean …": the name of the table that is nearest to what somebody wrote. */
#include "flexsync/config_schema.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define WORD_MAX   31 /* longer words are not like any name of ours */
#define OTHER_COST 1  /* a name of another group must be nearer by this to be suggested */
#define PART_MIN   4  /* letters that one name must share with the other to be taken for a part of it */
#define PART_COST  4  /* slips of the pen come first */

static size_t min_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters to insert, remove or replace to make one of the other (V. Levenshtein, 1966), case left out. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t width = strlen(b);
    if (width > WORD_MAX || strlen(a) > WORD_MAX)
        return SIZE_MAX / 2;
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t replaced =
                diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
            diagonal = row[j];
            row[j] = min_of(replaced, min_of(row[j], row[j - 1]) + 1);
        }
    }
    return row[width];
}

/* Up to a third of the letters may be wrong, and one always; more is not a slip but another word. */
static size_t tolerated(const char *name)
{
    size_t third = strlen(name) / 3;
    return third ? third : 1;
}

/* "db_path" and "path", "api_key" and "api_key_file". */
static bool is_part(const char *a, const char *b)
{
    return strlen(a) >= PART_MIN && strlen(b) >= PART_MIN && (strstr(a, b) || strstr(b, a));
}

/* How far the one is from the other; SIZE_MAX where nobody can have meant it. */
static size_t slip(const char *name, const char *meant)
{
    size_t letters = distance(name, meant);
    if (letters <= tolerated(name))
        return letters;
    return is_part(name, meant) ? PART_COST : SIZE_MAX;
}

const struct setting *config_schema_suggest(const char *group, const char *name)
{
    const struct setting *best = NULL;
    size_t best_cost = SIZE_MAX;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *s = &config_schema[i];
        size_t letters = slip(name, s->name);
        size_t cost = letters == SIZE_MAX || strcmp(group, s->group) == 0 ? letters : letters + OTHER_COST;
        if (cost >= best_cost)
            continue;
        best = s;
        best_cost = cost;
    }
    return best;
}

const char *config_schema_suggest_group(const char *group)
{
    const char *best = NULL;
    size_t best_cost = SIZE_MAX;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        size_t cost = slip(group, config_schema[i].group);
        if (cost >= best_cost)
            continue;
        best = config_schema[i].group;
        best_cost = cost;
    }
    return best;
}
