import { type Html, html } from '../../../core/check/formats/html.ts'
import type { Setup, SetupHost } from '../../../core/check/setup.ts'
import {
  daneText,
  dnssecText,
  policyServers,
  starttlsServers,
  zoneFile,
} from '../../../core/publish/setup/server-texts.ts'
import { page } from './frame.ts'

/** How to set up, for this domain, what it has not. Values are those that the check found. */
export function setupPage(setup: Setup, { id, isPrivate }: { readonly id: string; readonly isPrivate: boolean }): Html {
  const { domain, hosts, takesMail } = setup
  return page(
    { title: `Set-up for ${domain}`, isIndexed: !isPrivate },
    html`<p class="back"><a href="/checks/${id}">Report of ${domain}</a></p>
<h1>Set-up for ${domain}</h1>
${
  takesMail && hosts.length > 0
    ? html`<p class="lead">In this order: each step needs those before it. The values are what the check found; look at them before you publish them.</p>
<nav class="pages" aria-label="Steps"><ol>
<li><a href="#starttls">STARTTLS</a></li><li><a href="#dnssec">DNSSEC</a></li><li><a href="#dane">TLSA records</a></li><li><a href="#mta-sts">MTA-STS</a></li><li><a href="#tlsrpt">TLS reports</a></li><li><a href="#zone">All records</a></li>
</ol></nav>
${starttlsPart(setup)}
${dnssecPart(setup)}
${danePart(setup)}
${stsPart(setup)}
${reportsPart(setup)}
${zonePart(setup)}`
    : html`<p class="lead">No MX host of ${domain} was found, so that there is nothing to fill in here. A domain that takes no mail says so with one record:</p>
${textPart(`${domain}. IN MX 0 .`, 'Record')}`
}`,
  )
}

type StepState = 'done' | 'to-do' | 'others' | 'unknown'

const stateWords: Record<StepState, string> = {
  ...{ done: 'done', 'to-do': 'to do', others: 'somebody else must act', unknown: 'could not be told' },
}

function stepHeading(id: string, title: string, state: StepState): Html {
  return html`<h2 id="${id}-title">${title} <span class="badge step-${state}">${stateWords[state]}</span></h2>`
}

function textPart(text: string, label: string): Html {
  return html`<pre tabindex="0" aria-label="${label}">${text}</pre>`
}

function starttlsPart({ hosts }: Setup): Html {
  const own = hosts.filter(({ isYours }) => isYours)
  const [first] = own.length > 0 ? own : hosts
  const state = stateOf(hosts, ({ hasTls }) => hasTls)
  return html`<section id="starttls" aria-labelledby="starttls-title">
${stepHeading('starttls', 'STARTTLS on every MX host', state)}
<ul>${hosts.map(
    ({ host, hasTls, isYours, operator }) =>
      html`<li><code>${host}</code>: ${hasTls === null ? 'could not be told' : hasTls ? 'works at every address' : 'does not work everywhere'}${isYours ? undefined : html`; operated by ${operator ?? 'somebody else'}, who must set it up`}</li>`,
  )}</ul>
<p>The certificate is for the name of the MX host, from a public authority where MTA-STS is to work; DANE takes any.</p>
${first === undefined ? undefined : starttlsServers(first.host).map(serverPart)}
</section>`
}

function stateOf(hosts: readonly SetupHost[], is: (host: SetupHost) => boolean | null): StepState {
  const lacking = hosts.filter((host) => is(host) !== true)
  if (lacking.length === 0) return 'done'
  if (lacking.every((host) => is(host) === null)) return 'unknown'
  return lacking.every(({ isYours }) => !isYours) ? 'others' : 'to-do'
}

interface Server {
  readonly name: string
  readonly file: string
  readonly text: string
  readonly note?: string
}

function serverPart({ name, file, text, note }: Server): Html {
  return html`<details><summary>${name}</summary>
<p>In <code>${file}</code>:</p>
${textPart(text, `${name}, ${file}`)}
${note === undefined ? undefined : html`<p>${note}</p>`}
</details>
`
}

function dnssecPart({ domain, isSigned, hosts }: Setup): Html {
  const unsigned = hosts.filter((host) => !host.isSigned)
  const state = isSigned === null ? 'unknown' : isSigned && unsigned.length === 0 ? 'done' : 'to-do'
  return html`<section id="dnssec" aria-labelledby="dnssec-title">
${stepHeading('dnssec', 'DNSSEC', state)}
<p>${isSigned === true ? html`The zone of <code>${domain}</code> is signed.` : html`The zone of <code>${domain}</code> is not signed, or it could not be told: until it is, nobody believes TLSA records below it, and an attacker can name MX hosts of his own.`}</p>
${unsigned.length === 0 ? undefined : html`<p>Not signed are the names or addresses of ${unsigned.map(({ host }, place) => html`${place === 0 ? '' : ', '}<code>${host}</code>`)}: DANE needs those zones signed as well.</p>`}
${serverPart(dnssecText(domain))}
</section>`
}

function danePart({ hosts }: Setup): Html {
  return html`<section id="dane" aria-labelledby="dane-title">
${stepHeading(
  'dane',
  'TLSA records (DANE)',
  stateOf(hosts, ({ tlsa }) => tlsa === 'match'),
)}
<p>For the keys that the hosts have now (3 1 1: end entity, its public key, SHA-256). Publish the record of each new key
at least two TTLs before the key is used, and take the old one away after.</p>
${hosts.map(hostRecords)}
${serverPart(daneText(hosts[0]?.owner ?? '_25._tcp.mx.example'))}
</section>`
}

function hostRecords({ host, owner, records, tlsa, isYours, operator, isSigned }: SetupHost): Html {
  const words = { match: 'there, and match', mismatch: 'there, and do not match', none: 'not there' }
  return html`<h3><code>${host}</code></h3>
<p>TLSA records at <code>${owner}</code> are ${words[tlsa]}.${isYours ? undefined : html` They stand in a zone of ${operator ?? 'somebody else'}, who must publish them: not in yours.`}${isSigned ? undefined : html` Its zone is not signed: nobody would believe them yet.`}</p>
${records.length === 0 ? html`<p>No certificate was seen there, so that no record can be written.</p>` : textPart(records.join('\n'), `TLSA records of ${host}`)}
`
}

function stsPart({ sts, domain }: Setup): Html {
  const { mode, record, file, fileMode, policyHost } = sts
  const state = mode === 'enforce' ? 'done' : 'to-do'
  const now = { enforce: 'in mode enforce', testing: 'in mode testing', none: 'in mode none', missing: 'not there' }
  return html`<section id="mta-sts" aria-labelledby="mta-sts-title">
${stepHeading('mta-sts', 'MTA-STS', state)}
<p>The policy of <code>${domain}</code> is ${now[mode]}. ${mode === 'enforce' ? 'This is how it looks with the hosts that there are now:' : mode === 'testing' ? 'When no report has told of a failure for some weeks, go on to mode enforce:' : 'Begin in mode testing, from which no mail suffers:'}</p>
<h3>1. The policy file</h3>
<p>At <code>https://${policyHost}/.well-known/mta-sts.txt</code>, with a certificate for <code>${policyHost}</code> from a public authority, and no redirect (mode ${fileMode}):</p>
${textPart(file, 'Policy file')}
${policyServers(policyHost).map(serverPart)}
<h3>2. The record</h3>
<p>After the file is there, and with a new id whenever the file changes:</p>
${textPart(record, 'TXT record of MTA-STS')}
</section>`
}

function reportsPart({ tlsrpt }: Setup): Html {
  return html`<section id="tlsrpt" aria-labelledby="tlsrpt-title">
${stepHeading('tlsrpt', 'TLS reports', tlsrpt.isThere ? 'done' : 'to-do')}
<p>Big senders report once a day what failed. The mailbox must exist:</p>
${textPart(tlsrpt.record, 'TXT record of TLSRPT')}
</section>`
}

function zonePart(setup: Setup): Html {
  return html`<section id="zone" aria-labelledby="zone-title">
<h2 id="zone-title">All records, as a zone file has them</h2>
<p>For the zone of <code>${setup.domain}</code>, as BIND, NSD and Knot read it; records of hosts in other zones are left out.</p>
${textPart(zoneFile(setup), 'Zone file')}
</section>`
}
