import { encodeMessage } from '../../../src/core/dns/encode.ts'
import { frame } from '../../../src/core/dns/frames.ts'
import type { Question } from '../../../src/core/dns/message.ts'
import { parseType } from '../../../src/core/dns/types.ts'
import type { Resolution } from '../../../src/core/dnssec/resolution.ts'
import type { Endpoint, Network } from '../../../src/io/network.ts'
import { createNetwork } from '../../../src/io/network-node.ts'
import { createResolver } from '../../../src/io/resolver/create-resolver.ts'
import { answerRecursively, type Sections } from '../../../src/programs/lab/dns/answer.ts'
import { originFor } from '../../../src/programs/lab/dns/text.ts'
import { type DnsServer, type DnsServerOptions, readQuery, startDnsServer } from '../../support/dns-server.ts'
import { nameOfText } from '../../support/records.ts'
import { start } from '../memory-resolver.ts'
import type { Engine } from '../signed-world.ts'
import { hostileWorld } from './hostile-world.ts'

/** What goes through the network of a resolver. */
export interface Traffic {
  /** World addresses, in order. */
  readonly datagrams: string[]
  readonly connections: string[]
  /** Sockets that are open now. */
  readonly open: Set<unknown>
}

export interface WireResolver {
  readonly traffic: Traffic
  ask(question: string, signal?: AbortSignal): Promise<Resolution>
  close(): Promise<void>
}

/** The hostile world on sockets of the loopback: only the server of evil.test. and the first forwarder are hostile. */
export interface WireWorld extends AsyncDisposable {
  readonly hostile: DnsServer
  /** Address of the hostile server in the world. */
  readonly address: string
  resolver(engine: Engine): WireResolver
}

export async function wireWorld(hostileServer: DnsServerOptions, zones = ''): Promise<WireWorld> {
  const world = hostileWorld({ zones })
  const origins = new Set(world.zones.servers.keys())
  const hostile = await startDnsServer(hostileServer)
  const servers = new Map<string, DnsServer>()
  for (const [origin, address] of world.zones.servers) {
    const say = (question: Question) => world.zones.answer(origin, question, true)
    servers.set(address, origin === 'evil.test' ? hostile : await startDnsServer(serving(say)))
  }
  const sayAll = (question: Question) => {
    const say = (one: Question) => world.zones.answer(originFor(one, origins), one, true)
    return answerRecursively(say, question)
  }
  servers.set('203.0.113.201', hostile)
  servers.set('203.0.113.202', await startDnsServer(serving(sayAll)))
  const route = ({ address }: Endpoint) => servers.get(address)?.endpoint
  return {
    hostile,
    address: world.serverOf('evil.test'),
    resolver(engine) {
      const traffic: Traffic = { datagrams: [], connections: [], open: new Set() }
      const resolver = createResolver({
        ...{ engine, network: watched(createNetwork({ allowPrivate: true, route }), traffic), patience: 0.25 },
        ...{ rootHints: world.rootHints, trustAnchors: world.anchors, clock: { now: () => start } },
        servers: ['203.0.113.201', '203.0.113.202'].map((address) => ({ address, port: 53 })),
      })
      return {
        traffic,
        close: () => resolver.close(),
        ask(question, signal) {
          const [name = '', type = ''] = question.split(' ')
          const options = signal === undefined ? {} : { signal }
          return resolver.resolve(nameOfText(name), parseType(type) ?? Number.NaN, options)
        },
      }
    },
    async [Symbol.asyncDispose]() {
      for (const server of new Set(servers.values())) await server[Symbol.asyncDispose]()
    },
  }
}

function watched(network: Network, { datagrams, connections, open }: Traffic): Network {
  return {
    async openUdp(endpoint, options) {
      datagrams.push(endpoint.address)
      const opened = await network.openUdp(endpoint, options)
      if (!opened.ok) return opened
      open.add(opened.value)
      const { close } = opened.value
      opened.value.close = () => {
        open.delete(opened.value)
        close()
      }
      return opened
    },
    async connectTcp(endpoint, options) {
      connections.push(endpoint.address)
      const dialled = await network.connectTcp(endpoint, options)
      if (!dialled.ok) return dialled
      open.add(dialled.value)
      dialled.value.once('close', () => open.delete(dialled.value))
      return dialled
    },
  }
}

/** A server that keeps to the rules. */
function serving(say: (question: Question) => Sections | undefined): DnsServerOptions {
  const reply = (octets: Uint8Array): Uint8Array | undefined => {
    const query = readQuery(octets)
    const [question] = query.questions
    const sections = question && say(question)
    return sections && encodeMessage({ ...query, ...sections, isResponse: true })
  }
  return {
    udp(octets, answer) {
      const message = reply(octets)
      if (message !== undefined) answer(message)
    },
    tcp(octets, socket) {
      const message = reply(octets)
      if (message !== undefined) socket.write(frame(message))
    },
  }
}
