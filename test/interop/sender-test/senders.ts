// The mail servers that are put to the test: each writes to every test domain, and says whom it has given up.
import type { Round, Trial } from '../../../src/programs/sender-test/round.ts'
import type { Exim, EximRules } from '../exim.ts'
import type { SendingPostfix } from '../sending-postfix.ts'

/** Sends a round; resolves, when each message has arrived or been tried twice, to those that were returned. */
export type Sender = (round: Round) => Promise<ReadonlySet<Trial>>

/** Postfix tries in clear, where it may, what could not be encrypted the first time: at `may` twice is not once. */
const attemptsEnough = 2

/**
 * A Postfix that sends by this transport of its `master.cf`. What it keeps it has tried for so many seconds: a policy
 * service that could not answer once says so again to who asks again at once.
 */
export function postfixBy(postfix: SendingPostfix, transport: string, seconds = 0): Sender {
  return async ({ token, trials }) => {
    for (const { address } of trials) await postfix.submit(transport, address, token)
    for (const { address } of trials) {
      const isEnough = () => {
        const all = postfix.attempts().filter(({ to }) => to === address)
        if (all.some(({ status }) => status !== 'deferred')) return true
        const [first, last] = [all[0], all.at(-1)]
        if (all.length < attemptsEnough || first === undefined || last === undefined) return false
        return last.at - first.at >= seconds
      }
      await postfix.attemptWithFlushes(address, isEnough)
    }
    const bounced = new Set(postfix.attempts().flatMap(({ to, status }) => (status === 'bounced' ? [to] : [])))
    return new Set(trials.filter(({ address }) => bounced.has(address)))
  }
}

/** Exim by these rules; it tries in clear, where it may, in the same attempt. */
export function eximBy(exim: Exim, rules: EximRules): Sender {
  return async ({ token, trials }) => {
    exim.useRules(rules)
    const returned = new Set<Trial>()
    for (const trial of trials) {
      const { outcome } = await exim.send(trial.address, token)
      if (outcome === 'bounced') returned.add(trial)
    }
    return returned
  }
}

/** Exim without a recipe: with the defaults of its options but for these. */
export function plainRules(authority: string, transport: readonly string[] = []): EximRules {
  return {
    main: 'dns_dnssec_ok = 1',
    router: [
      'remote:',
      '  driver = dnslookup',
      '  domains = ! +local_domains',
      '  transport = remote_smtp',
      '  ignore_target_hosts = 0.0.0.0 : 127.0.0.0/8 : ::1',
      '  dnssec_request_domains = *',
      '  no_more',
    ].join('\n'),
    transport: [
      'remote_smtp:',
      '  driver = smtp',
      `  tls_verify_certificates = ${authority}`,
      ...transport.map((line) => `  ${line}`),
    ].join('\n'),
  }
}
