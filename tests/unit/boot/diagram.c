#include "diagram.h"

#include "boot/boot.h"

#include <ctype.h>
#include <string.h>

/* HELD_CONNECTING -> held connecting */
static void print_words(FILE *file, const char *name)
{
    for (; *name; name++) {
        (void)fputc(*name == '_' ? ' ' : tolower((unsigned char)*name), file);
    }
}

/* Mermaid's identifiers hold no blanks. */
static void print_node(FILE *file, enum boot_state state)
{
    for (const char *name = boot_state_name(state); *name; name++) {
        (void)fputc(tolower((unsigned char)*name), file);
    }
}

static bool comes_from(const struct boot_row *row, int state)
{
    return row->from >> state & 1;
}

/* What the arrow says: what a passing state asks itself, else the event. */
static const char *label(const struct boot_row *row)
{
    if (row->event != EVENT_GO) {
        return boot_event_name(row->event);
    }
    return row->guard ? row->guard_name : "else";
}

/* That a signal ends the boot is true almost everywhere, and said in words. */
static bool is_drawn(const struct boot_row *row, int from)
{
    bool leaves = row->event == EVENT_SIGNAL && row->to == STATE_ENDED;
    return row->to != STATE_SAME && (int)row->to != from && !leaves;
}

static bool said_before(const struct boot_row *row, int from)
{
    for (const struct boot_row *earlier = boot_table; earlier < row; earlier++) {
        if (comes_from(earlier, from) && earlier->to == row->to && strcmp(label(earlier), label(row)) == 0) {
            return true;
        }
    }
    return false;
}

static void print_arrow(FILE *file, int from, enum boot_state to)
{
    const char *separator = " : ";
    for (size_t i = 0; i < boot_table_rows; i++) {
        const struct boot_row *row = &boot_table[i];
        if (!comes_from(row, from) || row->to != to || !is_drawn(row, from) || said_before(row, from)) {
            continue;
        }
        if (strcmp(separator, " : ") == 0) {
            (void)fputs("    ", file);
            print_node(file, (enum boot_state)from);
            (void)fputs(" --> ", file);
            print_node(file, to);
        }
        (void)fputs(separator, file);
        print_words(file, label(row));
        separator = ", ";
    }
    if (strcmp(separator, ", ") == 0) {
        (void)fputc('\n', file);
    }
}

static void print_drawing(FILE *file)
{
    (void)fputs("```mermaid\nstateDiagram-v2\n    [*] --> new\n", file);
    for (int from = 0; from < BOOT_STATE_COUNT; from++) {
        for (int to = 0; to < BOOT_STATE_COUNT; to++) {
            print_arrow(file, from, (enum boot_state)to);
        }
    }
    (void)fputs("    ended --> [*]\n```\n", file);
}

static void print_row(FILE *file, const struct boot_row *row)
{
    const char *separator = "| ";
    for (int state = 0; state < BOOT_STATE_COUNT; state++) {
        if (comes_from(row, state)) {
            (void)fputs(separator, file);
            print_words(file, boot_state_name((enum boot_state)state));
            separator = ", ";
        }
    }
    (void)fputs(" | ", file);
    print_words(file, row->event == EVENT_GO ? "" : boot_event_name(row->event));
    (void)fputs(" | ", file);
    print_words(file, row->guard_name);
    (void)fputs(" | ", file);
    print_words(file, row->to == STATE_SAME ? "" : boot_state_name(row->to));
    (void)fprintf(file, " | %s |\n", row->sentence ? row->sentence : "");
}

void diagram_print(FILE *file)
{
    print_drawing(file);
    (void)fputs("\n| in state | comes | and | leads to | and is logged |\n|---|---|---|---|---|\n", file);
    for (size_t i = 0; i < boot_table_rows; i++) {
        print_row(file, &boot_table[i]);
    }
}
