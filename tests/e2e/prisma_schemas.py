"""Schemas for the comparison with Prisma: constructs written by hand, and generated ones that know what is in them."""
import random

DATASOURCE = 'datasource db {{\n  provider = "postgresql"\n{url}{schemas}}}\n'
URL = '  url = env("DATABASE_URL")\n'
CLIENT = 'generator client {\n  provider = "prisma-client-js"\n  engineType = "client"\n  previewFeatures = ["views"]\n}\n'


def head(url=True, schemas=()):
    listed = f'  schemas = [{", ".join(chr(34) + name + chr(34) for name in schemas)}]\n' if schemas else ""
    return DATASOURCE.format(url=URL if url else "", schemas=listed) + CLIENT


# Each is what follows datasource and generator. `schemas` of the datasource stand first in the tuple.
CORPUS = {
    "plain": ((), "model A {\n  id Int @id\n  s String?\n}\n"),
    "brace without blank": ((), "model A{\n  id Int @id\n}\n"),
    "tabs": ((), "model\tA\t{\n\tid\tInt\t@id\n}\n"),
    "carriage return and line feed": ((), "model A {\r\n  id Int @id\r\n  b Int\r\n}\r\n"),
    "carriage return alone": ((), "model A {\r  id Int @id\r  b Int\r}\r"),
    "blanks of Unicode": ((), "model\u00a0A\u3000{\n\u00a0id\u2003Int\u202f@id\n}\n"),
    "rest of the opening line": ((), "model A { foo Int } /* bar\n  id Int @id\n}\nmodel B { /* c\n  id Int @id\n}\n"),
    "block after block": ((), "model A {\n  id Int @id\n} model B {\n  id Int @id\n} enum E {\n  X\n}"),
    "comments": ((),
        "/* a /* b */ model A {\n  id Int @id /* } */\n  /* x Int\n  */ y Int // }\n  /// /* z\n"
        "  w Int // {\n}\n"),
    "strings": ((),
        'model A {\n  id Int @id @map("}{//")\n  b String @default("/* } \\" \\\\ \\u00e9")\n'
        '  @@map("\\ud83d\\ude00 x")\n}\n'),
    "spellings of map": ((), 'model A {\n  id Int @id @map("i")\n  b Int @map(name: "bb")\n  c Int @ map ( "cc" )\n  @@ map( "as" )\n}\n'
                             'model B {\n  id Int @id\n  @@map(name: "bs")\n}\n'),
    "keywords as fields": ((),
        "model A {\n  id Int @id\n  type String\n  view Int\n  model Int\n  enum String\n"
        "  datasource Int\n  generator Int\n}\n"),
    "lists": ((), "model A {\n  id Int @id\n  a String[]\n  b E[]\n  c Int []\n  d Int ?\n}\nenum E {\n  X\n}\n"),
    "scalars": ((),
        "model A {\n  id BigInt @id\n  a Bytes\n  b Decimal\n  c Json\n  d DateTime\n  e Float\n"
        "  f Boolean\n}\n"),
    "native types": ((),
        "model A {\n  id String @id @db.Uuid @default(dbgenerated(\"gen_random_uuid()\"))\n"
        "  a Decimal @db.Decimal(10, 2)\n}\n"),
    "enum with map": ((),
        'enum E {\n  A @map("a a") // c\n  B\n\n  @@map("e e")\n}\nmodel A {\n  id Int @id\n'
        '  e E @default(A)\n}\n'),
    "unused enum": ((), "enum E {\n  A\n}\nmodel A {\n  id Int @id\n}\n"),
    "one to many": ((),
        "model A {\n  id Int @id\n  bs B[]\n}\nmodel B {\n  id Int @id\n  aId Int @map(\"a_id\")\n"
        "  a A @relation(fields: [aId], references: [id], onDelete: Cascade)\n}\n"),
    "many to many": ((),
        "model Post {\n  id Int @id\n  cs Category[]\n}\nmodel Category {\n  id Int @id\n"
        "  ps Post[]\n}\n"),
    "many to many by bytes": ((),
        "model a {\n  id Int @id\n  z Z[]\n}\nmodel Z {\n  id Int @id\n  a a[]\n  @@map(\"zz\")\n"
        "}\n"),
    "named many to many": ((), 'model A {\n  id Int @id\n  b B[] @relation("my rel")\n  c B[] @relation(name: "other")\n}\n'
                               'model B {\n  id Int @id\n  a A[] @relation(name: "my rel")\n  d A[] @relation("other")\n'
                               '}\n'),
    "self relations": ((), 'model A {\n  id Int @id\n  f A[] @relation("F")\n  g A[] @relation("F")\n  pId Int?\n'
                           '  p A? @relation("P", fields: [pId], references: [id])\n  cs A[] @relation("P")\n}\n'),
    "ignored": ((), "model A {\n  id Int @id\n  a Int @ignore\n  b B[] @ignore\n  u Unsupported(\"point\")?\n}\n"
                    "model B {\n  id Int @id\n  as A[]\n  @@ignore\n}\n"),
    "view": ((), "model A {\n  id Int @id\n}\nview V {\n  id Int @unique\n  a String\n}\n"),
    "long names": ((), f"model M{'x' * 70} {{\n  id Int @id @map(\"{'y' * 80}\")\n  b B[]\n}}\n"
                       f"model B {{\n  id Int @id\n  a M{'x' * 70}[]\n  @@map(\"{'z' * 63}\")\n}}\n"),
    "indexes": ((), 'model A {\n  id Int @id\n  a String\n  b Int\n  @@index([a(sort: Desc), b], map: "i")\n  @@unique([a, b], name: "u")\n'
                    "  @@index([a(ops: raw(\"text_pattern_ops\"))], type: BTree)\n}\n"),
    "schemas": (("x", "y"), 'model B {\n  id Int @id\n  as A[]\n  e E\n  @@schema("y")\n}\nmodel A {\n  id Int @id\n  bs B[]\n'
                            '  @@map("aa")\n  @@schema("x")\n}\nenum E {\n  A\n  @@map("ee")\n  @@schema("x")\n}\n'),
}

REFUSED = {
    "unclosed model": "model A {\n  id Int @id\n",
    "brace on its own line": "model A\n{\n  id Int @id\n}\n",
    "model on one line": "model A { id Int @id }\n",
    "closing brace behind a field": "model A {\n  id Int @id }\n",
    "field without type": "model A {\n  id Int @id\n  x\n}\n",
    "colon": "model A {\n  id: Int @id\n}\n",
    "unclosed string": "model A {\n  id Int @id @map(\"x)\n}\n",
    "unclosed bracket": "model A {\n  id Int @id\n  @@index([id]\n}\n",
    "one at sign": "model A {\n  id Int @id\n  @map(\"x\")\n}\n",
    "stray brace": "model A {\n  id Int @id\n}\n}\n",
    "conflict": "<<<<<<< HEAD\nmodel A {\n  id Int @id\n}\n",
    "same name twice": "model A {\n  id Int @id\n}\nenum A {\n  X\n}\n",
    "prose": "this is no schema\n",
    "unclosed comment": "model A {\n  id Int @id\n}\n/* x\n",
    "no name": "model {\n  id Int @id\n}\n",
}

SCALARS = ["String", "Int", "BigInt", "Boolean", "Float", "Decimal", "DateTime", "Json", "Bytes"]


class Model:
    def __init__(self, name, schema):
        self.name = name
        self.schema = schema
        self.table = name
        self.columns = []  # as in the database
        self.hidden = set()  # those that DMMF leaves out
        self.ignored = False
        self.lines = []


class Generated:
    """One schema: its files, and what must come of it. The same seed gives the same schema."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.number = 0
        self.schemas = self.random.choice([(), (), ("one", "two words")])
        self.enums = [(f"E{i}_{self.word()}", self.schema()) for i in range(self.random.randint(0, 4))]
        self.models = [Model(f"{self.random.choice(['M', 'a', 'Z', 'model', 'Enum'])}{i}", self.schema())
                       for i in range(self.random.randint(1, 12))]
        self.relations = set()  # (schema, table)
        self.enum_names = set()
        self.blocks = [self.enum(*one) for one in self.enums]
        for model in self.models:
            self.fill(model)
        for _ in range(self.random.randint(0, 8)):
            self.relate()
        self.blocks += [self.model(model) for model in self.models]
        if self.random.random() < 0.3:
            self.blocks.append(self.view())
        self.random.shuffle(self.blocks)

    def word(self):
        self.number += 1
        return self.random.choice(["x", "user", "Type", "view", "n_a_m_e", "id", "datasource"]) + str(self.number)

    def schema(self):
        return self.random.choice(self.schemas) if self.schemas else "public"

    def some(self, *choices):
        return self.random.choice(choices)

    def comment(self):
        return self.some("", "", "", " // } c", " /* { */", "  /// doc \"", "\t")

    def name_in_database(self):
        self.number += 1
        return f"{self.some('t', 'ä b', 'x{y}', '//', 'q' + chr(0x1f600), 'n' * 20)}{self.number}"

    def mapped(self, at, name):
        return self.some(f'{at}map("{name}")', f'{at}map(name: "{name}")', f'{at} map( "{name}" )',
                         f'{at}map ("{name}")')

    def map_attribute(self, at, name):
        """A name in the database and the attribute for it; often none."""
        if self.random.random() < 0.5:
            return name, ""
        other = self.name_in_database()
        return other, self.mapped(at, other)

    def enum(self, name, schema):
        in_database, attribute = self.map_attribute("@@", name)
        self.enum_names.add((schema, in_database))
        lines = [f"  V{i}{self.some('', f' @map({chr(34)}v v{i}{chr(34)})')}{self.comment()}"
                 for i in range(self.random.randint(1, 3))]
        lines += [f"  {attribute}"] if attribute else []
        lines += [f'  @@schema("{schema}")'] if self.schemas else []
        return f"enum {name} {{{self.comment()}\n" + "\n".join(lines) + "\n}" + self.some("\n", "\n\n", "")

    def column(self, model, kind, tail="", hidden=False):
        name = self.word()
        in_database, attribute = self.map_attribute("@", name)
        model.columns.append(in_database)
        if hidden:
            model.hidden.add(in_database)
        order = [attribute, tail]
        self.random.shuffle(order)
        model.lines.append(f"  {name}{self.some(' ', '  ', chr(9), chr(0xa0))}{kind} {' '.join(order)}{self.comment()}")
        return name

    def fill(self, model):
        if self.random.random() < 0.5:
            model.table = self.name_in_database()
            model.lines.append("  " + self.mapped("@@", model.table))
        model.ignored = self.random.random() < 0.1
        if model.ignored:
            model.lines.append("  @@ignore")
        if self.schemas:
            model.lines.append(f'  @@schema("{model.schema}")')
        model.columns.append("id")
        model.lines.append("  id Int @id" + self.comment())
        for _ in range(self.random.randint(0, 8)):
            kind = self.some(*SCALARS, *[name for name, _ in self.enums])
            self.column(model, kind + self.some("", "?", "[]", " ?", " []"))
        if self.random.random() < 0.2:
            self.column(model, 'Unsupported("tsvector /* { */")?', hidden=True)
        if self.random.random() < 0.2 and not model.ignored:
            self.column(model, "Int?", "@ignore", hidden=True)

    def relate(self):
        one, other = self.random.choice(self.models), self.random.choice(self.models)
        name = f"rel {self.word()}"
        left, right = self.word(), self.word()
        mark = {model: " @ignore" if against.ignored and not model.ignored else ""
                for model, against in ((one, other), (other, one))}
        if self.random.random() < 0.5:
            first = min(one, other, key=lambda model: model.name.encode())
            self.relations.add((first.schema, "_" + name))
            one.lines.append(f'  {left} {other.name}[] @relation("{name}"){mark[one]}')
            other.lines.append(f'  {right} {one.name}[] @relation(name: "{name}"){mark[other]}')
        else:
            key = self.column(one, "Int?", "@ignore" if mark[one] else "", hidden=bool(mark[one]))
            one.lines.append(f'  {left} {other.name}? @relation("{name}", fields: [{key}], references: [id]){mark[one]}'
                             + self.comment())
            other.lines.append(f'  {right} {one.name}[] @relation("{name}"){mark[other]}')

    def model(self, model):
        self.random.shuffle(model.lines)
        return (f"{self.some('', '/// doc' + chr(10), '/* x */ ')}model {model.name}{self.some(' ', '')}{{{self.comment()}\n"
                + self.some("\n", "\n\n").join(model.lines) + "\n}" + self.some("\n", "\n\n", " ", ""))

    def view(self):
        schema = f'  @@schema("{self.schemas[0]}")\n' if self.schemas else ""
        return f"view V{self.word()} {{\n  a Int @unique\n  b String?\n{schema}}}\n"

    def files(self, url=True):
        """In one file or in several; with line ends of one kind or the other."""
        count = self.some(1, 1, 3)
        texts = [head(url, self.schemas)] + [""] * (count - 1)
        chooser = random.Random(self.number)
        for block in self.blocks:
            texts[chooser.randrange(count)] += block
        end = chooser.choice(["\n", "\n", "\r\n"])
        names = ["schema.prisma", *(f"part{i}.prisma" for i in range(1, count))]
        return [[name, text.replace("\n", end)] for name, text in zip(names, texts)]

    def tables(self):
        found = {(model.schema, model.table): set(model.columns) for model in self.models}
        found.update({relation: {"A", "B"} for relation in self.relations})
        return found
