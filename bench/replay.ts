import { latin1 } from '../src/core/dns/octets.ts'
import { accept, refuse } from '../src/core/result.ts'
import type { Datagrams, Network } from '../src/io/network.ts'

/** What servers answered, by server and question. */
export interface Recording {
  /** The network as it is; every datagram that comes is kept. */
  readonly recorder: Network
  /** Answers from memory, in the next turn: all of a network but its sockets. Fails for a question never recorded. */
  readonly player: Network
  readonly size: number
  /** What answering from memory has taken in all, in microseconds: no part of what is measured with it. */
  readonly spent: { microseconds: number }
}

export function createRecording(network: Network): Recording {
  const replies = new Map<string, Buffer>()
  const spent = { microseconds: 0 }
  return {
    recorder: {
      ...network,
      async openUdp(endpoint, options) {
        const opened = await network.openUdp(endpoint, options)
        return opened.ok ? accept(listen(opened.value, endpoint.address, replies)) : opened
      },
    },
    player: {
      connectTcp: async () => refuse('unreachable'),
      openUdp: async ({ address }) => accept(play(address, replies, spent)),
    },
    spent,
    get size() {
      return replies.size
    },
  }
}

/** The server and the question, but for the case of its letters: that and all the rest may differ each time. */
function keyOf(address: string, query: Uint8Array): string {
  return `${address} ${latin1(query, 12, endOfQuestion(query)).toLowerCase()}`
}

/** Where the question ends that a message begins with. */
function endOfQuestion(message: Uint8Array): number {
  return message.indexOf(0, 12) + 5
}

function listen(datagrams: Datagrams, address: string, replies: Map<string, Buffer>): Datagrams {
  let key = ''
  const listened: Datagrams = {
    localAddress: datagrams.localAddress,
    onMessage: undefined,
    send(query) {
      key = keyOf(address, query)
      datagrams.send(query)
    },
    close: () => datagrams.close(),
  }
  datagrams.onMessage = (reply) => {
    if (reply !== undefined) replies.set(key, Buffer.from(reply))
    listened.onMessage?.(reply)
  }
  return listened
}

function play(address: string, replies: ReadonlyMap<string, Buffer>, spent: Recording['spent']): Datagrams {
  const datagrams: Datagrams = {
    localAddress: '127.0.0.1',
    onMessage: undefined,
    send(query) {
      const start = performance.now()
      const recorded = replies.get(keyOf(address, query))
      if (recorded === undefined) throw new Error(`nothing was recorded that ${address} says to this question`)
      const reply = Buffer.allocUnsafeSlow(recorded.length) // as sockets yield them
      reply.set(recorded)
      reply.set(query.subarray(0, 2))
      reply.set(query.subarray(12, endOfQuestion(query)), 12)
      setImmediate(() => datagrams.onMessage?.(reply))
      spent.microseconds += (performance.now() - start) * 1000
    },
    close() {},
  }
  return datagrams
}
