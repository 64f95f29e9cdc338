import { isBroken } from '../../check/failures.ts'
import { dnsText } from '../../check/findings/finding.ts'
import type { Publication } from '../../check/report.ts'
import type { SetupHost } from '../../check/setup.ts'
import type { HostView } from '../../check/view.ts'
import { pkixFault } from '../../decision/peer-finding.ts'
import { holdersFor, keysHeld } from '../doctor/published.ts'
import { type Around, failureSeen, forgetting } from './around.ts'
import { caaNotes } from './caa.ts'
import type { SetupWishes, StepDraft, StepState } from './report.ts'
import { dnssecText, type MailServer, outgoingText, type ServerText, starttlsText } from './server-texts.ts'

/** What concerns the mail servers themselves, and DANE. */
export function mailSteps(around: Around): StepDraft[] {
  const { setup, wishes } = around
  if (setup.hosts.length === 0) return []
  return [
    starttlsStep(around),
    ...(wishes.sts ? [certificatesStep(around)] : []),
    ...(wishes.dane ? [dnssecStep(around), ...setup.hosts.map((host) => tlsaStep(around, host))] : []),
  ]
}

/** Of all hosts: done where each is right, somebody else's where only hosts of others lack it. */
function stateOver(hosts: readonly SetupHost[], is: (host: SetupHost) => boolean | null): StepState {
  const lacking = hosts.filter((host) => is(host) !== true)
  if (lacking.length === 0) return 'done'
  if (lacking.every((host) => is(host) === null)) return 'unknown'
  return lacking.some(({ isYours }) => isYours) ? 'to-do' : 'others'
}

function ownerOf(hosts: readonly SetupHost[]): Pick<StepDraft, 'who' | 'whoseName'> {
  const foreign = hosts.find(({ isYours }) => !isYours)
  if (foreign === undefined || hosts.some(({ isYours }) => isYours)) return { who: 'you', whoseName: null }
  return { who: 'your mail provider', whoseName: foreign.operator }
}

/** Text for a server's configuration, where it goes. */
function setting({ name, file, text, note }: ServerText): Publication {
  return { kind: 'setting', where: `${name}: ${file}`, text, note: note ?? '' }
}

/** Which mail server it is, by how it greets: no promise, and better than a guess. */
export function serverOf({
  view,
  wishes,
}: Pick<Around, 'view'> & { readonly wishes: Pick<SetupWishes, 'server'> }): MailServer {
  if (wishes.server !== undefined) return wishes.server
  const greetings = view.hosts.flatMap(({ addresses }) =>
    addresses.flatMap(({ talk }) => talk?.greeting.reply.lines ?? []),
  )
  return (
    (['postfix', 'exim'] as const).find((server) =>
      greetings.some((line) => new RegExp(`\\b${server}\\b`, 'i').test(line)),
    ) ?? 'postfix'
  )
}

function starttlsStep(around: Around): StepDraft {
  const { view, setup } = around
  const lacking = setup.hosts.filter(({ hasTls }) => hasTls !== true)
  const own = lacking.filter(({ isYours, hasTls }) => isYours && hasTls === false)
  return {
    ...{ id: 'starttls', title: 'Offer STARTTLS on every MX host, at every address', needs: [] },
    state: stateOver(setup.hosts, ({ hasTls }) => hasTls),
    seen: setup.hosts.map(({ host, hasTls }) => {
      const isNowhere = view.hosts.find((one) => one.host === host)?.facts.addresses.kind === 'none'
      const untold = isNowhere ? 'it has no address' : 'could not be told'
      return `${host}: ${hasTls === null ? untold : hasTls ? 'works at every address' : 'does not work everywhere'}`
    }),
    ...ownerOf(lacking),
    texts: own.slice(0, 1).map(({ host }) => setting(starttlsText(serverOf(around), host))),
    ...{ notes: own.length > 1 ? ['each host likewise, with certificates of its own'] : [], wait: null },
    see: `waxseal check --only smtp ${setup.domain}`,
  }
}

/** DANE takes any certificate; MTA-STS wants one that everybody believes. RFC 8461 §4.2 */
function certificatesStep({ view, setup }: Around): StepDraft {
  const isValid = (host: SetupHost): boolean | null => {
    const keys = keysOf(view.hosts.find((one) => one.host === host.host))
    if (keys.length === 0) return host.hasTls === false ? false : null
    return keys.every(({ pkix }) => pkixFault(pkix) === undefined)
  }
  const lacking = setup.hosts.filter((host) => isValid(host) !== true)
  const own = lacking.filter((host) => host.isYours && isValid(host) === false)
  const text = own.flatMap(({ host }) =>
    (['ecdsa', 'rsa'] as const).map(
      (kind) => `certbot certonly --reuse-key --key-type ${kind} --cert-name ${host}-${kind} -d ${host}`,
    ),
  )
  return {
    ...{ id: 'certificates', title: 'Have certificates that everybody believes, for MTA-STS', needs: ['starttls'] },
    state: stateOver(setup.hosts, isValid),
    seen: setup.hosts.map((host) => {
      const is = isValid(host)
      return `${host.host}: ${is === null ? 'none was seen' : is ? 'from a public authority, for its name' : 'not from a public authority, or not for its name'}`
    }),
    ...ownerOf(lacking),
    texts:
      text.length === 0
        ? []
        : [
            {
              kind: 'setting',
              where: 'a shell, with certbot or as your ACME client has it',
              text: text.join('\n'),
              note: 'keep the keys at renewals, for DANE',
            },
          ],
    notes: [
      ...new Set(own.flatMap(({ host }) => caaNotes(view.hosts.find((one) => one.host === host)?.side?.caa ?? []))),
    ],
    ...{ wait: null, see: `waxseal check --only smtp ${setup.domain}` },
  }
}

function keysOf(host: HostView | undefined) {
  return host?.addresses.flatMap(({ keys }) => keys) ?? []
}

/** Without it DANE counts for nothing, and MTA-STS does all the same. RFC 7672 §2.2.1 */
function dnssecStep({ view, setup }: Around): StepDraft {
  const { domain, isSigned, hosts } = setup
  const unsigned = hosts.filter((host) => !host.isSigned)
  const isOthers = isSigned === true && unsigned.length > 0 && unsigned.every(({ isYours }) => !isYours)
  const isDone = isSigned === true && unsigned.length === 0
  const owner = isOthers ? ownerOf(unsigned) : view.owners.dns(domain)
  return {
    ...{ id: 'dnssec', title: 'Sign the zones with DNSSEC, for DANE', needs: [] },
    state: isDone ? 'done' : isSigned === null ? 'unknown' : isOthers ? 'others' : 'to-do',
    seen: [
      isSigned === null
        ? `whether ${domain} is signed could not be told`
        : `${domain} is ${isSigned ? '' : 'not '}signed`,
      ...unsigned.map(({ host }) => `${host} is not signed`),
    ],
    ...{ who: owner.who, whoseName: owner.whoseName },
    texts: isSigned === false ? [setting(dnssecText(domain))] : [],
    notes: isDone
      ? []
      : [
          'sign first, have every name server serve the signatures, and give the DS record to the registry a day after',
          'MTA-STS works without DNSSEC: go on with it meanwhile',
        ],
    wait: { seconds: 86_400, why: 'caches may hold the unsigned delegation so long' },
    see: `waxseal dns ${domain} MX`,
  }
}

/** Records for the keys that a host has now, in the zone that it lies in. RFC 7672 §3.1.1 */
function tlsaStep({ view, setup }: Around, host: SetupHost): StepDraft {
  const seen = view.hosts.find((one) => one.host === host.host)
  const holders = seen === undefined ? [] : holdersFor(view, seen)
  const keys = seen === undefined ? [] : keysHeld(seen, holders)
  const isAsked = holders.some(({ state }) => state !== 'untold')
  const isOut =
    keys.length > 0 && keys.every(({ on, notOn, without }) => on.length > 0 && notOn.length + without.length === 0)
  const isDone = host.isSigned && (isAsked ? isOut : host.tlsa === 'match')
  const behind = keys.flatMap(({ notOn, without }) => [...notOn, ...without].map(({ label }) => label))
  const some = keys.some(({ on }) => on.length > 0) ? [`not on ${[...new Set(behind)].join(', ')} yet`] : []
  const words = { match: 'there, and match', mismatch: 'there, and do not match', none: 'not there' }
  const lookup = seen?.facts.tlsa.lookups[0]
  const failed = seen?.facts.tlsa.lookups.find(({ kind }) => kind === 'failure')
  const isHeld = !isDone && (host.tlsa === 'mismatch' ? keys.length > 0 : failed !== undefined && isBroken(failed))
  const texts =
    isDone || host.records.length === 0
      ? []
      : [dnsText(host.host, host.records.join('\n'), 'for the keys that it has now; beside those that are there')]
  return {
    ...{ id: `tlsa ${host.host}`, title: `Publish TLSA records for ${host.host}`, needs: ['starttls', 'dnssec'] },
    state: isDone ? 'done' : stateOfRecords(host, keys.length > 0),
    seen: [
      failureSeen(failed) ??
        (keys.length === 0
          ? 'no certificate was seen, so that no record can be made'
          : `the records are ${isDone ? words.match : words[host.tlsa]}`),
      ...(isDone || behind.length === 0 ? [] : some),
      ...(isHeld ? ['senders who check hold mail back now: "waxseal tlsa doctor" says what to do first'] : []),
    ],
    ...ownerOf([host]),
    texts,
    notes: isDone
      ? []
      : [
          ...(texts.length === 0
            ? []
            : [
                `look on the machine itself whether these are its keys (waxseal tlsa gen --owner ${host.host} FILE): what an address shows could be anybody's`,
              ]),
          'from then on publish the record of each new key two TTLs before the key is used: waxseal tlsa plan',
          ...(host.isSigned || !setup.isSigned
            ? []
            : [`${host.host} is not signed: nobody would believe the records yet`]),
        ],
    wait: forgetting(lookup),
    see: `waxseal tlsa doctor ${host.host}`,
  }
}

/** Records need a key to be of, and a zone in which they are believed. */
function stateOfRecords({ hasTls, isSigned, isYours }: SetupHost, hasKey: boolean): StepState {
  if (!isSigned || hasTls === false) return 'later'
  if (!hasKey) return 'unknown'
  return isYours ? 'to-do' : 'others'
}

/** What this domain's own mail server asks of others: nobody sees that from outside. */
export function outgoingStep(around: Around): StepDraft {
  return {
    ...{ id: 'outgoing', title: 'Hold outgoing mail to what others publish', state: 'unseen', needs: [] },
    seen: ['cannot be seen from outside'],
    ...{ who: 'you', whoseName: null, wait: null },
    texts: [setting(outgoingText(serverOf(around)))],
    notes: ['waxseal serve runs on the machine that sends: docs/operation.md has the units'],
    see: 'waxseal sender-test lab',
  }
}
