/** Numbers that look random, the same for the same seed. */
export type Random = (below: number) => number

/** Mulberry32: 32 bits of state are plenty to choose mutations by. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

export interface Material {
  readonly random: Random
  /** Pieces that the grammar of the target knows. */
  readonly words: readonly Uint8Array[]
  /** An input to cross with. */
  readonly other: Uint8Array
  readonly octetsMax: number
}

type Mutation = (octets: Uint8Array, material: Material) => Uint8Array

const telling = [0, 1, 0x0a, 0x0d, 0x20, 0x22, 0x2e, 0x3f, 0x40, 0x5c, 0x7f, 0x80, 0xc0, 0xff]

const mutations: readonly Mutation[] = [
  (octets, { random }) => changed(octets, random, (octet) => octet ^ (1 << random(8))),
  (octets, { random }) => changed(octets, random, () => random(256)),
  (octets, { random }) => changed(octets, random, () => telling[random(telling.length)] ?? 0),
  (octets, { random }) => changed(octets, random, (octet) => octet + (random(2) === 0 ? 1 : 255)),
  (octets, { random }) => spliced(octets, random, Uint8Array.of(random(256)), 0),
  (octets, { random }) => spliced(octets, random, new Uint8Array(0), 1 + random(8)),
  (octets, { random }) => spliced(octets, random, new Uint8Array(0), 1 + random(1 + octets.length)),
  (octets, { random }) => spliced(octets, random, pieceOf(octets, random), 0),
  (octets, { random }) => spliced(octets, random, pieceOf(octets, random), random(8)),
  (octets, { random, other }) => spliced(octets, random, pieceOf(other, random), random(1 + octets.length)),
  (octets, { random, other }) => spliced(octets, random, pieceOf(other, random), 0),
  (octets, { random, words }) => spliced(octets, random, wordOf(words, random), 0),
  (octets, { random, words }) => spliced(octets, random, wordOf(words, random), random(8)),
  (octets, { random, words }) => spliced(octets, random, repeated(wordOf(words, random), 1 + random(64)), 0),
]

/** The input with one to eight changes. */
export function mutate(octets: Uint8Array, material: Material): Uint8Array {
  const { random, octetsMax } = material
  let mutant = octets
  for (let left = 1 + random(1 + random(8)); left > 0; left--) {
    const mutation = mutations[random(mutations.length)]
    mutant = mutation?.(mutant, material) ?? mutant
  }
  return mutant.slice(0, octetsMax)
}

function changed(octets: Uint8Array, random: Random, change: (octet: number) => number): Uint8Array {
  if (octets.length === 0) return octets
  const at = random(octets.length)
  return octets.with(at, change(octets[at] ?? 0))
}

/** `piece` put somewhere, over `removed` octets. */
function spliced(octets: Uint8Array, random: Random, piece: Uint8Array, removed: number): Uint8Array {
  const at = random(1 + octets.length)
  return Uint8Array.from([...octets.subarray(0, at), ...piece, ...octets.subarray(at + removed)])
}

function pieceOf(octets: Uint8Array, random: Random): Uint8Array {
  const start = random(1 + octets.length)
  return octets.subarray(start, start + random(1 + octets.length - start))
}

function wordOf(words: readonly Uint8Array[], random: Random): Uint8Array {
  return words[random(Math.max(1, words.length))] ?? Uint8Array.of(random(256))
}

function repeated(piece: Uint8Array, times: number): Uint8Array {
  return Uint8Array.from(Array.from({ length: times }, () => [...piece]).flat())
}
