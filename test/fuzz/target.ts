/** One parser under fuzzing. */
export interface Target {
  /** Also the folder of its inputs in `corpus/`. */
  readonly name: string
  /** Hands the octets to the parser, and throws where what it says cannot be right. */
  readonly run: (octets: Uint8Array) => void | Promise<void>
  /** Inputs to begin with, besides its corpus. */
  readonly seeds: readonly Uint8Array[]
  /** Pieces that its grammar knows. */
  readonly words: readonly Uint8Array[]
  /** Blocks that it may enter for each octet, where that is more than usual. */
  readonly workPerOctet?: number
}

/** A target that reads text; octets that are no UTF-8 become U+FFFD, as they do for most of our input. */
export function textTarget(
  name: string,
  run: (text: string) => void | Promise<void>,
  { seeds = [], words = '' }: { seeds?: readonly string[]; words?: string } = {},
): Target {
  const decoder = new TextDecoder()
  return {
    name,
    run: (octets) => run(decoder.decode(octets)),
    seeds: seeds.map(encode),
    words: [...words.split(' '), ' ', '\n', '\r\n', '\t'].filter((word) => word !== '').map(encode),
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
