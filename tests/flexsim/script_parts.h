/* What script.c (which rule is for a request) and script_parse.c (which words make a rule) share. */
#ifndef FLEXSIM_SCRIPT_PARTS_H
#define FLEXSIM_SCRIPT_PARTS_H

#include "script.h"

#define RULE_ANY INT64_C(-2)

struct script {
    atomic_uint references;
    struct rule *rules;
    size_t count;
};

#endif
