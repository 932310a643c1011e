"""What pgentry derives from schema.prisma is what Prisma's own parser and schema engine make of it."""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import BINARY, HERE, ROOT
from prisma_schemas import CORPUS, REFUSED, Generated, head
from tools import installed

SEEDS = range(300)


def printer():
    """tests/e2e/prisma_print.c, built beside the program or in any build folder."""
    folders = [Path(BINARY).resolve().parent, *(ROOT / "build").glob("*")]
    for folder in folders:
        program = folder / "tests/e2e/prisma_print"
        if os.access(program, os.X_OK):
            return program
    return pytest.skip("prisma_print is not built")


def cut(name):
    """As PostgreSQL cuts it."""
    return name.encode()[:63].decode(errors="ignore")


def derive(schemas, folder):
    """pgentry's answers for schemas, each a list of [path, content]."""
    paths = []
    for number, files in enumerate(schemas):
        path = folder / str(number)
        path.mkdir()
        for name, content in files:
            (path / name).write_bytes(content.encode())
        paths.append(path)
    said = subprocess.run([printer(), *paths], stdout=subprocess.PIPE, check=True, timeout=120).stdout
    return [json.loads(line) for line in said.decode().splitlines()]


def describe(kind, schemas, *more):
    """Prisma's answers for the same."""
    parts = ["node", HERE / "prisma/describe.mjs", "engine" if kind == "engine" else "parser", installed(kind), *more]
    said = subprocess.run(parts, input=json.dumps(schemas), stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    return json.loads(said.stdout)


def tables_of(answer):
    assert "error" not in answer, answer
    assert answer["notes"] == []
    tables = {(table["schema"], table["name"]): set(table["columns"]) for table in answer["tables"]}
    assert len(tables) == len(answer["tables"])
    return tables


def enums_of(answer):
    return {(one["schema"], one["name"]): one["values"] for one in answer["enums"]}


def enums_of_dmmf(dmmf):
    """Without their schemas, which DMMF does not tell."""
    return {cut(one["dbName"] or one["name"]): [value["dbName"] or value["name"] for value in one["values"]]
            for one in dmmf["enums"]}


def tables_of_dmmf(dmmf):
    tables, sides = {}, {}
    for model in dmmf["models"]:
        schema = model.get("schema") or "public"
        columns = {cut(field.get("dbName") or field["name"]) for field in model["fields"] if field["kind"] != "object"}
        tables[schema, cut(model["dbName"] or model["name"])] = columns
        for field in model["fields"]:
            if field["kind"] == "object" and field["isList"]:
                sides.setdefault(field["relationName"], []).append((model["name"].encode(), schema))
    for name, lists in sides.items():
        if len(lists) == 2:
            tables[min(lists)[1], cut("_" + name)] = {"A", "B"}
    return tables


def tables_of_sql(sql):
    tables = {}
    for name, body in re.findall(r'^CREATE TABLE ((?:"[^"]*"\.)?"[^"]*") \(\n(.*?)^\);', sql, re.M | re.S):
        parts = re.findall(r'"([^"]*)"', name)
        columns = re.findall(r'^    "([^"]*)" ', body, re.M)
        tables[parts[0] if len(parts) == 2 else "public", cut(parts[-1])] = {cut(column) for column in columns}
    return tables


def enums_of_sql(sql):
    named = re.findall(r'^CREATE TYPE (?:"([^"]*)"\.)?"([^"]*)" AS ENUM \((.*)\);', sql, re.M)
    return {(schema or "public", cut(name)): re.findall("'([^']*)'", values) for schema, name, values in named}


def corpus(url=True):
    return [[["schema.prisma", head(url, schemas) + text]] for schemas, text in CORPUS.values()]


@pytest.mark.real_tools
@pytest.mark.parametrize("parser", ["parser", "parser-next"])
def test_every_construct_gives_what_prismas_parser_sees(parser, tmp_path):
    """Tables, columns and enums of DMMF are derived; beyond it only what DMMF leaves out and the engine creates."""
    url = parser == "parser"
    ours, theirs = derive(corpus(url), tmp_path), describe(parser, corpus(url))
    for name, answer, expected in zip(CORPUS, ours, theirs, strict=True):
        assert "dmmf" in expected, (name, expected)
        tables, seen = tables_of(answer), tables_of_dmmf(expected["dmmf"])
        if name == "ignored":
            assert tables == {("public", "A"): {"id", "a", "u"}, ("public", "B"): {"id"},
                              ("public", "_AToB"): {"A", "B"}}
            assert seen == {("public", "A"): {"id"}}
            continue
        if name == "view":
            seen.pop(("public", "V"))
        assert tables == seen, name
        ours_of_it = {enum: values for (_, enum), values in enums_of(answer).items()}
        assert ours_of_it == enums_of_dmmf(expected["dmmf"]), name


@pytest.mark.real_tools
@pytest.mark.parametrize("parser", ["parser", "parser-next"])
def test_what_prisma_refuses_for_its_form_is_refused_with_a_place(parser, tmp_path):
    schemas = [[["schema.prisma", head(parser == "parser") + text]] for text in REFUSED.values()]
    for name, answer, expected in zip(REFUSED, derive(schemas, tmp_path), describe(parser, schemas), strict=True):
        assert "error" in expected, name
        assert re.search(r"schema\.prisma:\d+:\d+: \w", answer.get("error", "")), (name, answer)


@pytest.mark.real_tools
@pytest.mark.parametrize("parser", ["parser", "parser-next"])
def test_generated_schemas_give_what_prismas_parser_sees(parser, tmp_path):
    made = [Generated(seed) for seed in SEEDS]
    schemas = [one.files(parser == "parser") for one in made]
    ours, theirs = derive(schemas, tmp_path), describe(parser, schemas)
    for seed, one, answer, expected in zip(SEEDS, made, ours, theirs, strict=True):
        assert "dmmf" in expected, (seed, expected)
        tables = tables_of(answer)
        assert tables == one.tables(), f"seed {seed}"
        assert set(enums_of(answer)) == one.enum_names, f"seed {seed}"
        seen = tables_of_dmmf(expected["dmmf"])
        for model in one.models:
            if not model.ignored:
                assert seen[model.schema, model.table] == set(model.columns) - model.hidden, f"seed {seed}"
        ours_of_it = {enum: values for (_, enum), values in enums_of(answer).items()}
        assert ours_of_it == enums_of_dmmf(expected["dmmf"]), f"seed {seed}"


@pytest.mark.real_tools
def test_schemas_give_exactly_what_prismas_engine_would_create(database, tmp_path):
    """@@ignore, @ignore, Unsupported, views and the tables of relations included: the SQL for an empty database."""
    names = [*CORPUS, *(f"seed {seed}" for seed in SEEDS)]
    schemas = corpus() + [Generated(seed).files() for seed in SEEDS]
    ours, theirs = derive(schemas, tmp_path), describe("engine", schemas, database.url)
    for name, answer, expected in zip(names, ours, theirs, strict=True):
        assert "sql" in expected, (name, expected)
        assert tables_of(answer) == tables_of_sql(expected["sql"]), name
        assert enums_of(answer) == enums_of_sql(expected["sql"]), name


CATALOG = """
    SELECT n.nspname, c.relname, array_agg(a.attname::text)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relkind = 'r' AND n.nspname IN ('public', 'one', 'two words') AND a.attnum > 0 AND NOT a.attisdropped
     GROUP BY 1, 2"""
ENUMS = """
    SELECT n.nspname, t.typname, array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_enum e ON e.enumtypid = t.oid
     GROUP BY 1, 2"""


@pytest.mark.parametrize("seed", [7, 24, 48])
def test_after_a_real_push_everything_derived_is_in_the_catalog(seed, prisma, database, tmp_path):
    one = Generated(seed)
    shutil.rmtree(prisma.folder / "prisma")
    for name, content in one.files():
        path = prisma.folder / "prisma" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode())
    done = prisma(*prisma.push, "--schema", "prisma", url=database.url)
    assert done.returncode == 0, done.stdout
    answer = derive([one.files()], tmp_path)[0]
    assert tables_of(answer) == {(schema, name): set(columns) for schema, name, columns in database.sql(CATALOG)}
    assert enums_of(answer) == {(schema, name): values for schema, name, values in database.sql(ENUMS)}
