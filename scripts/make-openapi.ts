// Writes docs/openapi.json, the document of the HTTP interface; a test holds it and what is served together.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apiRoutes } from '../src/programs/daemon/http/api.ts'
import { openApiOf } from '../src/programs/daemon/http/openapi.ts'
import { packageVersion } from '../src/programs/daemon/version.ts'

const version = packageVersion()
const unused = () => {
  throw new Error('no route is asked here')
}
const routes = apiRoutes(unused, { version, whyNotReady: unused, reload: unused, sharedStore: unused, metrics: unused })
const file = join(import.meta.dirname, '..', 'docs', 'openapi.json')
writeFileSync(file, `${JSON.stringify(openApiOf(routes, version), undefined, 2)}\n`)
