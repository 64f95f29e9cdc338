import type { Setup } from '../../check/setup.ts'

/** Configuration for one program, with the names of this domain in it. */
export interface ServerText {
  readonly name: string
  readonly file: string
  readonly text: string
  readonly note?: string
}

/** Mail servers for which there are texts. */
export const mailServers = ['postfix', 'exim', 'other'] as const

export type MailServer = (typeof mailServers)[number]

/**
 * What lets a mail server offer STARTTLS, with a certificate of either kind: some senders know one alone.
 *
 * Names here are host names, which have no character that any of these languages gives a meaning.
 */
export function starttlsServers(host: string): ServerText[] {
  return [starttlsTexts.postfix(host), starttlsTexts.exim(host)]
}

export function starttlsText(server: MailServer, host: string): ServerText {
  return starttlsTexts[server](host)
}

function folders(host: string) {
  return { ecdsa: `/etc/letsencrypt/live/${host}-ecdsa`, rsa: `/etc/letsencrypt/live/${host}-rsa` }
}

const starttlsTexts: Record<MailServer, (host: string) => ServerText> = {
  postfix(host) {
    const { ecdsa, rsa } = folders(host)
    return {
      ...{ name: 'Postfix', file: '/etc/postfix/main.cf' },
      text: [
        'smtpd_tls_security_level = may',
        'smtpd_tls_chain_files =',
        `    ${ecdsa}/privkey.pem, ${ecdsa}/fullchain.pem,`,
        `    ${rsa}/privkey.pem, ${rsa}/fullchain.pem`,
        'smtpd_tls_mandatory_protocols = >=TLSv1.2',
        'smtpd_tls_protocols = >=TLSv1.2',
      ].join('\n'),
      note: `Then postfix reload. ${keys}`,
    }
  },
  exim(host) {
    const { ecdsa, rsa } = folders(host)
    return {
      ...{ name: 'Exim', file: '/etc/exim4/exim4.conf (main section)' },
      text: [
        'tls_advertise_hosts = *',
        `tls_certificate = ${ecdsa}/fullchain.pem : ${rsa}/fullchain.pem`,
        `tls_privatekey = ${ecdsa}/privkey.pem : ${rsa}/privkey.pem`,
      ].join('\n'),
      note: `Exim reads the files as its own user: it must be allowed to. ${keys}`,
    }
  },
  other(host) {
    return {
      ...{ name: 'Any mail server', file: 'its configuration' },
      text: [
        `STARTTLS on port 25 at every address of ${host}, for every client`,
        'TLS 1.2 and 1.3, and nothing older',
        `a certificate for ${host} with its whole chain; ECDSA and RSA where it can have both`,
      ].join('\n'),
      note: keys,
    }
  },
}

const keys =
  'One certificate is enough. With both, each needs a TLSA record of its own. For DANE, have the keys reused at renewals (certbot renew --reuse-key), or publish each new one first.'

/** What has a mail server ask us before it delivers. docs/postfix.md, docs/exim.md */
export function outgoingText(server: MailServer): ServerText {
  return outgoingTexts[server]
}

const outgoingTexts: Record<MailServer, ServerText> = {
  postfix: {
    ...{ name: 'Postfix', file: '/etc/postfix/main.cf' },
    text: [
      'smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:QUERY',
      'smtp_tls_security_level = dane',
      'smtp_dns_support_level = dnssec',
      'smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt',
    ].join('\n'),
    note: 'It needs a validating resolver on the same machine: docs/postfix.md.',
  },
  exim: {
    ...{ name: 'Exim', file: '/etc/exim4/exim4.conf, each line in its section' },
    text: [
      '.include /usr/share/waxseal/exim/main.conf',
      '.include /usr/share/waxseal/exim/routers.conf',
      '.include /usr/share/waxseal/exim/transports.conf',
    ].join('\n'),
    note: 'Start it as "waxseal serve --lines /run/waxseal/lines": docs/exim.md.',
  },
  other: {
    ...{ name: 'Others', file: 'docs/other-mail-servers.md' },
    text: 'waxseal serve',
    note: 'Haraka, ZoneMTA, KumoMTA and whatever runs a program have adapters there.',
  },
}

export function policyServers(policyHost: string): ServerText[] {
  const folder = `/etc/letsencrypt/live/${policyHost}`
  const domain = policyHost.replace(/^mta-sts\./, '')
  return [
    {
      ...{ name: 'waxseal sts host', file: '/etc/waxseal/sts-host.toml' },
      text: `policies = "policies"
state = "/var/lib/waxseal-sts-host"

[[certificate]]
chain = "/etc/letsencrypt/live/{host}/fullchain.pem"
key = "/etc/letsencrypt/live/{host}/privkey.pem"`,
      note: `The policy file is /etc/waxseal/policies/${domain}.txt: docs/sts-host.md.`,
    },
    {
      ...{ name: 'nginx', file: `/etc/nginx/conf.d/${policyHost}.conf` },
      text: `server {
    listen 443 ssl;
    listen [::]:443 ssl;
    server_name ${policyHost};
    ssl_certificate ${folder}/fullchain.pem;
    ssl_certificate_key ${folder}/privkey.pem;

    location = /.well-known/mta-sts.txt {
        root /var/www/${policyHost};
        types { }
        default_type text/plain;
    }
    location / { return 404; }
}`,
      note: `The policy file is /var/www/${policyHost}/.well-known/mta-sts.txt.`,
    },
    {
      ...{ name: 'Caddy', file: '/etc/caddy/Caddyfile' },
      text: `${policyHost} {
    root * /var/www/${policyHost}
    handle /.well-known/mta-sts.txt {
        header Content-Type text/plain
        file_server
    }
    handle {
        respond 404
    }
}`,
      note: `The policy file is /var/www/${policyHost}/.well-known/mta-sts.txt. Caddy gets its certificate itself.`,
    },
  ]
}

export function dnssecText(domain: string): ServerText {
  return {
    ...{ name: 'BIND', file: '/etc/bind/named.conf.local' },
    text: `zone "${domain}" {
    type primary;
    file "/var/lib/bind/${domain}.zone";
    dnssec-policy default;
    inline-signing yes;
};`,
    note: 'Then give the DS record to the registry through your registrar: "dnssec-dsfromkey" makes it from the key of which "rndc dnssec -status" shows the tag. At a DNS host this is usually one switch.',
  }
}

/** How to make the record of a key that is not in use yet. */
export function daneText(owner: string): ServerText {
  return {
    ...{ name: 'For the next key', file: 'a shell' },
    text: `openssl pkey -in next-key.pem -pubout -outform DER | openssl dgst -sha256 -r \\
  | awk '{ print "${owner}. IN TLSA 3 1 1 " $1 }'`,
  }
}

/** Records of the domain's own zone alone. */
export function zoneFile({ hosts, sts, tlsrpt }: Setup): string {
  const tlsa = hosts.flatMap(({ isYours, records }) => (isYours ? records : []))
  const policyHost = `; ${sts.policyHost}. IN A and AAAA: the addresses of your web server`
  const others = [sts.mode === 'missing' ? policyHost : undefined, sts.record, tlsrpt.record]
  return [...tlsa, ...others.filter((line) => line !== undefined)].join('\n')
}
