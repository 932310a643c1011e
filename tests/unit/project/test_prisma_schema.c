#include "../scratch.h"

#include "project/prisma_schema.h"
#include "project/prisma_syntax.h"

static struct prisma_schema schema;
static struct error error;

static bool parse_bytes(const char *text, size_t length)
{
    memset(&error, 0, sizeof error);
    return prisma_schema_parse(&schema, "schema.prisma", text, length, "public", scratch.arena, &error);
}

static bool parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static char *with(const char *text, const char *kind, const char *space, const char *name, const struct strings *parts)
{
    char *more = arena_printf(scratch.arena, "%s%s%s%s.%s(", text, *text ? " " : "", kind, space, name);

    for (size_t i = 0; i < parts->count; i++) {
        more = arena_printf(scratch.arena, "%s%s%s", more, i ? "," : "", parts->items[i]);
    }
    return arena_printf(scratch.arena, "%s)", more);
}

/* "public.A(id,x) public._AToB(A,B) enum public.E(X,Y)" */
static const char *tables(void)
{
    char *text = arena_strdup(scratch.arena, "");

    for (size_t i = 0; i < schema.table_count; i++) {
        const struct wanted_table *table = &schema.tables[i];

        text = with(text, "", table->schema, table->name, &table->columns);
    }
    for (size_t i = 0; i < schema.enum_count; i++) {
        const struct wanted_type *type = &schema.enums[i];

        text = with(text, "enum ", type->schema, type->name, &type->values);
    }
    return text;
}

static void expect(const char *text, const char *expected)
{
    if (!parse(text)) {
        fail_msg("%s", error.message);
    }
    assert_string_equal(tables(), expected);
    assert_int_equal(schema.notes.count, 0);
}

static void refuse(const char *text, const char *message)
{
    if (parse(text)) {
        fail_msg("taken as %s: %s", tables(), text);
    }
    assert_string_equal(error.message, message);
    assert_int_equal(error.status, STATUS_SCHEMA);
}

#define ID "  id Int @id\n"

static void models_enums_and_scalar_fields_are_read(void **state)
{
    (void)state;
    expect("datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}\n"
           "generator client {\n  provider = \"prisma-client-js\"\n  previewFeatures = [\"views\"]\n}\n"
           "model User {\n" ID "  email String? @unique @db.VarChar(255)\n  role Role @default(USER)\n"
           "  tags String[] @default([])\n  roles Role[]\n  b BigInt\n  c Bytes\n  d Decimal\n  e Json\n  f DateTime\n"
           "  g Float\n  h Boolean\n  @@index([email(ops: raw(\"x y\"))], type: Gin, map: \"i\")\n  @@id([id, b])\n}\n"
           "enum Role {\n  USER @map(\"user\")\n  ADMIN // the boss\n}\n",
           "public.User(id,email,role,tags,roles,b,c,d,e,f,g,h) enum public.Role(user,ADMIN)");
    assert_string_equal(schema.provider, "postgresql");
    assert_true(prisma_schema_is_postgres(&schema));
}

static void what_a_client_is_generated_from_is_kept(void **state)
{
    (void)state;
    assert_true(parse("enum E {\n A\n B @map(\"b\")\n}\nmodel M {\n id Int @id\n s String?\n l E[]\n}\n"));
    assert_int_equal(schema.block_count, 2);

    const struct syntax_block *values = &schema.blocks[0], *model = &schema.blocks[1];

    assert_int_equal(values->field_count, 2);
    assert_string_equal(values->fields[1].name, "B");
    assert_string_equal(values->fields[1].map, "b");
    assert_int_equal(model->field_count, 3);
    assert_false(model->fields[0].optional);
    assert_true(model->fields[1].optional);
    assert_true(model->fields[2].list);
    assert_string_equal(tables(), "public.M(id,s,l) enum public.E(A,b)");
}

static void the_generator_of_the_client_is_found_among_others(void **state)
{
    (void)state;
    expect("generator docs {\n  provider = \"prisma-docs\"\n  output = \"docs\"\n}\n"
           "generator client {\n  provider = \"prisma-client-js\"\n  output = \"../generated\" // here\n}\n"
           "generator second {\n  provider = \"prisma-client\"\n  output = env(\"OUTPUT\")\n}\n",
           "");
    assert_string_equal(schema.client_provider, "prisma-client-js");
    assert_string_equal(schema.client_output, "../generated");
    assert_string_equal(schema.client_file, "schema.prisma");
    expect("generator docs {\n  provider = \"prisma-docs\"\n}\n", "");
    assert_null(schema.client_provider);
}

static void names_are_mapped_in_every_spelling(void **state)
{
    (void)state;
    expect("model A {\n" ID "  a Int @map(\"aa\")\n  b Int @map(name: \"bb\")\n  c Int @ map ( \"cc\" )\n"
           "  d Int @default(1) @map(\"dd\") @db.SmallInt\n  e Int @map(name : \"ee\" )\n  @@ map(\"as\")\n}\n"
           "model B {\n" ID "  @@map( \"bs\" )\n}\nmodel C {\n" ID "  @@map(name: \"cs\")\n}\n"
           "enum E {\n  X\n  @@map(\"e_s\")\n}\n",
           "public.as(id,aa,bb,cc,dd,ee) public.bs(id) public.cs(id) enum public.e_s(X)");
}

static void strings_have_json_escapes_braces_and_slashes(void **state)
{
    (void)state;
    expect("model A {\n" ID "  a Int @map(\"x\\u00e9\\\"\\\\\\/{}//\")\n  b String @default(\"}\")\n"
           "  c String @default(\"/* \\n\")\n  @@map(\"\\ud83d\\ude00\")\n}\n",
           "public.\xf0\x9f\x98\x80(id,x\xc3\xa9\"\\/{}//,b,c)");
}

static void an_empty_name_maps_nothing(void **state)
{
    (void)state;
    expect("model A {\n" ID "  a Int @map(\"\")\n  @@map(\"\")\n}\n", "public.A(id,a)");
}

static void a_schema_is_named_by_an_attribute_and_has_a_default(void **state)
{
    (void)state;
    expect("model A {\n" ID "  @@schema(\"auth\")\n}\nmodel B {\n" ID "}\nenum E {\n  X\n  @@schema(\"auth\")\n}\n",
           "auth.A(id) public.B(id) enum auth.E(X)");
    static const char b[] = "model B {\n" ID "}\n";

    assert_true(prisma_schema_parse(&schema, "x", b, sizeof b - 1, "app", scratch.arena, &error));
    assert_string_equal(tables(), "app.B(id)");
}

static void ignored_tables_columns_and_unsupported_types_exist(void **state)
{
    (void)state;
    expect("model A {\n" ID "  a Int @ignore\n  b Unsupported(\"point{//\")?\n  c Unsupported(\"x\")[]\n}\n"
           "model B {\n" ID "  @@ignore\n}\n",
           "public.A(id,a,b,c) public.B(id)");
}

static void views_and_relations_to_them_are_not_in_the_database(void **state)
{
    (void)state;
    expect("model A {\n" ID
           "  v V?\n  vid Int\n}\nview V {\n  id Int @unique\n  a A @relation(fields: [id], references: "
           "[id])\n}\n",
           "public.A(id,vid)");
}

static void relation_fields_are_no_columns(void **state)
{
    (void)state;
    expect("model User {\n" ID "  posts Post[]\n  profile Profile?\n}\n"
           "model Post {\n" ID "  authorId Int @map(\"author_id\")\n"
           "  author User @relation(fields: [authorId], references: [id], onDelete: Cascade, map: \"fk\")\n}\n"
           "model Profile {\n" ID "  user User @relation(\"x\", fields: [id], references: [id])\n}\n",
           "public.User(id) public.Post(id,author_id) public.Profile(id)");
    expect("model A {\n" ID "  b B[]\n  c C[]\n}\nmodel B {\n" ID "  a A @relation(fields: [id], references: [id])\n}\n"
           "model C {\n" ID "  a A @relation(fields: [id], references: [id])\n}\n",
           "public.A(id) public.B(id) public.C(id)");
}

static void two_lists_of_one_enum_are_columns_and_no_relation(void **state)
{
    (void)state;
    expect("model A {\n" ID "  roles E[]\n  former E[]\n}\nenum E {\n  X\n}\n",
           "public.A(id,roles,former) enum public.E(X)");
}

static void lists_on_both_sides_are_a_table_named_after_the_models_in_order(void **state)
{
    (void)state;
    expect("model Post {\n" ID "  tags Category[]\n}\nmodel Category {\n" ID "  posts Post[]\n}\n",
           "public.Post(id) public.Category(id) public._CategoryToPost(A,B)");
    /* by bytes, as Prisma orders them; by the models' names, not their tables' */
    expect("model a {\n" ID "  z Z[]\n  @@map(\"AA\")\n}\nmodel Z {\n" ID "  a a[]\n}\n",
           "public.AA(id) public.Z(id) public._ZToa(A,B)");
}

static void an_explicit_relation_name_may_hold_spaces(void **state)
{
    (void)state;
    expect("model A {\n" ID "  b B[] @relation(\"my rel\")\n  c B[] @relation(name: \"other\")\n}\n"
           "model B {\n" ID "  a A[] @relation(name: \"my rel\")\n  d A[] @relation(\"other\")\n}\n",
           "public.A(id) public.B(id) public._my rel(A,B) public._other(A,B)");
}

static void a_model_may_be_related_to_itself(void **state)
{
    (void)state;
    expect("model User {\n" ID "  friends User[] @relation(\"F\")\n  friendsOf User[] @relation(\"F\")\n"
           "  bossId Int?\n  boss User? @relation(\"B\", fields: [bossId], references: [id])\n"
           "  team User[] @relation(\"B\")\n}\n",
           "public.User(id,bossId) public._F(A,B)");
}

static void the_table_of_a_relation_lies_in_the_first_models_schema(void **state)
{
    (void)state;
    expect("model B {\n" ID "  a A[]\n  @@schema(\"y\")\n}\nmodel A {\n" ID "  b B[]\n  @@schema(\"x\")\n}\n",
           "y.B(id) x.A(id) x._AToB(A,B)");
}

static void an_ignored_relation_has_its_table_too(void **state)
{
    (void)state;
    expect("model A {\n" ID "  b B[] @ignore\n}\nmodel B {\n" ID "  a A[]\n  @@ignore\n}\n",
           "public.A(id) public.B(id) public._AToB(A,B)");
}

static void keywords_are_field_names_too(void **state)
{
    (void)state;
    expect("model A {\n" ID "  type String\n  view Int\n  model Int\n  enum String\n  datasource Int\n  map Int\n}\n",
           "public.A(id,type,view,model,enum,datasource,map)");
}

static void comments_are_passed_over_wherever_they_stand(void **state)
{
    (void)state;
    expect("// model X {\n/// doc /* not open\n/* model Y {\n } */ model A { // here\n" ID
           "  /* } */ a Int /* x */ @map(\"b\") // c Int\n  // d Int\n  /// /* e Int\n  f Int // {\n"
           "  /*\n  g Int\n  */\n} // end\n/* a /* b */\nmodel B /* x */ {\n" ID "}\n",
           "public.A(id,b,f) public.B(id)");
}

static void what_stands_behind_the_opening_brace_is_ignored(void **state)
{
    (void)state;
    expect("model A { foo Int } bar\n" ID "}\nmodel B{//\n" ID "}\nmodel C { \"unclosed\n" ID "}\n"
           "model D { /* no comment\n" ID "}\n",
           "public.A(id) public.B(id) public.C(id) public.D(id)");
}

static void another_block_may_follow_on_the_line_of_a_closing_brace(void **state)
{
    (void)state;
    expect("model A {\n" ID "} model B {\n" ID "}enum E {\n  X\n}", "public.A(id) public.B(id) enum public.E(X)");
}

static void all_line_ends_and_blanks_are_known(void **state)
{
    (void)state;
    expect("model A {\r\n  id Int @id\r\n}\r\n", "public.A(id)");
    expect("model A {\r  id Int @id\r  b Int\r}\r", "public.A(id,b)");
    expect("model\u00a0A\u3000{\n\u00a0\tid\u2003Int\u202f@id\n}\n", "public.A(id)");
    expect("\xef\xbb\xbfmodel A {\n" ID "}", "public.A(id)");
    expect("model\tA{\n\tid\tInt\t@id\n\ttags String [ ] \n\tx Int ?\n}\n", "public.A(id,tags,x)");
    expect("", "");
}

static void names_are_cut_where_postgresql_cuts_them(void **state)
{
    static const char ten[] = "abcdefghij";
    char name[100] = "";
    char text[1000];
    char expected[1000];

    (void)state;
    for (int i = 0; i < 7; i++) {
        strcat(name, ten);
    }
    (void)snprintf(text, sizeof text,
                   "model %s {\n" ID "  c Int @map(\"%.62s\u00e9\")\n  x B[]\n}\nmodel B {\n" ID
                   "  y %s[]\n}\nenum E {\n  X\n  @@map(\"%s\")\n}\n",
                   name, name, name, name);
    (void)snprintf(expected, sizeof expected,
                   "public.%.63s(id,%.62s) public.B(id) public._BTo%.59s(A,B) enum public.%.63s(X)", name, name, name,
                   name);
    expect(text, expected);
}

static void blocks_of_unknown_kinds_are_skipped_with_a_note(void **state)
{
    (void)state;
    assert_true(parse("policy P on A {\n  x { y }\n  z \"}\" // }\n}\ntypes {\n  a\n}\nmodel A {\n" ID "}\n"));
    assert_string_equal(tables(), "public.A(id)");
    assert_int_equal(schema.notes.count, 2);
    assert_string_equal(schema.notes.items[0], "schema.prisma:1:1: a block of kind policy is not understood");
    assert_string_equal(schema.notes.items[1], "schema.prisma:5:1: a block of kind types is not understood");
}

static void unknown_attributes_and_what_follows_a_type_are_skipped(void **state)
{
    (void)state;
    expect("model A {\n" ID "  a Int @new(x: { map: \"no\" }, [1, {}]) @map(\"aa\")\n  b Int = 5 %\n"
           "  @@newer([a], where: { b: null })\n  @@check(raw(\"a > 0\"), map: \"no\")\n  @@x.y.map(\"no\")\n}\n",
           "public.A(id,aa,b)");
    expect("model A {\n" ID "  @@index([\n    id,\n  ])\n}\n", "public.A(id)");
}

static void a_type_that_is_not_known_is_no_column_but_a_note(void **state)
{
    (void)state;
    assert_true(parse("model A {\n" ID "  p Vector @map(\"pp\")\n}\n"));
    assert_string_equal(tables(), "public.A(id)");
    assert_int_equal(schema.notes.count, 1);
    assert_string_equal(schema.notes.items[0],
                        "schema.prisma:3:5: type Vector is not known, column pp of A is not verified");
}

static void notes_are_bounded(void **state)
{
    char text[4096] = "";

    (void)state;
    for (int i = 0; i < 100; i++) {
        strcat(text, "new x {\n}\n");
    }
    assert_true(parse(text));
    assert_int_equal(schema.notes.count, 20);
}

static void a_broken_file_is_named_with_line_and_column(void **state)
{
    (void)state;
    refuse("model A {\n" ID, "schema.prisma:1:9: the block A is not closed");
    refuse("model A {\n" ID "  !x\n}\n", "schema.prisma:3:3: neither a field nor an attribute nor a comment");
    refuse("model A {\n" ID "  x\n}\n", "schema.prisma:3:4: the type of field x is missing");
    refuse("model A {\n" ID "  x: Int\n}\n", "schema.prisma:3:4: the type of field x is missing");
    refuse("model A {\n" ID "  x [Int]\n}\n", "schema.prisma:3:5: the type of field x is missing");
    refuse("model A {\n  id Int @id }\n", "schema.prisma:2:14: a } belongs on another line");
    refuse("model A { id Int @id }\nmodel B {\n}\n", "schema.prisma:2:9: a { belongs on another line");
    refuse("model A\n{\n" ID "}\n", "schema.prisma:1:8: model A: a { is expected on this line");
    refuse("model {\n" ID "}\n", "schema.prisma:1:7: the name of the model is missing");
    refuse("model A {\n" ID "  x Int @map(\"a)\n}\n", "schema.prisma:3:14: this string does not end on its line");
    refuse("model A {\n" ID "  x Int @map(\"a\\x\")\n}\n", "schema.prisma:3:16: unknown escape in a string");
    refuse("model A {\n" ID "  x Int @map(\"\\u0000\")\n}\n", "schema.prisma:3:15: unknown escape in a string");
    refuse("model A {\n" ID "  x Int @map(\"\\ud800\")\n}\n", "schema.prisma:3:15: unknown escape in a string");
    refuse("model A {\n" ID "  @@index([id]\n  x Int\n}\n", "schema.prisma:3:10: this ( is not closed");
    refuse("model A {\n" ID "  @map(\"x\")\n}\n", "schema.prisma:3:3: an attribute of a block begins with @@");
    refuse("model A {\n" ID "  x Int @@map(\"x\")\n}\n",
           "schema.prisma:3:10: an attribute with @@ belongs on a line of its own");
    refuse("model A {\n" ID "  x Int @\n}\n", "schema.prisma:3:10: the name of an attribute is missing");
    refuse("model A {\n" ID "}\n}\n", "schema.prisma:4:1: neither a block nor a comment");
    refuse("<<<<<<< HEAD\n", "schema.prisma:1:1: neither a block nor a comment");
    refuse("this is no schema\n", "schema.prisma:1:1: neither a block nor a comment: a { is expected on this line");
    refuse("model A {\n" ID "}\n/* open", "schema.prisma:4:1: this comment does not end");
    refuse("datasource db {\n  provider = \"x\n}\n", "schema.prisma:2:14: this string does not end on its line");
    refuse("datasource db {\n", "schema.prisma:1:15: this block is not closed");
    refuse("model A {\n" ID "}\nmodel A {\n" ID "}\n",
           "schema.prisma:4:7: A is there twice, also at schema.prisma:1:7");
}

static void columns_count_characters_and_lines_count_every_line_end(void **state)
{
    (void)state;
    refuse("// \u00e9\r\n// x\rmodel A {\n" ID "  /* \u00e9\u00e9 */ !\n}\n",
           "schema.prisma:5:12: neither a field nor an attribute nor a comment");
}

static void a_nul_byte_is_no_end_of_the_file(void **state)
{
    static const char text[] = "model A {\n" ID "}\n\0\nmodel B {\n";

    (void)state;
    assert_false(parse_bytes(text, sizeof text - 1));
    assert_string_equal(error.message, "schema.prisma:4:1: neither a block nor a comment");
}

static void a_string_that_is_not_utf_8_is_refused(void **state)
{
    static const char *const strings[] = {
        "\xff", "\x80", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xe0\x80\x80", "\xf4\x90\x80\x80"
    };

    (void)state;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        refuse(arena_printf(scratch.arena, "model A {\n" ID "  @@map(\"x%s\")\n}\n", strings[i]),
               "schema.prisma:3:11: this is not UTF-8");
    }
    expect("model A {\n" ID "  @@map(\"\u00e9\u20ac\U0001f600\")\n}\n", "public.\u00e9\u20ac\U0001f600(id)");
}

static void the_provider_is_told_also_of_a_list(void **state)
{
    (void)state;
    assert_true(parse("datasource x {\n  provider = \"mysql\"\n  url = \"postgresql\"\n}\n"));
    assert_string_equal(schema.provider, "mysql");
    assert_false(prisma_schema_is_postgres(&schema));
    assert_true(parse("datasource x {\n  provider = [\"sqlite\", \"postgres\"]\n}\n"));
    assert_true(prisma_schema_is_postgres(&schema));
    assert_true(parse("model A {\n" ID "}\n"));
    assert_null(schema.provider);
    assert_true(prisma_schema_is_postgres(&schema));
}

static void a_folder_is_read_as_one_schema_with_relations_across_files(void **state)
{
    (void)state;
    write_file("prisma/schema.prisma", "datasource db {\n  provider = \"postgresql\"\n}\n");
    write_file("prisma/models/user.prisma", "model User {\n" ID "  posts Post[]\n  role Role\n  groups Group[]\n}\n");
    write_file("prisma/models/deep/post.prisma",
               "model Post {\n" ID "  userId Int\n  user User @relation(fields: [userId], references: [id])\n}\n");
    write_file("prisma/group.prisma", "model Group {\n" ID "  users User[]\n}\nenum Role {\n  A\n}\n");
    write_file("prisma/notes.txt", "model X {");
    assert_true(prisma_schema_read(&schema, "prisma", "public", scratch.arena, &error));
    assert_string_equal(tables(),
                        "public.Group(id) public.Post(id,userId) public.User(id,role) public._GroupToUser(A,B) "
                        "enum public.Role(A)");
    assert_string_equal(schema.provider, "postgresql");

    write_file("prisma/models/broken.prisma", "model Broken {\n");
    assert_false(prisma_schema_read(&schema, "prisma", "public", scratch.arena, &error));
    assert_string_equal(error.message, "prisma/models/broken.prisma:1:14: the block Broken is not closed");
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    (void)state;
    assert_false(prisma_schema_read(&schema, "nowhere.prisma", "public", scratch.arena, &error));
    assert_string_equal(error.message, "nowhere.prisma: No such file or directory");
    assert_int_equal(mkfifo("fifo.prisma", 0600), 0);
    assert_false(prisma_schema_read(&schema, "fifo.prisma", "public", scratch.arena, &error));
    assert_string_equal(error.message, "fifo.prisma: Invalid argument");
}

static char *many_models(int count)
{
    char *text = malloc((size_t)count * 700);
    size_t length = 0;

    assert_non_null(text);
    for (int i = 0; i < count; i++) {
        length +=
            (size_t)sprintf(text + length,
                            "model Model%d {\n" ID "  name String @map(\"name_%d\")\n  e Enum%d?\n  next Model%d[] "
                            "@relation(\"next%d\")\n  previous Model%d[] @relation(\"next%d\")\n  @@map(\"model_%d\")"
                            "\n}\nenum Enum%d {\n  A\n  B\n}\n",
                            i, i, i, (i + 1) % count, i, (i + count - 1) % count, (i + count - 1) % count, i, i);
    }
    return text;
}

static int64_t time_of(int count)
{
    char *text = many_models(count);
    int64_t least = INT64_MAX;

    for (int round = 0; round < 3; round++) {
        int64_t start = processor_time();

        assert_true(parse(text));

        int64_t taken = processor_time() - start;

        least = taken < least ? taken : least;
    }
    assert_int_equal(schema.table_count, 2 * count);
    assert_int_equal(schema.enum_count, count);
    free(text);
    return least;
}

static void ten_times_the_models_take_about_ten_times_as_long(void **state)
{
    (void)state;
    assert_about_linear(time_of, 1000, "models");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(models_enums_and_scalar_fields_are_read),
        SCRATCH_TEST(what_a_client_is_generated_from_is_kept),
        SCRATCH_TEST(the_generator_of_the_client_is_found_among_others),
        SCRATCH_TEST(names_are_mapped_in_every_spelling),
        SCRATCH_TEST(strings_have_json_escapes_braces_and_slashes),
        SCRATCH_TEST(an_empty_name_maps_nothing),
        SCRATCH_TEST(a_schema_is_named_by_an_attribute_and_has_a_default),
        SCRATCH_TEST(ignored_tables_columns_and_unsupported_types_exist),
        SCRATCH_TEST(views_and_relations_to_them_are_not_in_the_database),
        SCRATCH_TEST(relation_fields_are_no_columns),
        SCRATCH_TEST(two_lists_of_one_enum_are_columns_and_no_relation),
        SCRATCH_TEST(lists_on_both_sides_are_a_table_named_after_the_models_in_order),
        SCRATCH_TEST(an_explicit_relation_name_may_hold_spaces),
        SCRATCH_TEST(a_model_may_be_related_to_itself),
        SCRATCH_TEST(the_table_of_a_relation_lies_in_the_first_models_schema),
        SCRATCH_TEST(an_ignored_relation_has_its_table_too),
        SCRATCH_TEST(keywords_are_field_names_too),
        SCRATCH_TEST(comments_are_passed_over_wherever_they_stand),
        SCRATCH_TEST(what_stands_behind_the_opening_brace_is_ignored),
        SCRATCH_TEST(another_block_may_follow_on_the_line_of_a_closing_brace),
        SCRATCH_TEST(all_line_ends_and_blanks_are_known),
        SCRATCH_TEST(names_are_cut_where_postgresql_cuts_them),
        SCRATCH_TEST(blocks_of_unknown_kinds_are_skipped_with_a_note),
        SCRATCH_TEST(unknown_attributes_and_what_follows_a_type_are_skipped),
        SCRATCH_TEST(a_type_that_is_not_known_is_no_column_but_a_note),
        SCRATCH_TEST(notes_are_bounded),
        SCRATCH_TEST(a_broken_file_is_named_with_line_and_column),
        SCRATCH_TEST(columns_count_characters_and_lines_count_every_line_end),
        SCRATCH_TEST(a_nul_byte_is_no_end_of_the_file),
        SCRATCH_TEST(a_string_that_is_not_utf_8_is_refused),
        SCRATCH_TEST(the_provider_is_told_also_of_a_list),
        SCRATCH_TEST(a_folder_is_read_as_one_schema_with_relations_across_files),
        SCRATCH_TEST(a_file_that_cannot_be_read_is_named),
        SCRATCH_TEST(ten_times_the_models_take_about_ten_times_as_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
