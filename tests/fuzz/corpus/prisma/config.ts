import { defineConfig } from "prisma/config"
export default defineConfig({ schema: "prisma", migrations: { path: `db/m` } })
