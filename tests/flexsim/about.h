/*
 * What the site says about itself and about the user of the key: /user-profile/current-user and the OpenAPI
 * document.
 */
#ifndef FLEXSIM_ABOUT_H
#define FLEXSIM_ABOUT_H

#include "answer.h"
#include "settings.h"

void about_profile(const struct settings *set, struct answer *a);

/* `old`: asked for at the address of older sites. Its paths lack the prefix /f5. */
void about_api_docs(const struct settings *set, bool old, struct answer *a);

#endif
