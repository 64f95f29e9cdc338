/** As OpenSSL names them, the newest first. */
export const tlsVersions = ['TLSv1.3', 'TLSv1.2', 'TLSv1.1', 'TLSv1', 'SSLv3'] as const

export type TlsVersion = (typeof tlsVersions)[number]

/** On the wire. RFC 8446 §4.1.2 */
export const versionNumbers: Readonly<Record<TlsVersion, number>> = {
  'TLSv1.3': 0x0304,
  'TLSv1.2': 0x0303,
  'TLSv1.1': 0x0302,
  TLSv1: 0x0301,
  SSLv3: 0x0300,
}

export function versionByNumber(number: number): TlsVersion | undefined {
  return tlsVersions.find((version) => versionNumbers[version] === number)
}
