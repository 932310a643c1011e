/* The questions of `pgentry diagnose` to the server (contract section 7). A one-shot process of its own may call this:
 * everything is bounded in time, read-only, takes no lock and makes nothing. */
#ifndef DATABASE_DIAGNOSE_H
#define DATABASE_DIAGNOSE_H

#include "config/config.h"
#include "config/ledger.h"
#include "config/wanted.h"

#include "base/finding.h"

#include <stdint.h>

#define DIAGNOSE_QUESTION ((duration)5000) /* one question, as its statement_timeout */
#define DIAGNOSE_ALL ((duration)40000)     /* all questions together, connecting not included */

struct diagnosed_address {
    const char *label; /* "db:5432 (10.0.0.5)" */
    bool answers;
    const char *error; /* why it does not, or NULL */
};

/* What was learned of one of the two URLs. Strings are masked; NULL: not known. */
struct diagnosed_place {
    const char *key;      /* "database.url" */
    const char *hosts;    /* "db:5432, db2:5432" or the path of a socket */
    const char *database; /* as the server says, else as configured */
    const char *user;
    struct diagnosed_address *addresses;
    size_t address_count;
    bool connected;
    const char *address; /* the one that is connected to */
    const char *server_version;
    bool tls;
    const char *tls_version, *tls_cipher;
    bool read_only, standby;
    bool pooled;                  /* something between us and the server has sessions of its own */
    int64_t connect_us, trip_us;  /* to connect; the fastest of a few round trips */
    const char *sqlstate, *error; /* why it is not connected */
};

struct diagnosis {
    struct findings *findings;
    struct diagnosed_place url;
    struct diagnosed_place direct; /* key NULL: there is only one place */
    bool connected;                /* to database.url */
    bool unseen[SECTIONS];         /* a question was not answered: that nothing was found in it means nothing */
    struct check check;            /* meaningful if `checked` */
    bool checked;
    struct ledger ledger;
    const char *no_history; /* why no history is read at all, as the end of "not looked at: "; NULL: one is */
};

struct diagnose_request {
    const struct config *config;
    const struct wanted *wanted;
    const char *sync;    /* the command that migrates; where this container does not: who has to, and what then */
    const char *program; /* how pgentry is called again: "pgentry", "pgentry -c FILE" */
};

/* Fills *diagnosis, whose findings the caller made. Forks a child for each look-up of names, which may hang. */
void diagnose_database(const struct diagnose_request *request, struct diagnosis *diagnosis, struct arena *arena);

/* Adds what is known of an error code to the findings, once; nothing for one that is not known. `where` says where it
 * was met, `migration` which one failed (NULL: none, or not known). */
void diagnose_code(struct findings *findings, const char *code, const char *where, const char *migration);

#endif
