import { accept } from '../src/core/result.ts'
import type { Datagrams, Network } from '../src/io/network.ts'

/** How a bad network treats what goes through it, each from 0 to 1 of all datagrams. */
export interface Roughness {
  readonly lost: number
  readonly doubled: number
  /** Every datagram is late by up to so much, so that later ones overtake it. */
  readonly lateMs: number
  /** TCP connections that break within `lateMs`. */
  readonly broken: number
}

export interface RoughNetwork {
  readonly network: Network
  readonly counts: { sent: number; lost: number; doubled: number; connections: number; broken: number; open: number }
}

/** Loses, delays, doubles and reorders datagrams in both directions, and breaks connections. */
export function makeRough(network: Network, { lost, doubled, lateMs, broken }: Roughness): RoughNetwork {
  const counts = { sent: 0, lost: 0, doubled: 0, connections: 0, broken: 0, open: 0 }

  function pass(deliver: () => void, isClosed: () => boolean): void {
    counts.sent++
    if (Math.random() < lost) {
      counts.lost++
      return
    }
    const copies = Math.random() < doubled ? 2 : 1
    counts.doubled += copies - 1
    for (let copy = 0; copy < copies; copy++) {
      setTimeout(() => isClosed() || deliver(), Math.random() * lateMs)
    }
  }

  function roughen(inner: Datagrams): Datagrams {
    let isClosed = false
    counts.open++
    const outer: Datagrams = {
      localAddress: inner.localAddress,
      onMessage: undefined,
      send: (message) =>
        pass(
          () => inner.send(message),
          () => isClosed,
        ),
      close() {
        if (isClosed) return
        isClosed = true
        counts.open--
        inner.close()
      },
    }
    inner.onMessage = (message) =>
      pass(
        () => outer.onMessage?.(message),
        () => isClosed,
      )
    return outer
  }

  return {
    counts,
    network: {
      async openUdp(endpoint, options) {
        const opened = await network.openUdp(endpoint, options)
        return opened.ok ? accept(roughen(opened.value)) : opened
      },
      async connectTcp(endpoint, options) {
        const dialled = await network.connectTcp(endpoint, options)
        if (!dialled.ok) return dialled
        counts.connections++
        counts.open++
        const socket = dialled.value
        const isBroken = Math.random() < broken
        const timer = isBroken ? setTimeout(() => socket.resetAndDestroy(), Math.random() * lateMs) : undefined
        if (isBroken) counts.broken++
        socket.once('close', () => {
          clearTimeout(timer)
          counts.open--
        })
        return dialled
      },
    },
  }
}
