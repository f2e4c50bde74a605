#include "absence.h"

#include <stdio.h>

#define ELSEWHERE "https://signin.example.net/f5/login"
#define HOPS_MAX  100 /* of those that were merged one after the other */

struct contact *absence_survivor(struct population *p, struct contact *c)
{
    for (int hops = 0; c && c->removed; hops++)
        c = c->merged_into && hops < HOPS_MAX ? population_at(p, c->merged_into - 1) : NULL;
    return c;
}

static void without_content(struct answer *a, unsigned status, const char *body)
{
    a->status = status;
    a->type = NULL;
    answer_body(a, blob_from_text(body));
}

static void with_code(struct answer *a)
{
    without_content(a, MHD_HTTP_NOT_FOUND,
                    "{\"exceptionCode\":\"FLEX_5000\",\"exceptionMessage\":\"Entity not found\"}");
}

static void unable_to_find(struct answer *a, const char *id)
{
    char text[128];
    (void)snprintf(text, sizeof(text), "Unable to find contact with id: %.60s", id);
    answer_error(a, MHD_HTTP_BAD_REQUEST, text);
}

static void redirect(struct answer *a)
{
    answer_gateway(a, MHD_HTTP_FOUND, "Found");
    a->location = ELSEWHERE;
}

void absence_answer(int64_t how, const char *id, struct answer *a)
{
    switch ((enum unknown)how) {
    case UNKNOWN_404:
        answer_error(a, MHD_HTTP_NOT_FOUND, "No contact with this id exists.");
        break;
    case UNKNOWN_404_CODE:
        with_code(a);
        break;
    case UNKNOWN_400:
        unable_to_find(a, id);
        break;
    case UNKNOWN_410:
        answer_error(a, MHD_HTTP_GONE, "This contact was deleted.");
        break;
    case UNKNOWN_500:
        answer_error(a, MHD_HTTP_INTERNAL_SERVER_ERROR, "An unexpected error occurred.");
        break;
    case UNKNOWN_204:
        without_content(a, MHD_HTTP_NO_CONTENT, "");
        break;
    case UNKNOWN_NULL:
        without_content(a, MHD_HTTP_OK, "null");
        break;
    case UNKNOWN_REDIRECT:
        redirect(a);
        break;
    case UNKNOWN_HTML:
        answer_gateway(a, MHD_HTTP_NOT_FOUND, "Not Found");
        break;
    }
}
