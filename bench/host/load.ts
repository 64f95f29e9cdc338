// Fetches policies of d0.example up to dDOMAINS-1.example: load.ts PORT CONNECTIONS REQUESTS DOMAINS keep|new|each
// With "new" each request has a connection of its own, to a domain of chance; with "each" every domain is asked once. Prints JSON.
import { performance } from 'node:perf_hooks'
import { connect, createSecureContext, type TLSSocket } from 'node:tls'

const [port = 0, connections = 0, requests = 0, domains = 0] = process.argv.slice(2, 6).map(Number)
const mode = process.argv[6]
// One for all: to make one for each connection costs more than the handshake.
const secureContext = createSecureContext()
let left = requests
let seed = 1

/** The same order of chance in every run. */
function chance(): number {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
  return Math.floor((seed / 2 ** 31) * domains)
}

function hostOf(number: number): string {
  return `mta-sts.d${number}.example`
}

function open(host: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, servername: host, rejectUnauthorized: false, secureContext }
    const socket = connect(options, () => resolve(socket))
    socket.once('error', reject)
  })
}

function ask(socket: TLSSocket, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    const take = (piece: Buffer) => {
      text += piece.toString('latin1')
      if (!text.endsWith('max_age: 1209600\r\n')) return
      socket.off('data', take)
      if (text.startsWith('HTTP/1.1 200 ')) resolve()
      else reject(new Error(text))
    }
    socket.on('data', take)
    socket.write(`GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: bench\r\n\r\n`)
  })
}

async function keepAsking(): Promise<void> {
  while (left > 0) {
    const host = hostOf(chance())
    const socket = await open(host)
    // Servers end connections after a thousand requests.
    for (let asked = 0; asked < 900 && left-- > 0; asked++) await ask(socket, host)
    socket.destroy()
  }
}

async function askAnew(): Promise<void> {
  while (left-- > 0) {
    const host = hostOf(mode === 'each' ? left % domains : chance())
    const socket = await open(host)
    await ask(socket, host)
    socket.destroy()
  }
}

const start = performance.now()
await Promise.all(Array.from({ length: connections }, mode === 'keep' ? keepAsking : askAnew))
process.stdout.write(JSON.stringify({ requests, seconds: (performance.now() - start) / 1000 }))
