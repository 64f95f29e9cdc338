import { parentPort, workerData } from 'node:worker_threads'
import { createWaxseal, formatRecord } from '../../src/index.ts'
import { startLab } from '../../src/programs/lab/lab.ts'

/** What a worker found out, in what can be sent between threads. */
export interface WorkerFindings {
  readonly records: readonly string[]
  readonly status: string
  readonly denial: string
  readonly decision: string
  readonly aborted: string
}

/** Uses the library as a program does that keeps it in a thread of its own, in a world of its own. */
async function work(domain: string): Promise<WorkerFindings> {
  const lab = await startLab(`world  one domain with DANE
zone ${domain}
zone ${domain} MX 10 mx.${domain}
zone _25._tcp.mx.${domain} TLSA 3 1 1 {mx.spki.sha256}
host mx.${domain} certificate=self-signed
`)
  const { network, clock, rootHints, trustAnchors, ca } = lab
  const mail = createWaxseal({ engine: 'iterate', network, clock, rootHints, trustAnchors, ca })
  try {
    const found = await mail.resolve(domain, 'MX')
    const missing = await mail.resolve(`nobody.${domain}`, 'MX')
    const { decision } = await mail.explain(domain)
    const giveUp = new AbortController()
    const left = mail.resolve(`other.${domain}`, 'A', { signal: giveUp.signal })
    giveUp.abort()
    const ended = await left
    return {
      records: found.kind === 'answer' ? found.records.map(formatRecord) : [],
      status: found.kind === 'failure' ? found.reason : found.status,
      denial: missing.kind === 'failure' ? missing.reason : `${missing.kind} ${missing.status}`,
      decision: [
        decision.action,
        ...decision.hosts.map((host) => (host.action === 'connect' ? host.tls : 'skip')),
      ].join(' '),
      aborted: ended.kind === 'failure' ? ended.why : ended.kind,
    }
  } finally {
    await mail.close()
    await lab.close()
  }
}

parentPort?.postMessage(await work(String(workerData)))
