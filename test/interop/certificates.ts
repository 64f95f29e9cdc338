// Certificates that OpenSSL made, and TLSA data by its own arithmetic.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, type Stage } from './servers.ts'

/** A certificate authority of OpenSSL's, in the stage's folder. */
export interface Authority {
  readonly certificate: string
  issue(
    name: string,
    options?: { names?: readonly string[]; days?: number },
  ): { certificate: string; key: string; chain: string }
}

export function openAuthority(stage: Stage): Authority {
  const folder = join(stage.folder, 'ca')
  mkdirSync(folder)
  const key = join(folder, 'ca.key')
  const certificate = join(folder, 'ca.pem')
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const asAuthority = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign']
  run('openssl', [
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    key,
    '-out',
    certificate,
    '-days',
    '365',
    '-subj',
    '/CN=Interop CA',
    ...asAuthority,
  ])
  return {
    certificate,
    issue(name, { names = [name], days = 90 } = {}) {
      const file = join(folder, name)
      const request = ['req', ...newKey, '-keyout', `${file}.key`, '-out', `${file}.csr`, '-subj', `/CN=${name}`]
      run('openssl', [...request, '-addext', `subjectAltName=${names.map((text) => `DNS:${text}`).join(',')}`])
      const sign = [
        'x509',
        '-req',
        '-in',
        `${file}.csr`,
        '-CA',
        certificate,
        '-CAkey',
        key,
        '-copy_extensions',
        'copyall',
      ]
      run('openssl', [...sign, '-days', String(days), '-out', `${file}.pem`])
      writeFileSync(`${file}.chain.pem`, readFileSync(`${file}.pem`, 'utf8') + readFileSync(certificate, 'utf8'))
      return { certificate: `${file}.pem`, key: `${file}.key`, chain: `${file}.chain.pem` }
    },
  }
}

/** TLSA data by OpenSSL's own arithmetic: the SHA-256 of a certificate's public key, or of the certificate. */
export function digest(certificate: string, selector: 0 | 1): string {
  const part =
    selector === 0
      ? 'openssl x509 -in "$1" -outform DER'
      : 'openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER'
  return run('sh', ['-c', `${part} | openssl dgst -sha256 -r`, 'sh', certificate]).split(' ')[0] ?? ''
}
