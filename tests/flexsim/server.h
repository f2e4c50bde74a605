/*
 * The HTTP side: takes requests in, parks those that wait, hands answers out.
 */
#ifndef FLEXSIM_SERVER_H
#define FLEXSIM_SERVER_H

#include "sim.h"

struct server;

/* Whether the address is one of this machine's own. */
bool server_may_listen(const struct settings *set);

/* Listens; 0, or -1 and a text. The simulation is borrowed. */
int server_new(struct sim *s, char error[static SCRIPT_ERROR_MAX], struct server **ret);
struct server *server_free(struct server *v); /* ends every connection */

unsigned server_port(const struct server *v);

#endif
