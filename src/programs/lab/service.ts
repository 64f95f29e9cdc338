import type { Socket } from 'node:net'
import type { Endpoint } from '../../io/network.ts'
import { type Front, openFront } from './hosts/front.ts'

/** How a service stands to the world at the moment. */
export interface Service {
  /** World addresses and the port on which it is offered. */
  readonly offered: readonly Endpoint[]
  /** What it does with a connection when nobody is in its place. */
  honest: (socket: Socket) => void
  /** Puts an attacker in its place, or the service back with undefined. */
  intrude(serve: ((socket: Socket) => void) | undefined): void
  /** Lets nobody connect, or everybody again. */
  block(blocked: boolean): void
}

/** Where world endpoints are found on this machine. */
export interface Switchboard {
  /** Where a server for this world endpoint may listen. */
  place(world: Endpoint): Promise<Endpoint>
  offer(offered: readonly Endpoint[], serve: (socket: Socket) => void, down: boolean): Promise<Service>
  /** Enters a server that stands by itself. */
  enter(world: Endpoint, local: Endpoint): void
  /** The world's endpoint on this machine; one that nothing listens on when the world has none there. */
  route(world: Endpoint): Endpoint
  close(): Promise<void>
}

/** Nothing can listen here without privilege, so connections are refused at once. RFC 863 */
const nowhere: Endpoint = { address: '127.0.0.1', port: 9 }

/** `bind` says where to listen for a world endpoint, and may have to make room there first. */
export function createSwitchboard(bind: (world: Endpoint) => Promise<Endpoint>): Switchboard {
  const local = new Map<string, Endpoint>()
  const blocked = new Set<string>()
  const fronts: Front[] = []
  const keyOf = ({ address, port }: Endpoint) => `${address} ${port}`
  return {
    place: bind,
    enter: (world, endpoint) => void local.set(keyOf(world), endpoint),
    route: (world) => (blocked.has(keyOf(world)) ? nowhere : (local.get(keyOf(world)) ?? nowhere)),
    async offer(offered, serve, down) {
      let isBlocked = down
      let intruder: ((socket: Socket) => void) | undefined
      const dispatch = (socket: Socket) => {
        if (isBlocked) socket.resetAndDestroy()
        else (intruder ?? service.honest)(socket)
      }
      for (const world of offered) {
        const front = await openFront(await bind(world), dispatch)
        fronts.push(front)
        local.set(keyOf(world), front.endpoint)
      }
      const service: Service = {
        offered,
        honest: serve,
        intrude(serve) {
          intruder = serve
        },
        block(block) {
          isBlocked = block
          for (const world of offered) {
            if (block) blocked.add(keyOf(world))
            else blocked.delete(keyOf(world))
          }
        },
      }
      service.block(down)
      return service
    },
    async close() {
      await Promise.all(fronts.map((front) => front.close()))
    },
  }
}
