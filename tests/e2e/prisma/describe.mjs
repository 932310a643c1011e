// What Prisma itself makes of schemas. On standard input a JSON list of schemas, each a list of [path, content];
// on standard output a JSON list of answers:
//   node describe.mjs parser FOLDER        {dmmf} or {error}: get_dmmf of @prisma/prisma-schema-wasm in FOLDER
//   node describe.mjs engine FOLDER URL    {sql} or {error}: what the schema engine in FOLDER would run on an empty database
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [kind, folder, url] = process.argv.slice(2)
const require = createRequire(`${folder}/package.json`)
const schemas = JSON.parse(readFileSync(0, 'utf8'))

// A panic of the WebAssembly leaves it unusable; it is told here instead of through the CLI's registry.
globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => process.stderr.write(`${message}\n`) }

function parser() {
  const wasm = require('@prisma/prisma-schema-wasm')
  return (files) => ({ dmmf: JSON.parse(wasm.get_dmmf(JSON.stringify({ prismaSchema: files }))).datamodel })
}

async function engine() {
  const load = async (name) => import(pathToFileURL(require.resolve(name)))
  const glue = await load('@prisma/schema-engine-wasm/schema_engine_bg')
  const { bindMigrationAwareSqlAdapterFactory } = await load('@prisma/driver-adapter-utils')
  const { PrismaPg } = await load('@prisma/adapter-pg')
  const bytes = readFileSync(require.resolve('@prisma/schema-engine-wasm/schema_engine_bg').replace(/\.js$/, '.wasm'))
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': glue })
  glue.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()
  const adapter = new PrismaPg({ connectionString: url, max: 1, allowExitOnIdle: true }, { schema: 'public' })
  const started = await glue.SchemaEngine.new({}, () => {}, bindMigrationAwareSqlAdapterFactory(adapter))
  return async (files) => {
    const to = { tag: 'schemaDatamodel', files: files.map(([path, content]) => ({ path, content })) }
    const filters = { externalTables: [], externalEnums: [] }
    const made = await started.diff({ from: { tag: 'empty' }, to, script: true, filters, shadowDatabaseUrl: null, exitCode: null })
    return { sql: made.stdout }
  }
}

const describe = kind === 'engine' ? await engine() : parser()
const answers = []
for (const files of schemas) {
  try {
    answers.push(await describe(files))
  } catch (error) {
    answers.push({ error: String(error.message ?? error) })
  }
}
process.stdout.write(JSON.stringify(answers), () => process.exit(0))
