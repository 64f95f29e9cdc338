// A node:https server that answers everything with one policy, as little as it can: bare-server.ts PORT CHAIN KEY
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'

const [port, chain = '', key = ''] = process.argv.slice(2)
const body = 'version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\nmax_age: 1209600\r\n'
const headers = {
  ...{ 'content-type': 'text/plain', 'content-length': body.length },
  ...{ 'cache-control': 'max-age=60', 'x-content-type-options': 'nosniff' },
}
createServer({ cert: readFileSync(chain), key: readFileSync(key) }, (_, response) => {
  response.writeHead(200, headers)
  response.end(body)
}).listen(Number(port), '127.0.0.1')
