import { accept, refuse } from '../../core/result.ts'
import { readOwnHost } from '../../io/delivery/own-hosts.ts'
import type { Setting } from './settings.ts'

/** By what the sending mail server knows itself among MX hosts. RFC 5321 §5.1 */
export const ownHostSetting: Setting<readonly string[]> = {
  shape: 'texts',
  fallback: [],
  read(raw) {
    const texts: readonly string[] = Array.isArray(raw) ? raw : [String(raw)]
    const own: string[] = []
    for (const text of texts) {
      const host = readOwnHost(text)
      if (host === undefined)
        return refuse(`${JSON.stringify(text.slice(0, 80))} is neither a host name nor an address`)
      own.push(host)
    }
    return accept(own)
  },
}
