#include "../scratch.h"

#include "project/checksum.h"

/* From coreutils: printf 'a\nb\n' | sha256sum */
#define LF "911169ddaaf146aff539f58c26c489af3b892dff0fe283c1c264c65ae5aa59a2"
#define CRLF "58055bdcc73787eb88c78d36f0b4939e9c5dc1c3ad17e25cc85a6833cf1a0cab"
#define CRCRLF "9bbafcaae6bf6f1f6fdfe401771085f7e002e2f67137211f687eeb6941370168"
#define MIXED "953bba9ac9726eaea07e844abcf144a0afe998039257c7a88b6665819597f39d"
#define MIXED_CRLF "db44a058e58181ca1619734aea1830cb53e2d6c92acf25625f65adde6157698d"
#define CR "9d1e0e2d9459d06523ad13e28a4093c2316baafe7aec5b25f30eba2e113599c4"
#define LONE_CR "367d1c77eadc1495a7db4200f46a8b90ea1fa926282722d308c05a65098a4112"
#define LONE_CR_CRLF "2f2291ad568eae2eb34fc7c93725966d7d1d26fbcd4150a5cb968262b60d6ac1"
#define LONE_CR_CRCRLF "c9073f4dc34fcfccc1fc463c1daaa0055e4c9074787dd17dec3f4bb6784701f5"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const char *sums[CHECKSUMS];

/* NULL: as it is */
static void expect(const char *text, const char *as_it_is, const char *lf, const char *crlf)
{
    const char *const expected[CHECKSUMS] = { as_it_is, lf, crlf };

    write_file("migration.sql", text);
    assert_true(checksum_file("migration.sql", sums, scratch.arena));
    for (size_t i = 0; i < CHECKSUMS; i++) {
        assert_int_equal(sums[i] == NULL, expected[i] == NULL);
        assert_true(sums[i] == NULL || strcmp(sums[i], expected[i]) == 0);
    }
}

static void a_file_has_its_own_checksum_and_those_of_other_line_ends(void **state)
{
    (void)state;
    expect("a\nb\n", LF, NULL, CRLF);
    expect("a\r\nb\r\n", CRLF, LF, CRCRLF); /* as Prisma replaces: every LF, also one behind a CR */
    expect("a\r\nb\n", MIXED, LF, MIXED_CRLF);
    expect("\r", CR, CR, NULL);
    expect("a\rb\r\n", LONE_CR_CRLF, LONE_CR, LONE_CR_CRCRLF);
    expect("", EMPTY, NULL, NULL);
}

static void line_ends_across_the_borders_of_reading_are_seen(void **state)
{
    (void)state;
    char *text = malloc(200001);
    const char *lf[2];

    assert_non_null(text);
    for (size_t shift = 0; shift < 2; shift++) {
        memset(text, 'x', 200001);
        for (size_t i = shift; i + 1 < 200000; i += 2) {
            memcpy(text + i, "\r\n", 2);
        }
        write_bytes("migration.sql", text, 200000 + shift);
        assert_true(checksum_file("migration.sql", sums, scratch.arena));
        lf[0] = sums[1];

        size_t length = 0;

        for (size_t i = 0; i < 200000 + shift; i++) {
            if (text[i] != '\r' || text[i + 1] != '\n') {
                text[length++] = text[i];
            }
        }
        write_bytes("migration.sql", text, length);
        assert_true(checksum_file("migration.sql", sums, scratch.arena));
        lf[1] = sums[0];
        assert_string_equal(lf[0], lf[1]);
    }
    free(text);
}

static void what_is_no_regular_file_has_no_checksum(void **state)
{
    (void)state;
    assert_false(checksum_file("nowhere", sums, scratch.arena));
    assert_int_equal(errno, ENOENT);
    write_file("file", "");
    make_link("file", "link");
    assert_false(checksum_file("link", sums, scratch.arena));
    assert_int_equal(errno, ELOOP);
    write_file("folder/x", "");
    assert_false(checksum_file("folder", sums, scratch.arena));
    assert_int_equal(errno, EINVAL);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_false(checksum_file("fifo", sums, scratch.arena));
    assert_int_equal(errno, EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(a_file_has_its_own_checksum_and_those_of_other_line_ends),
        SCRATCH_TEST(line_ends_across_the_borders_of_reading_are_seen),
        SCRATCH_TEST(what_is_no_regular_file_has_no_checksum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
