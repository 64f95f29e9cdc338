import type { Name } from '../../core/name/name.ts'

/** Which version of a zone a server has: a denial says so, and only where none was heard it is asked for. */
export interface ZoneVersions {
  /**
   * Hears one server of a zone, and resolves with what was found and the serial. Of all who hear the same at a time one
   * asks for it, when none was told.
   */
  along<Value>(
    at: { readonly zone: Name; readonly address: string },
    ways: Ways<Value>,
  ): Promise<{ readonly value: Value; readonly serial: number | undefined }>
}

interface Ways<Value> {
  hear(tell: (serial: number | undefined) => void): Promise<Value>
  /** Undefined where nothing comes of asking. */
  ask(value: Value): Promise<number | undefined> | undefined
}

/** All who hear one server at a time. */
interface Talk {
  readonly hearing: Set<Promise<unknown>>
  users: number
  serial: number | undefined
  asked: Promise<number | undefined> | undefined
}

export function createZoneVersions(): ZoneVersions {
  const talks = new Map<string, Talk>()
  return {
    async along({ zone, address }, { hear, ask }) {
      const key = `${address} ${zone.key}`
      const talk = talks.get(key) ?? { hearing: new Set(), users: 0, serial: undefined, asked: undefined }
      talks.set(key, talk)
      talk.users++
      try {
        const heard = hear((serial) => {
          talk.serial ??= serial
        })
        talk.hearing.add(heard)
        const value = await heard.finally(() => talk.hearing.delete(heard))
        // What the others hear may tell.
        if (talk.serial === undefined) await Promise.allSettled(talk.hearing)
        if (talk.serial === undefined) talk.asked ??= ask(value)
        return { value, serial: talk.serial ?? (await talk.asked) }
      } finally {
        talk.users--
        if (talk.users === 0) talks.delete(key)
      }
    },
  }
}
