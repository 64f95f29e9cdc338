import type { CheckResult, SignatureCheck } from '../../core/dnssec/checking.ts'
import { limits } from '../../core/limits.ts'

/** Memory that two threads share: checks go round in it from the one that asks to the one that makes them. */
export type CheckRing = SharedArrayBuffer

const { checksApart: slots, checkOctets: slotOctets, checkPauseMs } = limits.resolver

/** Places in the first words. */
const at = { asked: 0, made: 1, isServed: 2, isWaited: 3, isUnhurried: 4, never: 5 } as const
const headWords = 8
/** Of each slot: what came of it, and the lengths of the key, the data and the signature. */
const slotWords = 4

const results: readonly (CheckResult | undefined)[] = [undefined, 'right', 'wrong', 'no-key']

export type SharedCheck = Pick<SignatureCheck, 'data' | 'signature'> & { readonly key: Uint8Array }

export function createCheckRing(): CheckRing {
  return new SharedArrayBuffer(4 * (headWords + slots * slotWords) + slots * slotOctets)
}

function viewsOf(ring: CheckRing) {
  const words = new Int32Array(ring, 0, headWords + slots * slotWords)
  return { words, octets: new Uint8Array(ring, words.byteLength) }
}

/** The end of who asks. */
export interface AskingEnd {
  /** Whether the other end is there. */
  isServed(): boolean
  /** Whether the check is on its way: not when all slots are taken, or it is too long for one. */
  ask(check: SharedCheck): boolean
  /** Whether the other end is to pause after each check from now on, for who needs its processor. */
  takeTime(isUnhurried: boolean): void
  /** What came of the checks made since, in the order of asking; undefined where it could not be found out. */
  collect(): (CheckResult | undefined)[]
  /** From now on the next result is told of; whether there is none yet. */
  waitForNext(): boolean
}

export function openAskingEnd(ring: CheckRing): AskingEnd {
  const { words, octets } = viewsOf(ring)
  let asked = 0
  let collected = 0
  return {
    isServed: () => Atomics.load(words, at.isServed) === 1,
    ask({ key, data, signature }) {
      const isFull = asked - collected >= slots
      if (isFull || key.length + data.length + signature.length > slotOctets) return false
      const slot = asked % slots
      const start = slot * slotOctets
      octets.set(key, start)
      octets.set(data, start + key.length)
      octets.set(signature, start + key.length + data.length)
      words.set([0, key.length, data.length, signature.length], headWords + slot * slotWords)
      asked++
      Atomics.store(words, at.asked, asked | 0)
      Atomics.notify(words, at.asked)
      return true
    },
    takeTime(isUnhurried) {
      Atomics.store(words, at.isUnhurried, isUnhurried ? 1 : 0)
    },
    collect() {
      const found: (CheckResult | undefined)[] = []
      // What is counted beyond 32 bits comes round in both ends alike.
      for (let made = Atomics.load(words, at.made); (collected | 0) !== made; collected++) {
        found.push(results[words[headWords + (collected % slots) * slotWords] ?? 0])
      }
      return found
    },
    waitForNext() {
      Atomics.store(words, at.isWaited, 1)
      return Atomics.load(words, at.made) === (collected | 0)
    },
  }
}

/** The end of who makes the checks. */
export interface MakingEnd {
  /** Blocks the thread until something has been asked. */
  waitForMore(): void
  /** Makes, one after the other, all checks that have been asked. */
  makeAll(): void
}

/** `tell` is called at a result that somebody waits for. */
export function openMakingEnd(
  ring: CheckRing,
  make: (check: SharedCheck) => CheckResult | undefined,
  tell: () => void,
): MakingEnd {
  const { words, octets } = viewsOf(ring)
  let made = 0
  Atomics.store(words, at.isServed, 1)
  return {
    waitForMore() {
      Atomics.wait(words, at.asked, made | 0)
    },
    makeAll() {
      while (Atomics.load(words, at.asked) !== (made | 0)) {
        const slot = made % slots
        const word = headWords + slot * slotWords
        words[word] = results.indexOf(make(read(octets, slot, words.subarray(word + 1, word + slotWords))))
        made++
        Atomics.store(words, at.made, made | 0)
        if (Atomics.exchange(words, at.isWaited, 0) === 1) tell()
        // Nobody wakes it: who is let go first may take the whole time.
        if (Atomics.load(words, at.isUnhurried) === 1) Atomics.wait(words, at.never, 0, checkPauseMs)
      }
    },
  }
}

/** Copies: the slot is written again when its result has been collected. */
function read(octets: Uint8Array, slot: number, lengths: Int32Array): SharedCheck {
  let end = slot * slotOctets
  const [key, data, signature] = Array.from(lengths, (length) => {
    end += length
    return new Uint8Array(octets.subarray(end - length, end)) // memory of its own
  }) as [Uint8Array, Uint8Array, Uint8Array] // as many as there are lengths
  return { key, data, signature }
}
