/** A host that mail may go to, and how much it is preferred: the lower the better. RFC 5321 §5.1 */
interface Preferred {
  readonly preference: number
}

/** Random numbers from 0 up to 1, never 1 itself. */
export type Random = () => number

/**
 * The hosts in the order of trying them: the most preferred first, those alike shuffled so that they share the load.
 * Security never changes the order. RFC 5321 §5.1, RFC 7672 §2.2.1
 */
export function orderHosts<Host extends Preferred>(hosts: readonly Host[], random: Random): Host[] {
  return hosts
    .map((host) => ({ host, lot: random() }))
    .sort((one, other) => one.host.preference - other.host.preference || one.lot - other.lot)
    .map(({ host }) => host)
}

/**
 * The hosts without those that would lead back to us: where we are among them, all that are not strictly preferred to
 * us. None may be left: then nobody better than us takes this mail. RFC 5321 §5.1
 */
export function cutSelf<Host extends Preferred>(hosts: readonly Host[], isSelf: (host: Host) => boolean): Host[] {
  const own = hosts.filter(isSelf).map(({ preference }) => preference)
  const best = Math.min(...own)
  return hosts.filter(({ preference }) => preference < best)
}
