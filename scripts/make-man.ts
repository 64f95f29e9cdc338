// Writes docs/man/*.1 from the commands themselves.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { manPages } from '../src/programs/cli/man-pages.ts'

const root = join(import.meta.dirname, '..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string } // our own file
const folder = join(root, 'docs', 'man')
mkdirSync(folder, { recursive: true })
for (const [file, text] of await manPages(version)) writeFileSync(join(folder, file), text)
