import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTrustAnchors } from '../../src/core/dnssec/anchors.ts'
import { limits } from '../../src/core/limits.ts'
import { parseDomainName } from '../../src/core/name/domain.ts'
import { accept } from '../../src/core/result.ts'
import { examine } from '../../src/io/examine/examine.ts'
import { createPkixTrust } from '../../src/io/https/pkix-trust.ts'
import { createStsService } from '../../src/io/mtasts/sts-service.ts'
import type { Network } from '../../src/io/network.ts'
import { createResolver } from '../../src/io/resolver/create-resolver.ts'
import { openStore } from '../../src/io/store/open-store.ts'
import { startLab } from '../../src/programs/lab/lab.ts'

/** Counts the sockets for datagrams that are open at once. */
function counting(network: Network) {
  const count = { now: 0, most: 0 }
  const counted: Network = {
    ...network,
    async openUdp(endpoint, options) {
      count.most = Math.max(count.most, ++count.now)
      const opened = await network.openUdp(endpoint, options)
      if (!opened.ok) {
        count.now--
        return opened
      }
      const { close } = opened.value
      let isOpen = true
      opened.value.close = () => {
        if (isOpen) count.now--
        isOpen = false
        close()
      }
      return accept(opened.value)
    },
  }
  return { network: counted, count }
}

test('there are sockets for as many destinations of two MX hosts as are looked at at once', async (t) => {
  const lab = await startLab(`
world  Two MX hosts
zone   a.example
zone   a.example MX 10 mx1.a.example
zone   a.example MX 20 mx2.a.example
zone   mx1.a.example A 192.0.2.1
zone   mx2.a.example A 192.0.2.2
`)
  t.after(() => lab.close())
  const { clock, rootHints, ca } = lab
  const { network, count } = counting(lab.network)
  const anchors = parseTrustAnchors(lab.trustAnchors)
  const domain = parseDomainName('a.example')
  assert.ok(anchors.ok && domain.ok)
  const resolver = createResolver({ engine: 'iterate', network, clock, rootHints, trustAnchors: anchors.value })
  const store = openStore(':memory:')
  const sts = createStsService({ resolver, network, store, clock, trust: createPkixTrust(ca) })
  const { hosts } = await examine({ kind: 'domain', domain: domain.value }, { resolver, sts, smtpPort: 25 })
  assert.equal(hosts.length, 2)
  assert.ok(count.most > 1)
  assert.equal(count.now, 0)
  assert.ok(count.most * limits.decisions.atOnce <= limits.resolver.openSockets, `${count.most} sockets at once`)
  await sts.close()
  await resolver.close()
  await store.close()
})
