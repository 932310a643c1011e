/* What of the image a boot needs, beside the database: the programs and files of its steps, its place as PID 1. */
#include "base/shell.h"
#include "config/content.h"
#include "config/simple.h"
#include "config/word.h"
#include "diagnosis.h"
#include "process/lookup.h"
#include "process/reaper.h"
#include "project/tool_command.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* NULL: not known. npx finds what it is to run as a step is found, and downloads nothing: npm_config_yes is false. Of a
 * shell's text the first command is looked at, before which no other has changed the folder. prisma@6.19.3 is called
 * prisma. */
static const char *program_of(const struct step *step, struct arena *arena)
{
    const struct simples *commands = simple_commands(step, arena);
    const struct strings *words = commands->count ? &commands->items[0].words : &step->argv;
    size_t npx = words_name(words);
    const char *started = npx + 1 < words->count && strcmp(words->items[npx], "npx") == 0 ? words->items[npx + 1] : "";

    return !*started || *started == '-' || word_is_expanded(started)
               ? (step->argv.count ? step->argv.items[0] : NULL)
               : arena_strndup(arena, started, 1 + strcspn(started + 1, "@"));
}

static void look_for_program(const struct config *config, const struct step *step, const char *program,
                             struct findings *findings)
{
    struct arena *arena = findings->arena;
    const struct tool_command command = { .step = step };
    const char *path = lookup_step_path(step->cwd, tool_command_variable(&command, config, "PATH"), arena);
    const char *word = shell_quote(program, arena);
    bool node = access(content_path(arena, step->cwd, "package.json"), F_OK) == 0;
    const char *fix = arena_printf(
        arena, "# correct the step's run, or install it in the image; what is there:\ncommand -v %s", word);

    if (lookup_finds(program, step->cwd, path, arena)) {
        return;
    }
    if (node && !strchr(program, '/')) {
        fix =
            arena_printf(arena,
                         "# npm ci --omit=dev leaves devDependencies out of the image: make it a dependency, and build "
                         "the image again\nnpm install --save %s",
                         word);
    }
    finding_add(findings, FINDING_PROGRAM_MISSING, step->name,
                arena_printf(arena, "%s is neither in PATH nor in node_modules/.bin of the step's folder or one above",
                             program),
                fix);
}

static void look_for_files(const struct step *step, struct findings *findings)
{
    struct arena *arena = findings->arena;

    for (size_t i = 0; i < step->sql.count; i++) {
        const char *path = content_path(arena, step->cwd, step->sql.items[i]);

        if (access(path, R_OK) != 0) {
            finding_add(findings, FINDING_FILE_MISSING, step->name,
                        arena_printf(arena, "%s: %s", step->sql.items[i], strerror(errno)),
                        arena_printf(arena, "ls -l %s", shell_quote(content_folder(arena, path), arena)));
        }
    }
}

static void look_at_steps(const struct config *config, const struct steps *steps, struct findings *findings)
{
    for (size_t i = 0; i < steps->count; i++) {
        const char *program = program_of(&steps->items[i], findings->arena);

        if (program) {
            look_for_program(config, &steps->items[i], program, findings);
        }
        look_for_files(&steps->items[i], findings);
    }
}

static void look_at_pid_1(const struct config *config, struct findings *findings)
{
    char name[REAPER_NAME_SIZE];

    /* In mode exec the application has taken our place. */
    if (config->app.mode == APP_SUPERVISE && reaper_name_of_pid_1(name) && strcmp(name, "pgentry") != 0) {
        finding_add(findings, FINDING_NOT_PID_1, name, NULL, NULL);
    }
}

void diagnose_image(const struct config *config, const char *program, struct findings *findings)
{
    look_at_steps(config, &config->migrate.before, findings);
    look_at_steps(config, &config->migrate.steps, findings);
    look_at_steps(config, &config->migrate.after, findings);
    if (config->migrate.steps.count == 0) {
        finding_add(findings, FINDING_NO_STEPS, "this folder", NULL,
                    arena_printf(findings->arena, "%s init --stdout", program));
    }
    look_at_pid_1(config, findings);
}
