/* The migrations of one tool while they are collected; used by migrations.c and the files of the tools alone. */
#ifndef PROJECT_LOCAL_H
#define PROJECT_LOCAL_H

#include "config/folder.h"
#include "project/migrations.h"
#include "project/tool_command.h"

#include "config/wanted.h"

struct local {
    struct wanted *wanted;
    const struct config *config;
    const struct schema_seen *seen;
    const struct tool_command *command;
    struct arena *arena;
    size_t capacity;
    const char *doubt; /* why the tool may see something else; NULL: what was collected is what it sees */
};

/* One collector a tool: adds the migrations, and says where the ledger lies. */
void local_collect_prisma(struct local *local);
void local_collect_dbmate(struct local *local);
void local_collect_node_pg_migrate(struct local *local);
void local_collect_rails(struct local *local);

/* Keeps the first doubt. Always returns false. */
bool local_doubt(struct local *local, const char *sentence);
void local_note(struct local *local, const char *sentence);
struct wanted_migration *local_add(struct local *local, const char *name, const char *file);
/* False, with a doubt, if the folder cannot be read. */
bool local_list(struct local *local, struct folder *folder, const char *path);
/* False, with a doubt, for a symbolic link and the like. */
bool local_is_plain(struct local *local, const char *folder, const struct entry *entry);

/* The parameter that says where the ledger is, as url_parameter; twice it is a doubt. */
const char *local_url_parameter(struct local *local, const char *url_or_null, const char *name);

/* The ledger is where the session's search_path leads: in `public` unless that is changed, or the step's is another's.
 */
void local_goes_by_search_path(struct local *local);

/* Doubts if a file of settings holds one of the words outside of its comments, or is there and cannot be read. */
void local_doubt_words(struct local *local, const char *path, const char *const *words, size_t count);

#endif
