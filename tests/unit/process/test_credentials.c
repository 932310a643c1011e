#include "process/credentials.h"

#include "base/duration.h"
#include "base/mask.h"
#include "child.h"

#include <dlfcn.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define STRANGER 54321 /* a uid without passwd entry */

static struct credentials credentials;
static struct error error;

static bool unanswered; /* a name service that is asked for groups */

/* Takes the place of the C library's. */
int getgrouplist(const char *user, gid_t group, gid_t *groups, int *count)
{
    int (*real)(const char *user, gid_t group, gid_t *groups, int *count);
    void *symbol = dlsym(RTLD_NEXT, "getgrouplist");

    (void)alarm(30); /* nobody may end us */
    while (unanswered) {
        (void)pause();
    }
    (void)alarm(0);
    memcpy(&real, &symbol, sizeof real);
    return real(user, group, groups, count);
}

static void need_root(void)
{
    if (geteuid() != 0) {
        skip();
    }
}

static void assert_refused(const char *user, const char *message)
{
    memset(&error, 0, sizeof error);
    assert_false(credentials_find(user, &credentials, &error));
    assert_string_equal(error.message, message);
    assert_int_equal(error.status, STATUS_CONFIG);
}

static void no_user_means_no_change(void **state)
{
    (void)state;
    assert_true(credentials_find("", &credentials, &error));
    assert_false(credentials.change);
    assert_int_equal(credentials_take(&credentials), 0);
}

static void what_may_come_from_a_secret_s_file_is_not_shown(void **state)
{
    char name[300];

    (void)state;
    mask_add("n0tshown");
    assert_refused("n0tshown", "app.user: no user \"***\"");
    assert_refused("0:n0tshown", "app.user: no group \"***\"");
    assert_refused(":n0tshown", "app.user: \":***\" is no user");
    (void)snprintf(name, sizeof name, "%*s", (int)sizeof name - 1, "n0tshown");
    assert_refused(name, "app.user: \"…\" is no user");
    mask_wipe();
}

static void what_is_no_user_is_refused(void **state)
{
    static char name[1000];

    (void)state;
    memset(name, 'n', sizeof name - 1);
    assert_refused(":", "app.user: \":\" is no user");
    assert_refused(":1", "app.user: \":1\" is no user");
    assert_refused("1:", "app.user: \"1:\" is no user");
    assert_refused("no-such-user", "app.user: no user \"no-such-user\"");
    assert_refused("-1", "app.user: no user \"-1\"");
    assert_refused("4294967295:1", "app.user: no user \"4294967295\"");
    assert_refused("1:4294967295", "app.user: no group \"4294967295\"");
    assert_refused("99999999999999999999:1", "app.user: no user \"99999999999999999999\"");
    assert_refused("1:no-such-group", "app.user: no group \"no-such-group\"");
    assert_refused("1:2:3", "app.user: no group \"2:3\"");
    assert_false(credentials_find(name, &credentials, &error));
}

static void a_uid_without_entry_needs_its_group(void **state)
{
    (void)state;
    assert_refused("54321", "app.user: uid 54321 has no passwd entry that tells its group");
    assert_string_equal(error.hint, "give the group too: 54321:54321");
}

static void a_name_service_that_does_not_answer_is_not_waited_for(void **state)
{
    instant began = clock_now();

    (void)state;
    unanswered = true;
    (void)alarm(30); /* where it is waited for */
    assert_refused("nobody", "app.user: nobody tells within 5 s who \"nobody\" is");
    (void)alarm(0);
    unanswered = false;
    assert_string_equal(error.hint, "give numbers, which need no look-up: uid:gid");
    assert_in_range(clock_now() - began, 4900, 20000);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left who asks */
}

static void who_a_name_is_is_asked_once(void **state)
{
    (void)state;
    assert_int_equal(credentials_find("root", &credentials, &error), geteuid() == 0);
    unanswered = true;
    bool found = credentials_find("root", &credentials, &error);
    unanswered = false;
    assert_int_equal(found, geteuid() == 0);
}

static int as_stranger(void)
{
    char text[64];

    CHECK(setgroups(0, NULL) == 0 && setgid(STRANGER) == 0 && setuid(STRANGER) == 0);
    (void)snprintf(text, sizeof text, "%d:%d", STRANGER, STRANGER);
    CHECK(credentials_find(text, &credentials, &error) && !credentials.change); /* that is who we are */
    CHECK(credentials_take(&credentials) == 0);
    CHECK(!credentials_find("0:0", &credentials, &error) && error.status == STATUS_CONFIG);
    CHECK(strcmp(error.message, "app.user: cannot become uid 0, gid 0 as uid 54321: Operation not permitted") == 0);
    CHECK(!credentials_find("54321:1", &credentials, &error) && error.status == STATUS_CONFIG);
    CHECK(!credentials_find("1:54321", &credentials, &error) && error.status == STATUS_CONFIG);
    return 0;
}

static void without_rights_only_who_we_are_is_possible(void **state)
{
    (void)state;
    need_root();
    assert_holds(as_stranger);
}

static int without_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    const struct __user_cap_data_struct none[2] = { { 0 } };

    CHECK(syscall(SYS_capset, &header, none) == 0);
    CHECK(!credentials_find("1:1", &credentials, &error) && error.status == STATUS_CONFIG);
    CHECK(credentials_find("0:0", &credentials, &error) && !credentials.change);
    return 0;
}

static void root_without_its_capabilities_is_refused_before_anything_is_touched(void **state)
{
    (void)state;
    need_root();
    assert_holds(without_capabilities);
}

static int capabilities_left(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct sets[2];

    CHECK(syscall(SYS_capget, &header, sets) == 0);
    for (int i = 0; i < 2; i++) {
        CHECK((sets[i].effective | sets[i].permitted | sets[i].inheritable) == 0);
    }
    CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_SETUID, 0, 0) == 0);
    return 0;
}

static int take_stranger(void)
{
    gid_t groups[8];
    uid_t uid[3];
    gid_t gid[3];

    CHECK(credentials_find("54321:54322", &credentials, &error) && credentials.change);
    CHECK(credentials_take(&credentials) == 0);
    CHECK(getresuid(&uid[0], &uid[1], &uid[2]) == 0 && getresgid(&gid[0], &gid[1], &gid[2]) == 0);
    for (int i = 0; i < 3; i++) {
        CHECK(uid[i] == STRANGER && gid[i] == STRANGER + 1);
    }
    CHECK(getgroups(8, groups) == 1 && groups[0] == STRANGER + 1);
    CHECK(setuid(0) < 0 && seteuid(0) < 0 && setgid(0) < 0 && setgroups(0, NULL) < 0);
    return capabilities_left();
}

static void all_ids_are_changed_with_no_way_back(void **state)
{
    (void)state;
    need_root();
    assert_holds(take_stranger);
}

static int take_with_capabilities_that_would_stay(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct sets[2];

    CHECK(syscall(SYS_capget, &header, sets) == 0);
    sets[0].inheritable = sets[0].permitted;
    CHECK(syscall(SYS_capset, &header, sets) == 0);
    CHECK(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) == 0);
    CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SETUID, 0, 0) == 0);
    return take_stranger();
}

static void capabilities_that_a_change_of_uid_leaves_are_dropped(void **state)
{
    (void)state;
    need_root();
    assert_holds(take_with_capabilities_that_would_stay);
}

/* The first passwd entry but root's, and its groups as the C library lists them. */
static int take_by_name(void)
{
    const struct passwd *entry;
    gid_t expected[CREDENTIALS_GROUPS], groups[CREDENTIALS_GROUPS];
    int count = CREDENTIALS_GROUPS;
    char number[32];

    while ((entry = getpwent()) != NULL && entry->pw_uid == 0) {
    }
    CHECK(entry && getgrouplist(entry->pw_name, entry->pw_gid, expected, &count) >= 0);
    (void)snprintf(number, sizeof number, "%u", entry->pw_uid);

    struct passwd user = *entry;
    struct credentials by_number;

    CHECK(credentials_find(number, &by_number, &error));
    CHECK(credentials_find(user.pw_name, &credentials, &error));
    CHECK(memcmp(&by_number, &credentials, sizeof credentials) == 0);
    CHECK(credentials_take(&credentials) == 0 && getuid() == user.pw_uid && getgid() == user.pw_gid);
    CHECK(getgroups(CREDENTIALS_GROUPS, groups) == count);
    return 0;
}

static void a_name_and_its_uid_give_the_same_with_supplementary_groups(void **state)
{
    (void)state;
    need_root();
    assert_holds(take_by_name);
}

static int take_name_and_group(void)
{
    CHECK(credentials_find("daemon:daemon", &credentials, &error) && credentials_take(&credentials) == 0);
    CHECK(getgroups(0, NULL) == 1 && getgid() == getgrnam("daemon")->gr_gid);
    return 0;
}

static void a_group_may_be_named_and_is_then_the_only_one(void **state)
{
    (void)state;
    need_root();
    if (!getpwnam("daemon")) {
        skip();
    }
    assert_holds(take_name_and_group);
}

static void too_many_processes_is_71(void **state)
{
    (void)state;
    credentials.uid = STRANGER;
    assert_false(credentials_error(&credentials, EAGAIN, &error));
    assert_int_equal(error.status, STATUS_RESOURCE);
    assert_string_equal(error.message, "app.user: uid 54321 may have no more processes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_user_means_no_change),
        cmocka_unit_test(what_may_come_from_a_secret_s_file_is_not_shown),
        cmocka_unit_test(what_is_no_user_is_refused),
        cmocka_unit_test(a_uid_without_entry_needs_its_group),
        cmocka_unit_test(a_name_service_that_does_not_answer_is_not_waited_for),
        cmocka_unit_test(who_a_name_is_is_asked_once),
        cmocka_unit_test(without_rights_only_who_we_are_is_possible),
        cmocka_unit_test(root_without_its_capabilities_is_refused_before_anything_is_touched),
        cmocka_unit_test(all_ids_are_changed_with_no_way_back),
        cmocka_unit_test(capabilities_that_a_change_of_uid_leaves_are_dropped),
        cmocka_unit_test(a_name_and_its_uid_give_the_same_with_supplementary_groups),
        cmocka_unit_test(a_group_may_be_named_and_is_then_the_only_one),
        cmocka_unit_test(too_many_processes_is_71),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
