// Debian's pebble, with its servers at 127.0.0.1 of the namespace, and DNS that leads every name there.
import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { createAuthority } from '../support/certificates.ts'
import type { Stage } from './servers.ts'
import { waitForPort } from './servers.ts'

export interface Pebble {
  readonly directory: string
  /** Of its own HTTPS server, PEM. */
  readonly serverRoot: string
  /** Of the certificates that it issues: another after each start. PEM. */
  readonly root: string
}

export interface PebbleOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly config?: object
}

/** Where pebble and its DNS listen, and where it looks for answers to challenges. */
export const pebblePorts = { acme: 14_000, management: 15_000, http: 5002, tls: 5001, dns: 8053, dnsManagement: 8055 }

export async function startPebble(stage: Stage, options: PebbleOptions = {}): Promise<Pebble> {
  const authority = await createAuthority('CN=Pebble Server Root')
  const identity = await authority.issue({ names: ['acme.test'] })
  const file = (name: string, text: string) => {
    writeFileSync(join(stage.folder, name), text)
    return join(stage.folder, name)
  }
  const pebble = {
    listenAddress: `127.0.0.1:${pebblePorts.acme}`,
    managementListenAddress: `127.0.0.1:${pebblePorts.management}`,
    certificate: file('pebble.pem', identity.cert),
    privateKey: file('pebble.key', identity.key),
    ...{ httpPort: pebblePorts.http, tlsPort: pebblePorts.tls, ocspResponderURL: '' },
    ...options.config,
  }
  const config = file('pebble.json', JSON.stringify({ pebble }))
  const dns = `127.0.0.1:${pebblePorts.dns}`
  stage.start('pebble-challtestsrv', [
    ...['-defaultIPv4', '127.0.0.1', '-defaultIPv6', '', '-dns01', dns, '-http01', '', '-https01', ''],
    ...['-tlsalpn01', '', '-management', `127.0.0.1:${pebblePorts.dnsManagement}`],
  ])
  const variables = { PEBBLE_VA_NOSLEEP: '1', PEBBLE_AUTHZREUSE: '0', ...options.environment }
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  stage.start('env', [...settings, 'pebble', '-strict', '-config', config, '-dnsserver', dns])
  await waitForPort('127.0.0.1', pebblePorts.acme)
  await waitForPort('127.0.0.1', pebblePorts.management)
  return {
    directory: `https://acme.test:${pebblePorts.acme}/dir`,
    serverRoot: authority.pem,
    root: await manage('roots/0', authority.pem),
  }
}

/** What the management interface says. */
export function manage(path: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: pebblePorts.management, servername: 'acme.test', ca, path: `/${path}` }
    request(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks).toString()))
    })
      .on('error', reject)
      .end()
  })
}
