import type { DomainName } from '../../../core/name/domain.ts'
import type { PairPaths } from '../../../io/publish/certificate-file.ts'

export interface Exported {
  readonly folder: string
  readonly hosts: readonly DomainName[]
  /** Of a host, one of each type of key. */
  pairsOf(host: DomainName): readonly PairPaths[]
}

/** For `include` inside `http { }`: one server for each host, of which none redirects. */
export function nginxText({ folder, hosts, pairsOf }: Exported): string {
  const servers = hosts.map(
    (host) => `server {
    listen 443 ssl;
    listen [::]:443 ssl;
    server_name ${host};
${pairsOf(host)
  .map(({ chain, key }) => `    ssl_certificate "${chain}";\n    ssl_certificate_key "${key}";\n`)
  .join('')}
    location = /.well-known/mta-sts.txt {
        root "${folder}/${host}";
        types { }
        default_type text/plain;
        add_header Cache-Control max-age=60;
    }
    location / { return 404; }
}
`,
  )
  return ['# Include this inside "http { }".\n', ...servers].join('')
}

/** With mod_ssl and mod_headers. */
export function apacheText({ folder, hosts, pairsOf }: Exported): string {
  const servers = hosts.map(
    (host) => `<VirtualHost *:443>
    ServerName ${host}
    SSLEngine on
${pairsOf(host)
  .map(({ chain, key }) => `    SSLCertificateFile "${chain}"\n    SSLCertificateKeyFile "${key}"\n`)
  .join('')}
    DocumentRoot "${folder}/${host}"
    <Directory "${folder}/${host}">
        AllowOverride None
        Require all denied
    </Directory>
    <Directory "${folder}/${host}/.well-known">
        <Files "mta-sts.txt">
            Require all granted
            ForceType text/plain
            Header set Cache-Control max-age=60
        </Files>
    </Directory>
</VirtualHost>
`,
  )
  return ['# Needs mod_ssl and mod_headers.\n', ...servers].join('')
}

/** Caddy has its certificates by itself. */
export function caddyText({ folder, hosts }: Exported): string {
  return `${hosts.join(',\n')} {
    root * ${folder}/{host}
    @policy path /.well-known/mta-sts.txt
    handle @policy {
        header Content-Type text/plain
        header Cache-Control max-age=60
        file_server
    }
    handle {
        respond 404
    }
}
`
}
