import { createHash, X509Certificate } from 'node:crypto'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { AnchorTable } from '../store/store.ts'

/** Trust anchors that DANE-TA records named and servers showed, so that the next delivery needs one handshake. */
export type AnchorMemory = AnchorTable

/** A memory that ends with the process. */
export function createAnchorMemory(): AnchorMemory {
  const byHost = new Map<DomainName, Awaited<ReturnType<AnchorTable['find']>>>()
  return {
    find: async (host) => byHost.get(host) ?? [],
    put: async (anchor) => {
      const others = (byHost.get(anchor.host) ?? []).filter(({ digest }) => digest !== anchor.digest)
      byHost.delete(anchor.host)
      byHost.set(anchor.host, [anchor, ...others].slice(0, limits.store.anchorsPerHost))
      const oldest = byHost.keys().next().value
      if (byHost.size > limits.smtp.anchors && oldest !== undefined) byHost.delete(oldest)
      return 'durable'
    },
  }
}

/** The anchors remembered for a host, the last used first; what can no longer be read is passed over. */
export async function recallAnchors(memory: AnchorMemory, host: DomainName): Promise<X509Certificate[]> {
  const known = await memory.find(host)
  return known.flatMap(({ certificate }) => {
    try {
      return [new X509Certificate(certificate)]
    } catch {
      return []
    }
  })
}

export async function rememberAnchors(
  memory: AnchorMemory,
  host: DomainName,
  anchors: readonly X509Certificate[],
  usedAt: number,
): Promise<void> {
  for (const { raw } of anchors) {
    await memory.put({ host, certificate: raw, digest: createHash('sha256').update(raw).digest('hex'), usedAt })
  }
}
