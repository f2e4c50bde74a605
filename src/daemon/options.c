#include "options.h"

#include "flexsync/config.h"
#include "flexsync/error.h"

#include <getopt.h>
#include <stdio.h>

static const char usage[] =
    "Usage: flexsyncd [OPTION]...\n"
    "Keeps a local SQLite copy of the contacts of a Flex Rental Solutions site.\n"
    "\n"
    "  -c, --config FILE  settings (default " CONFIG_DEFAULT_FILE ")\n"
    "  -t, --test         test the settings: silent and 0, or every mistake and 78\n"
    "  -T, --print        print the effective settings, without the key\n"
    "      --once         one sync, then end with its status\n"
    "  -V, --version      print the version\n"
    "  -h, --help         print this\n"
    "\n"
    "Signals: HUP reads the settings again and syncs now, USR1 writes the status to the\n"
    "log, TERM and INT end the sync that runs, with everything received stored.\n"
    "\n"
    "Example: flexsyncd -c ./flexsync.conf --once\n";

bool options_read(struct options *ret, int argc, char **argv, int *ret_status)
{
    enum { OPTION_ONCE = 256 };
    static const struct option names[] = {
        {"config", required_argument, NULL, 'c'},
        {"test", no_argument, NULL, 't'},
        {"print", no_argument, NULL, 'T'},
        {"once", no_argument, NULL, OPTION_ONCE},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    *ret = (struct options){0};
    *ret_status = EXIT_STATUS_DONE;
    while ((option = getopt_long(argc, argv, "c:tTVh", names, NULL)) != -1) {
        switch (option) {
        case 'c':
            ret->file = optarg;
            break;
        case 't':
            ret->test = true;
            break;
        case 'T':
            ret->print = true;
            break;
        case OPTION_ONCE:
            ret->once = true;
            break;
        case 'V':
            (void)printf("flexsyncd %s\n", FLEXSYNC_VERSION);
            return false;
        case 'h':
            (void)fputs(usage, stdout);
            return false;
        default:
            (void)fputs("Try: flexsyncd --help\n", stderr);
            *ret_status = error_exit_status(ERROR_USAGE);
            return false;
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr, "flexsyncd: %s: flexsyncd takes options only; try: flexsyncd --help\n",
                      argv[optind]);
        *ret_status = error_exit_status(ERROR_USAGE);
        return false;
    }
    return true;
}
