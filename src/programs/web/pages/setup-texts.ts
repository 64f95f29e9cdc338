import type { Setup } from '../../../core/check/setup.ts'

/** Configuration for one program, with the names of this domain in it. */
interface ServerText {
  readonly name: string
  readonly file: string
  readonly text: string
  readonly note?: string
}

/** Names here are host names, which have no character that any of these languages gives a meaning. */
export function starttlsServers(host: string): ServerText[] {
  const folder = `/etc/letsencrypt/live/${host}`
  return [
    {
      ...{ name: 'Postfix', file: '/etc/postfix/main.cf' },
      text: [
        'smtpd_tls_security_level = may',
        `smtpd_tls_chain_files = ${folder}/privkey.pem, ${folder}/fullchain.pem`,
        'smtpd_tls_mandatory_protocols = >=TLSv1.2',
        'smtpd_tls_protocols = >=TLSv1.2',
      ].join('\n'),
      note: 'Then postfix reload. For DANE, have the key reused at renewals (certbot renew --reuse-key), or publish each new one first.',
    },
    {
      ...{ name: 'Exim', file: '/etc/exim4/exim4.conf (main section)' },
      text: [
        'tls_advertise_hosts = *',
        `tls_certificate = ${folder}/fullchain.pem`,
        `tls_privatekey = ${folder}/privkey.pem`,
      ].join('\n'),
      note: 'Exim reads the files as its own user: it must be allowed to.',
    },
  ]
}

export function policyServers(policyHost: string): ServerText[] {
  const folder = `/etc/letsencrypt/live/${policyHost}`
  return [
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
