// NSD gives cookies and answers whoever comes; BIND, told to be strict, answers nobody who does not show its own.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { RCODE, TYPE } from '../../src/core/dns/types.ts'
import { accept } from '../../src/core/result.ts'
import type { Datagrams, Network } from '../../src/io/network.ts'
import { createNetwork } from '../../src/io/network-node.ts'
import { createExchange } from '../../src/io/resolver/exchange.ts'
import { cookieOf } from '../support/cookie-server.ts'
import { readQuery } from '../support/dns-server.ts'
import { nameOfText } from '../support/records.ts'
import { primaries, startNamed } from './authoritative.ts'
import { addAddresses, openStage, startNsd } from './servers.ts'

const at = { nsd: '192.0.2.1', named: '192.0.2.2' }
const stage = openStage()

before(async () => {
  addAddresses(Object.values(at))
  const file = join(stage.folder, 'example')
  writeFileSync(
    file,
    '$ORIGIN example.\n$TTL 60\n@ SOA ns hostmaster 1 7200 900 1209600 60\n@ NS ns\nns A 192.0.2.1\nwww A 203.0.113.1\n',
  )
  await startNsd(stage, at.nsd, { example: file })
  // To who shows over UDP the cookie that it gave him.
  await startNamed(stage, at.named, { options: ['require-server-cookie yes;'], zones: primaries({ example: file }) })
})

after(() => stage.stop())

/** The loopback, and what went over it: the cookie of each message with its RCODE. */
function overhear(heard: (readonly [rcode: number, cookie: string | undefined])[]): Network {
  const network = createNetwork()
  const note = (message: Uint8Array) => heard.push([readQuery(message).rcode, cookieOf(message)])
  return {
    ...network,
    async openUdp(endpoint, options) {
      const opened = await network.openUdp(endpoint, options)
      if (!opened.ok) return opened
      const { value: datagrams } = opened
      const overheard: Datagrams = {
        localAddress: datagrams.localAddress,
        onMessage: undefined,
        send(message) {
          note(message)
          datagrams.send(message)
        },
        close: () => datagrams.close(),
      }
      datagrams.onMessage = (message) => {
        if (message !== undefined) note(message)
        overheard.onMessage?.(message)
      }
      return accept(overheard)
    },
  }
}

/** Asks twice; what was said over UDP, and over what the answers came. */
async function askTwice(address: string) {
  const heard: (readonly [rcode: number, cookie: string | undefined])[] = []
  const exchange = createExchange(overhear(heard))
  const answers: (string | undefined)[] = []
  for (let left = 2; left > 0; left--) {
    const asked = await exchange.ask(
      {
        ...{ endpoint: { address, port: 53 }, chosenBy: 'operator', name: nameOfText('www.example'), type: TYPE.A },
        ...{ recursionDesired: false, checkingDisabled: true, mixCase: true },
      },
      { signal: new AbortController().signal, timeoutMs: 20_000, now: () => Date.now() },
    )
    answers.push(asked.ok && asked.value.message.answer.length === 1 ? asked.value.transport : 'none')
  }
  await exchange.close()
  return { heard, answers }
}

test('RES-08: NSD gives a cookie with its first answer, gets it back, and gives one with the next', async () => {
  const { heard, answers } = await askTwice(at.nsd)
  const [[, first = ''] = [], [, given = ''] = [], [, second] = [], [, again = ''] = []] = heard
  assert.match(first, /^[0-9a-f]{16}$/)
  assert.match(given, new RegExp(`^${first}[0-9a-f]{32}$`))
  assert.equal(second, given)
  assert.match(again, new RegExp(`^${first}[0-9a-f]{32}$`))
  assert.deepEqual([heard.length, answers], [4, ['udp', 'udp']])
})

test('RES-08: BIND that wants its own cookie refuses us one time, and never again', async () => {
  const { heard, answers } = await askTwice(at.named)
  const rcodes = heard.map(([rcode]) => rcode)
  assert.deepEqual(rcodes, [0, RCODE.BADCOOKIE, 0, 0, 0, 0])
  assert.deepEqual(answers, ['udp', 'udp'])
})
