import { test } from 'node:test'
import { files, playFile } from './play-file.ts'

for (const file of files) test(`scenario ${file}`, () => playFile(file, 'iterate'))
