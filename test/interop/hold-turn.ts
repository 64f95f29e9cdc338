// A machine that takes the turn at a fetch and does nothing more, to be killed: `hold-turn.ts SOCKET DOMAIN ID`.
import { createRedisFleet } from '../../src/io/store/shared/redis-fleet.ts'
import { openRedisLink } from '../../src/io/store/shared/redis-link.ts'
import { createFetchTurns } from '../../src/io/store/shared/take-turns.ts'
import { domain } from '../support/domain.ts'

const [path = '', name = '', id = ''] = process.argv.slice(2)
const clock = { now: () => 0 }
const random = () => 0.5
const link = openRedisLink(
  { address: { kind: 'unix', path }, database: 0, user: undefined, password: undefined },
  { random, onState: () => {} },
)
await link.known
const fleet = createRedisFleet({ link, prefix: 'waxseal:', clock })
const policies = { adopt: async () => undefined, noteFailure: async () => {} }
const turns = createFetchTurns({ fleet, policies, clock, random, token: () => 'held' })
const { signal } = new AbortController()
const turn = await turns.take({ domain: domain(name), id }, { signal, waitMs: 0 })
process.stdout.write(`${turn.kind}\n`)
