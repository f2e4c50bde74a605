#include "flexsync/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX  31 /* longer words are not like any name of ours */
#define PART_MIN  4  /* letters that one name must share with the other to be taken for a part of it */
#define PART_COST 4  /* slips of the pen come first */

static size_t min_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Letters to insert, remove, replace or swap to make one of the other (F. Damerau, 1964), case left out. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1]; /* the last three, in turn */
    size_t height = strlen(a), width = strlen(b);
    if (width > WORD_MAX || height > WORD_MAX)
        return SIZE_MAX / 2;
    for (size_t j = 0; j <= width; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= height; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *twice = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            row[j] = min_of(above[j - 1] + !same(a[i - 1], b[j - 1]), min_of(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = min_of(row[j], twice[j - 2] + 1);
        }
    }
    return rows[height % 3][width];
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

size_t suggest_slip(const char *name, const char *meant)
{
    size_t letters = distance(name, meant);
    if (letters <= tolerated(name))
        return letters;
    return is_part(name, meant) ? PART_COST : SUGGEST_NEVER;
}

void suggest_try(struct suggest *suggest, const char *meant)
{
    size_t cost = suggest_slip(suggest->name, meant);
    if (cost == SUGGEST_NEVER || (suggest->best && cost >= suggest->cost))
        return;
    suggest->best = meant;
    suggest->cost = cost;
}

const char *suggest_text(char buffer[static SUGGEST_TEXT_MAX], const struct suggest *suggest)
{
    (void)snprintf(buffer, SUGGEST_TEXT_MAX, suggest->best ? "; did you mean %s?" : "%s",
                   suggest->best ? suggest->best : "");
    return buffer;
}
