import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { accept } from '../../src/core/result.ts'
import type { Datagrams, Endpoint, Network } from '../../src/io/network.ts'
import { createNetwork } from '../../src/io/network-node.ts'
import type { Pause } from '../../src/io/probe/probe-io.ts'

/** A network with a clock of its own, on which nothing passes but round trips and pauses. */
export interface SlowWorld {
  readonly network: Network
  /** Milliseconds since the beginning. */
  now(): number
  readonly pause: Pause
  close(): void
}

interface Due {
  readonly at: number
  readonly happen: () => void
}

/** So long nothing happens in this process until it is taken for idle. */
const quiet = { turns: 4, turnMs: 2, busy: 0.5 } as const

/**
 * Every answer comes one round trip late, and so does every connection. The clock stands while this process has
 * something to do and goes straight to the next arrival when it has not: a busy machine makes nothing later, and chains
 * of questions that do not wait for each other do not add up.
 */
export function slowDown(inner: Network, roundTripMs: number): SlowWorld {
  let time = 0
  let happened = 0
  let isOver = false
  let isPumping = false
  const waiting: Due[] = []
  const servers: { close(): void }[] = []
  const doors = new Map<string, Promise<Endpoint>>()
  const loopback = createNetwork({ allowPrivate: true })

  const after = (milliseconds: number, happen: () => void) => {
    waiting.push({ at: time + milliseconds, happen })
    if (!isPumping) void pump()
  }

  async function pump(): Promise<void> {
    isPumping = true
    while (waiting.length > 0 && !isOver) {
      await becomeIdle()
      const next = Math.min(...waiting.map(({ at }) => at))
      time = next
      const now = waiting.filter(({ at }) => at === next)
      waiting.splice(0, waiting.length, ...waiting.filter(({ at }) => at !== next))
      for (const { happen } of now) happen()
    }
    isPumping = false
  }

  async function becomeIdle(): Promise<void> {
    for (let turns = 0; turns < quiet.turns; turns++) {
      const [before, load] = [happened, performance.eventLoopUtilization()]
      await wait(quiet.turnMs)
      const isBusy = performance.eventLoopUtilization(load).utilization > quiet.busy
      if (happened !== before || isBusy) turns = -1
    }
  }

  const arrive = (happen: () => void) => {
    happened++
    after(roundTripMs, happen)
  }

  /** Stands before a server, and lets what it says wait. */
  function openDoor(world: Endpoint): Promise<Endpoint> {
    const door = createServer((client) => void connectThrough(client, world))
    servers.push(door)
    door.listen(0, '127.0.0.1')
    return once(door, 'listening').then(() => ({ address: '127.0.0.1', port: (door.address() as AddressInfo).port }))
  }

  async function connectThrough(client: Socket, world: Endpoint): Promise<void> {
    client.on('error', () => {}).setNoDelay(true)
    const dialled = await inner.connectTcp(world, { chosenBy: 'operator', timeoutMs: 10_000 })
    if (!dialled.ok) return void client.destroy()
    const server = dialled.value.on('error', () => client.destroy())
    client.on('data', (octets) => {
      happened++
      server.write(octets)
    })
    client.on('end', () => server.end()).on('close', () => server.destroy())
    server.on('data', (octets: Buffer) => arrive(() => void client.write(octets)))
    server.on('end', () => arrive(() => void client.end()))
  }

  function delay(datagrams: Datagrams): Datagrams {
    let isClosed = false
    const outer: Datagrams = {
      localAddress: datagrams.localAddress,
      onMessage: undefined,
      send(message) {
        happened++
        datagrams.send(message)
      },
      close() {
        isClosed = true
        datagrams.close()
      },
    }
    datagrams.onMessage = (message) => arrive(() => isClosed || outer.onMessage?.(message))
    return outer
  }

  return {
    now: () => time,
    pause: (milliseconds) => new Promise((resolve) => after(milliseconds, resolve)),
    network: {
      async connectTcp(world, options) {
        const key = `${world.address} ${world.port}`
        const door = doors.get(key) ?? openDoor(world)
        doors.set(key, door)
        const local = await door
        await new Promise<void>((resolve) => arrive(resolve))
        return loopback.connectTcp({ ...world, ...local }, options)
      },
      async openUdp(world, options) {
        const opened = await inner.openUdp(world, options)
        return opened.ok ? accept(delay(opened.value)) : opened
      },
    },
    close() {
      isOver = true
      for (const server of servers) server.close()
    },
  }
}
