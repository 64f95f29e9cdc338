// The ceiling: a server that parses netstrings and answers from a Map, and does nothing else. `bare-server.ts KEYS PORT`
import { createServer } from 'node:net'

const answers = new Map<string, string>()
for (let key = 0; key < Number(process.argv[2]); key++) {
  const text = `OK secure match=mx1.d${key}.example:mx2.d${key}.example servername=hostname`
  answers.set(`QUERY d${key}.example`, `${text.length}:${text},`)
}
const notFound = '9:NOTFOUND ,'
const colon = 0x3a

const server = createServer((socket) => {
  let rest: Buffer | undefined
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('data', (octets: Buffer) => {
    const unread = rest === undefined ? octets : Buffer.concat([rest, octets])
    let at = 0
    let out = ''
    while (at < unread.length) {
      const head = unread.indexOf(colon, at)
      if (head < 0) break
      const start = head + 1
      const end = start + Number(unread.toString('latin1', at, head))
      if (end >= unread.length) break
      out += answers.get(unread.toString('latin1', start, end)) ?? notFound
      at = end + 1
    }
    rest = at < unread.length ? unread.subarray(at) : undefined
    if (out !== '') socket.write(out, 'latin1')
  })
})
server.listen({ port: Number(process.argv[3]), host: '127.0.0.1', backlog: 4096 })
