#!/usr/bin/env node
// Prisma's schema engine for the tests, where the native binary cannot be downloaded. The real CLI starts this file
// (PRISMA_SCHEMA_ENGINE_BINARY) and speaks JSON-RPC to it over standard input and output, as it does with the native
// engine; the work is done by that same engine compiled to WebAssembly, over node-postgres.
// From the engine itself: the SQL, checksums, data-loss warnings, P1002, P3005, P3006, P3009. Worded here, after the
// native engine's texts: P1000, P1001, P1003, P1009, P1010, P1012, P3018.
// tests/e2e/tools.sh copies it beside the packages it imports.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { basename } from 'node:path'
import { randomUUID } from 'node:crypto'
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { parse as parseUrl } from 'pg-connection-string'

const require = createRequire(import.meta.url)
const argv = process.argv.slice(2)
async function wasm() {
  const bytes = readFileSync(require.resolve('@prisma/schema-engine-wasm/schema_engine_bg').replace(/\.js$/, '.wasm'))
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': glue })
  glue.__wbg_set_wasm(instance.exports); instance.exports.__wbindgen_start()
}
await wasm()
const HASH = glue.version()
if (argv.includes('--version')) { console.log(`schema-engine-cli ${HASH}`); process.exit(0) }

// the engine never clears its 10 s advisory-lock timer; unref it so that it can't hold the process
const st = globalThis.setTimeout
globalThis.setTimeout = (f, ms, ...a) => { const t = st(f, ms, ...a); if (ms === 10000) t.unref(); return t }

const log = (level, fields) => process.stderr.write(JSON.stringify({ timestamp: new Date().toISOString(), level, fields, target: 'schema_engine::logger' }) + '\n')
const opt = (n) => argv.flatMap((a, i) => (a === n || (n === '--datamodels' && (a === '-d' || a === '--datamodel')) ? [argv[i + 1]] : []))
const dsUrl = (s) => { try { return JSON.parse(s).url } catch { return s } }
const urlFromFiles = (files, key, optional) => {
  const get = (ds, k) => new RegExp(`^\\s*${k}\\s*=\\s*(?:env\\(\\s*"([^"]+)"\\s*\\)|"([^"]+)")`, 'm').exec(ds)
  for (const { content } of files) {
    const ds = /^\s*datasource\s+\w+\s*\{([\s\S]*?)^\s*\}/m.exec(content)?.[1]
    const m = ds && (key ? get(ds, key) : get(ds, 'directUrl') || get(ds, 'url'))
    if (m) {
      const u = m[1] ? process.env[m[1]] : m[2]
      if (!u && optional) return
      if (!u) throw known('P1012', `Environment variable not found: ${m[1]}.`)
      return u
    }
  }
}
class Known extends Error { constructor(code, message, meta = {}) { super(message); this.code = code; this.meta = meta } }
const known = (c, m, meta) => new Known(c, m, meta)

function parse(u) {
  const url = new URL(u); const schema = url.searchParams.get('schema') || 'public'
  const timeout = Number(url.searchParams.get('connect_timeout') ?? 5)
  for (const k of ['schema', 'connection_limit', 'pool_timeout', 'connect_timeout', 'pgbouncer', 'statement_cache_size', 'socket_timeout']) url.searchParams.delete(k)
  return { schema, host: url.hostname, port: url.port || '5432', user: decodeURIComponent(url.username), db: decodeURIComponent(url.pathname.slice(1)),
    // no connectionString here: pg lets it win over `database`, and adapter-pg's shadow database would then be the main one
    config: { ...parseUrl(url.toString()), max: 1, allowExitOnIdle: true, connectionTimeoutMillis: timeout * 1000, options: `-c search_path="${schema}"` } }
}
// native wording (user-facing-errors crate)
function connError(e, p) {
  const c = e.code
  if (['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ETIMEDOUT', 'ENETUNREACH'].includes(c) || /timeout exceeded|Connection terminated due to connection timeout/.test(e.message))
    return known('P1001', `Can't reach database server at \`${p.host}:${p.port}\`\n\nPlease make sure your database server is running at \`${p.host}:${p.port}\`.`, { database_location: `${p.host}:${p.port}` })
  if (c === '3D000') return known('P1003', `Database \`${p.db}\` does not exist`, { database_name: p.db })
  if (c === '28P01' || c === '28000') return known('P1000', `Authentication failed against database server, the provided database credentials for \`${p.user}\` are not valid.\n\nPlease make sure to provide valid database credentials for the database server at the configured address.`, { database_user: p.user })
  if (c === '42501') return known('P1010', `User was denied access on the database \`${p.db}\``)
  return e
}
async function withClient(p, db, f) {
  const c = new pg.Client({ ...p.config, ...(db ? { database: db } : {}) })
  try { await c.connect() } catch (e) { throw connError(e, p) }
  try { return await f(c) } finally { await c.end() }
}
const canConnect = (u) => { const p = parse(u); return withClient(p, null, (c) => c.query('SELECT 1')) }
async function createDatabase(u) {
  const p = parse(u); let exists
  await withClient(p, 'postgres', (c) => c.query(`CREATE DATABASE "${p.db}"`)).catch((e) => {
    if (e.code !== '42P04') throw e
    exists = known('P1009', `Database \`${p.db}\` already exists on the database server`)
  })
  await withClient(p, null, (c) => c.query(`CREATE SCHEMA IF NOT EXISTS "${p.schema}"`))
  if (exists) throw exists
  return p.db
}

const OID = { 18: 25, 19: 25, 24: 25, 194: 25, 2205: 25, 2206: 25, 1002: 1009, 1003: 1009 }
let lastScriptError, onScript
class EnginePg extends PrismaPg {
  constructor(url) { const p = parse(url); super(p.config, { schema: p.schema }); this.url = url }
  #wrap(a, shadow) {
    // whole file as one simple-query message, as the native engine does (adapter-pg would split at every ';')
    // catalogue types that adapter-pg cannot name: "char", name, regproc, regclass, pg_node_tree -> text; name[], "char"[] -> text[]
    const io = a.performIO.bind(a)
    a.performIO = async (q) => {
      const r = await io(q)
      for (const f of r?.fields ?? []) f.dataTypeID = OID[f.dataTypeID] ?? f.dataTypeID
      return r
    }
    a.executeScript = async (sql) => {
      if (!shadow) onScript?.(sql)
      try { await a.client.query(sql) } catch (e) { lastScriptError = { e, sql, shadow }; a.onError(e) }
    }
    return a
  }
  async connect() { return this.#wrap(await super.connect(), false) }
  async connectToShadowDb() {
    const u = shadowUrl()
    if (u) { // a given shadow database is emptied and used as it is
      const p = parse(u); await canConnect(u)
      const a = this.#wrap(await new PrismaPg(p.config, { schema: p.schema }).connect(), true)
      await a.executeScript(`DROP SCHEMA IF EXISTS "${p.schema}" CASCADE; CREATE SCHEMA "${p.schema}"`)
      return a
    }
    // adapter-pg drops the database before it closes its own connection to it; close first
    const p = parse(this.url), database = `prisma_migrate_shadow_db_${randomUUID()}`
    await withClient(p, null, (c) => c.query(`CREATE DATABASE "${database}"`))
    const a = this.#wrap(await new PrismaPg({ ...p.config, database }, { schema: p.schema }).connect(), true)
    const end = a.dispose.bind(a)
    a.dispose = async () => { await end(); await withClient(p, null, (c) => c.query(`DROP DATABASE IF EXISTS "${database}"`)) }
    return a
  }
}

let engineP
async function engine(url) {
  return (engineP ??= (async () => {
    await canConnect(url)
    const datamodels = opt('--datamodels').map((f) => [f, readFileSync(f, 'utf8')])
    const factory = bindMigrationAwareSqlAdapterFactory(new EnginePg(url))
    return glue.SchemaEngine.new({ datamodels: datamodels.length ? datamodels : undefined }, () => {}, factory)
  })())
}
let paramShadow
const shadowUrl = () => {
  const d = opt('--datasource')[0]; let j; try { j = JSON.parse(d).shadowDatabaseUrl } catch {}
  return paramShadow ?? j ?? urlFromFiles(opt('--datamodels').map((f) => ({ content: readFileSync(f, 'utf8') })), 'shadowDatabaseUrl', true)
}
const filesUrl = () => urlFromFiles(opt('--datamodels').map((f) => ({ content: readFileSync(f, 'utf8') })))
const baseUrl = () => (opt('--datasource')[0] ? dsUrl(opt('--datasource')[0]) : filesUrl() ?? process.env.DATABASE_URL)
const targetUrl = (t) => (t?.tag === 'url' ? t.url : t?.tag === 'schemaDatasource' ? urlFromFiles(t.files) : undefined)
const dsParam = (d) => (d?.tag === 'ConnectionString' ? d.url : d?.tag === 'Schema' ? urlFromFiles(d.files) : undefined)

const send = (o) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...o }) + '\n')
let n = 0
const print = (content) => send({ id: `p${++n}`, method: 'print', params: { content } })

async function handle(method, params) {
  if (method === 'createDatabase') return { databaseName: await createDatabase(dsParam(params.datasource) ?? baseUrl()) }
  if (method === 'ensureConnectionValidity') { await canConnect(dsParam(params.datasource) ?? baseUrl()); return {} }
  const url = dsParam(params?.datasource) ?? targetUrl(params?.datasourceType) ?? targetUrl(params?.from) ?? targetUrl(params?.to) ?? params?.shadowDatabaseUrl ?? baseUrl()
  const eng = await engine(url)
  lastScriptError = undefined; paramShadow = params?.shadowDatabaseUrl ?? undefined
  if (method === 'diff') for (const k of ['from', 'to']) if (params[k]?.tag === 'url') // the wasm build takes a live database only in this form
    params[k] = { tag: 'schemaDatasource', configDir: '.', files: [{ path: 'schema.prisma', content: `datasource db {\n  provider = "postgresql"\n  url = "${params[k].url}"\n}\n` }] }
  const dirs = params?.migrationsList?.migrationDirectories ?? []
  const nameOf = (sql) => { const d = dirs.find((d) => d.migrationFile?.content?.value === sql); return d && basename(d.path) }
  onScript = method === 'applyMigrations' ? (sql) => print(`Applying migration \`${nameOf(sql)}\``) : undefined
  try {
    const r = await eng[method === 'getDatabaseVersion' ? 'version' : method](params)
    if (method === 'diff') { if (r.stdout) print(r.stdout.replace(/\n$/, '')); return { exitCode: r.exitCode } }
    return r ?? null
  } catch (err) {
    const s = lastScriptError
    if (method === 'applyMigrations' && s && !s.shadow) {
      let pos = ''
      if (s.e.position) {
        const line = s.sql.slice(0, Number(s.e.position)).split('\n').length, L = s.sql.split('\n')
        pos = '\n\nPosition:\n' + L.slice(Math.max(0, line - 6), line).map((x, i, a) => `${String(line - a.length + 1 + i).padStart(3)} ${x}`).join('\n')
      }
      throw known('P3018', `A migration failed to apply. New migrations cannot be applied before the error is recovered from. Read more about how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve\n\nMigration name: ${nameOf(s.sql)}\n\nDatabase error code: ${s.e.code ?? 'none'}\n\nDatabase error:\n${s.e.severity ?? 'ERROR'}: ${s.e.message}${pos}`, { migration_name: nameOf(s.sql), database_error_code: s.e.code })
    }
    throw connError(err, parse(url))
  }
}

const cli = argv.indexOf('cli')
if (cli >= 0) {
  const url = dsUrl(opt('--datasource')[0]), cmd = argv.at(-1)
  log('INFO', { message: 'Starting schema engine CLI', git_hash: HASH })
  try {
    if (cmd === 'can-connect-to-database') { await canConnect(url); log('INFO', { message: 'Connection successful' }) }
    else if (cmd === 'create-database') log('INFO', { message: `Database '${await createDatabase(url)}' was successfully created.` })
    else throw new Error(`unknown command ${cmd}`)
    process.exitCode = 0
  } catch (e) { log('ERROR', { is_panic: false, error_code: e.code ?? '', message: e.message }); process.exitCode = 1 }
} else {
  let queue = Promise.resolve()
  const rl = createInterface({ input: process.stdin })
  rl.on('line', (l) => {
    const m = JSON.parse(l); if (!m.method) return
    queue = queue.then(() => handle(m.method, m.params)).then(
      (result) => send({ id: m.id, result }),
      (e) => send({ id: m.id, error: { code: 4466, message: 'An error happened. Check the data field for details.',
        data: { is_panic: false, message: e.message ?? String(e), meta: e.meta ?? null, ...(typeof e.code === 'string' && /^P\d/.test(e.code) ? { error_code: e.code } : {}) } } }))
  })
  rl.on('close', () => queue.finally(() => process.exit(0)))
  process.on('SIGTERM', () => process.exit(0)); process.on('SIGINT', () => process.exit(130))
}
