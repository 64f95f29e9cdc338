import type { Socket } from 'node:net'
import type { Endpoint } from '../../io/network.ts'
import { type Front, openFront } from './hosts/front.ts'

/** How a service stands to the world at the moment. */
export interface Service {
  /** What it does with a connection when nobody is in its place. */
  honest: (socket: Socket) => void
  /** Takes it down by its own will, or puts it up again. */
  setDown(down: boolean): void
  /** Puts an attacker in its place until the returned function is called; of several the last one serves. */
  intrude(serve: (socket: Socket) => void): () => void
  /** Lets nobody connect until the returned function is called. */
  block(): () => void
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
  /** Every world endpoint that something was put at. */
  places(): Place[]
  close(): Promise<void>
}

/** Where an endpoint of the world is on this machine. */
export interface Place {
  readonly world: Endpoint
  readonly local: Endpoint
}

/** Nothing can listen here without privilege, so connections are refused at once. RFC 863 */
const nowhere: Endpoint = { address: '127.0.0.1', port: 9 }

/** `bind` says where to listen for a world endpoint, and may have to make room there first. */
export function createSwitchboard(bind: (world: Endpoint) => Promise<Endpoint>): Switchboard {
  const places = new Map<string, Place>()
  const blocked = new Set<string>()
  const fronts: Front[] = []
  const keyOf = ({ address, port }: Endpoint) => `${address} ${port}`
  return {
    place: bind,
    enter: (world, local) => void places.set(keyOf(world), { world, local }),
    route: (world) => (blocked.has(keyOf(world)) ? nowhere : (places.get(keyOf(world))?.local ?? nowhere)),
    places: () => [...places.values()],
    async offer(offered, serve, down) {
      const { dispatch, service } = createService(serve, (held) => {
        for (const world of offered) {
          if (held) blocked.add(keyOf(world))
          else blocked.delete(keyOf(world))
        }
      })
      service.setDown(down)
      for (const world of offered) {
        const front = await openFront(await bind(world), dispatch)
        fronts.push(front)
        places.set(keyOf(world), { world, local: front.endpoint })
      }
      return service
    },
    async close() {
      await Promise.all(fronts.map((front) => front.close()))
    },
  }
}

/** `onHold` is told whether anybody keeps connections off. */
function createService(
  serve: (socket: Socket) => void,
  onHold: (held: boolean) => void,
): { readonly dispatch: (socket: Socket) => void; readonly service: Service } {
  const holds = new Set<object>()
  let intruders: readonly { readonly serve: (socket: Socket) => void }[] = []
  const hold = (holder: object, isHeld: boolean) => {
    if (isHeld) holds.add(holder)
    else holds.delete(holder)
    onHold(holds.size > 0)
  }
  const service: Service = {
    honest: serve,
    setDown: (isDown) => hold(service, isDown),
    intrude(serve) {
      const intruder = { serve }
      intruders = [...intruders, intruder]
      return () => {
        intruders = intruders.filter((one) => one !== intruder)
      }
    },
    block() {
      const holder = {}
      hold(holder, true)
      return () => hold(holder, false)
    },
  }
  return {
    service,
    dispatch(socket) {
      // In a network namespace nothing is routed through here, and the connection exists already.
      if (holds.size > 0) socket.resetAndDestroy()
      else (intruders.at(-1) ?? { serve: service.honest }).serve(socket)
    },
  }
}
