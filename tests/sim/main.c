/* sim: the boot machine in worlds drawn from seeds. See README.md beside this file. */
#include "world.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PLANT_SEEDS 20000 /* within so many seeds every planted bug must be caught */

static struct world world;
static unsigned taken[BOOT_ROWS_MAX];

struct options {
    uint64_t from, count;
    bool one, story, shrink, planted, rows;
    uint32_t faults;
    unsigned replicas;
    const char *plant;
};

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- one seed ---- */

#define WORLD_SECONDS 30 /* a world takes milliseconds; this one loops inside one event */

static void endless(int signal)
{
    (void)signal;
    (void)dprintf(STDOUT_FILENO, "seed %llu never ends\n", (unsigned long long)world.scenario.seed);
    _exit(1);
}

static bool run(uint64_t seed, const struct options *options)
{
    struct scenario scenario;
    scenario_draw(&scenario, seed);
    if (options->replicas && options->replicas < scenario.replicas) {
        scenario.replicas = options->replicas;
        for (unsigned i = 0; i < scenario.fault_count; i++) {
            scenario.faults[i].replica %= scenario.replicas;
        }
    }
    world.faults_kept = options->faults;
    world.story = options->story;
    if (options->story) {
        story_scenario(&scenario, options->faults);
    }
    (void)alarm(WORLD_SECONDS);
    return world_run(&world, &scenario);
}

/* Fewest replicas, then fewest faults, that still fail. */
static void shrink(struct options *options, uint64_t seed)
{
    struct scenario scenario;
    scenario_draw(&scenario, seed);
    options->story = false;
    for (unsigned replicas = 1; replicas <= scenario.replicas; replicas++) {
        options->replicas = replicas;
        if (!run(seed, options)) {
            break;
        }
    }
    for (unsigned i = 0; i < scenario.fault_count; i++) {
        struct options without = *options;
        without.faults &= ~(1U << i);
        if (!run(seed, &without)) {
            *options = without;
        }
    }
    options->faults &= (uint32_t)((UINT64_C(1) << scenario.fault_count) - 1);
}

static void print_replay(const struct options *options, uint64_t seed)
{
    printf("replay: sim --seed %llu --replicas %u --faults 0x%x", (unsigned long long)seed, options->replicas,
           options->faults);
    if (options->plant) {
        printf(" --plant %s", options->plant);
    }
    printf(" --story\n");
}

/* ---- many seeds ---- */

static bool run_many(struct options *options)
{
    double began = seconds();
    uint64_t boots = 0, events = 0;
    for (uint64_t seed = options->from; seed < options->from + options->count; seed++) {
        if (!run(seed, options)) {
            printf("seed %llu: %s\n", (unsigned long long)seed, world.violation);
            shrink(options, seed);
            print_replay(options, seed);
            return false;
        }
        boots += world.boots;
        events += world.events;
    }
    double took = seconds() - began;
    printf("%llu worlds, %llu boots, %llu events, no violation; %.1f s, %.0f boots a second\n",
           (unsigned long long)options->count, (unsigned long long)boots, (unsigned long long)events, took,
           (double)boots / took);
    return true;
}

static bool run_one(struct options *options)
{
    if (options->shrink) {
        if (run(options->from, options)) {
            printf("seed %llu: no violation\n", (unsigned long long)options->from);
            return true;
        }
        shrink(options, options->from);
        print_replay(options, options->from);
        options->story = true;
    }
    bool good = run(options->from, options);
    printf("seed %llu: %s\n", (unsigned long long)options->from, good ? "no violation" : world.violation);
    return good;
}

/* A row that no world ever takes is proven by nothing here. */
static bool print_rows(void)
{
    unsigned missed = 0;
    for (size_t i = 0; i < boot_table_rows; i++) {
        const struct boot_row *row = &boot_table[i];
        if (!taken[i]) {
            missed++;
            printf("never taken: row %zu, %s [%s] -> %s\n", i, boot_event_name(row->event), row->guard_name,
                   boot_state_name(row->to));
        }
    }
    printf("%zu of %zu rows were taken\n", boot_table_rows - missed, boot_table_rows);
    return missed == 0;
}

/* ---- planted bugs ---- */

static struct boot_row altered[BOOT_ROWS_MAX];

static bool plant(const struct plant *bug)
{
    memcpy(altered, boot_table, boot_table_rows * sizeof boot_table[0]);
    world.table = altered;
    return bug->alter(altered) > 0;
}

/* The seed that catches it, or 0. */
static uint64_t hunt(const struct plant *bug, const struct options *options)
{
    struct options hunting = *options;
    hunting.plant = bug->name;
    for (uint64_t seed = 1; seed <= PLANT_SEEDS; seed++) {
        if (!run(seed, &hunting)) {
            return seed;
        }
    }
    return 0;
}

static bool run_planted(const struct options *options)
{
    size_t caught = 0;
    for (size_t i = 0; i < plant_count; i++) {
        if (!plant(&plants[i])) {
            printf("%-28s is not in the table any more: no row to alter\n", plants[i].name);
            continue;
        }
        uint64_t seed = hunt(&plants[i], options);
        caught += seed > 0;
        if (seed) {
            printf("%-28s caught by seed %-5llu %s\n", plants[i].name, (unsigned long long)seed, world.violation);
        } else {
            printf("%-28s NOT CAUGHT in %d seeds: %s\n", plants[i].name, PLANT_SEEDS, plants[i].sentence);
        }
    }
    printf("%zu of %zu planted bugs were caught\n", caught, plant_count);
    return caught == plant_count;
}

static bool plant_named(const char *name)
{
    for (size_t i = 0; i < plant_count; i++) {
        if (strcmp(plants[i].name, name) == 0) {
            return plant(&plants[i]);
        }
    }
    return false;
}

/* ---- arguments ---- */

static int usage(void)
{
    (void)fprintf(stderr, "usage: sim [--seeds FROM COUNT] [--rows] [--plant NAME]\n"
                          "       sim --seed N [--story] [--replicas K] [--faults MASK] [--plant NAME]\n"
                          "       sim --shrink N [--plant NAME]\n"
                          "       sim --planted\n");
    return 64;
}

static bool number(const char *text, uint64_t *value)
{
    char *end = NULL;
    errno = 0;
    *value = text ? strtoull(text, &end, 0) : 0;
    return text && *text && *end == '\0' && errno == 0;
}

static bool parse(char **arguments, struct options *options)
{
    uint64_t value = 0;
    for (char **at = arguments; *at; at++) {
        if (strcmp(*at, "--story") == 0) {
            options->story = true;
        } else if (strcmp(*at, "--planted") == 0) {
            options->planted = true;
        } else if (strcmp(*at, "--rows") == 0) {
            options->rows = true;
        } else if (strcmp(*at, "--plant") == 0 && at[1]) {
            options->plant = *++at;
        } else if (strcmp(*at, "--seeds") == 0 && at[1] && number(at[1], &options->from) &&
                   number(at[2], &options->count)) {
            at += 2;
        } else if ((strcmp(*at, "--seed") == 0 || strcmp(*at, "--shrink") == 0) && number(at[1], &options->from)) {
            options->one = true;
            options->shrink = strcmp(*at, "--shrink") == 0;
            at++;
        } else if (strcmp(*at, "--replicas") == 0 && number(at[1], &value)) {
            options->replicas = (unsigned)value;
            at++;
        } else if (strcmp(*at, "--faults") == 0 && number(at[1], &value)) {
            options->faults = (uint32_t)value;
            at++;
        } else {
            return false;
        }
    }
    return true;
}

int main(int count, char **arguments)
{
    struct options options = { .from = 1, .count = 20000, .faults = UINT32_MAX };
    bool good;

    (void)count;
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    (void)signal(SIGALRM, endless);
    if (!parse(arguments + 1, &options) || (options.plant && !plant_named(options.plant))) {
        return usage();
    }
    if (options.rows) {
        world.taken = taken;
    }
    if (options.planted) {
        good = run_planted(&options);
    } else if (options.one) {
        good = run_one(&options);
    } else {
        good = run_many(&options);
    }
    if (options.rows) {
        good = print_rows() && good;
    }
    return good ? 0 : 1;
}
