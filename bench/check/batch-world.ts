/** The domains of a batch, and where they are. */
export interface BatchSize {
  readonly domains: number
  readonly hosts: number
  /** Of one zone: one is usual, more spare sockets where there are very many. */
  readonly domainsOfZone: number
}

export function domainOf(number: number, { domainsOfZone }: BatchSize): string {
  const zone = `customer${Math.floor(number / domainsOfZone)}.example`
  return domainsOfZone === 1 ? zone : `d${number}.${zone}`
}

/** Domains of customers at one provider: an MX host each, with DANE by a key of each kind, and a place for reports where it has a zone. */
export function batchWorld(size: BatchSize): string {
  const lines = ['world  Many domains at one provider', 'zone   provider.example algorithm=ecdsap256']
  for (let number = 0; number < size.hosts; number++) {
    const host = `mx${number}.provider.example`
    lines.push(
      `host   ${host} key=rsa also=p256 certificate=self-signed names=mx.provider.example`,
      `zone   _25._tcp.${host} TLSA 3 1 1 {${host}.spki.sha256}`,
      `zone   _25._tcp.${host} TLSA 3 1 1 {${host}.also.spki.sha256}`,
    )
  }
  for (let zone = 0; zone * size.domainsOfZone < size.domains; zone++) {
    const [origin, host] = [`customer${zone}.example`, `mx${zone % size.hosts}.provider.example`]
    lines.push(`zone   ${origin} algorithm=ecdsap256`)
    // The text of a world is bounded: where a zone has many domains, a wildcard stands for all of them.
    lines.push(`zone   ${size.domainsOfZone === 1 ? origin : `*.${origin}`} MX 10 ${host}`)
    if (size.domainsOfZone === 1) {
      lines.push(`zone   _smtp._tls.${origin} TXT "v=TLSRPTv1; rua=mailto:tls@provider.example"`)
    }
  }
  return `${lines.join('\n')}\n`
}
