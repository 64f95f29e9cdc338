import type { SecureContext } from 'node:tls'
import type { DomainName } from '../../core/name/domain.ts'

/**
 * Where a policy server has its certificates from: files, or an ACME client that obtains them.
 *
 * Every name here is that of a policy host, `mta-sts.` and the policy domain, as its parser made it: what a client sent
 * as SNI or Host comes here only once it is known to be a host that we serve, by configuration or because its domain
 * has proved that it is delegated to us. All questions are answered at once, from memory or a small file, and none throws:
 * a source that must work first begins to, says undefined now, and has the answer for a later client.
 */
export interface CertificateSource {
  /**
   * What to show a client that asks for this policy host; asked for each ClientHello that names it.
   *
   * The server reads the ClientHello and makes the TLS connection with this context from its start: of the context that an
   * SNICallback gives, Node takes one certificate, and an RSA and ECDSA pair needs both. `createPolicyContext` makes it.
   * Undefined when there is none: the handshake then ends with the alert internal_error. A source that can obtain
   * certificates takes the question as the wish for one and begins, within its own budget, unless it has begun already
   * or waits after a failure. It gives a context out until its certificate ends, also when renewal fails; after a renewal
   * it gives out the new one, and connections that have the old one keep it.
   */
  contextFor(host: DomainName): SecureContext | undefined
  /** When the certificate for this host ends, in milliseconds since 1970; undefined when there is none. For metrics. */
  endOf(host: DomainName): number | undefined
  /**
   * The policy hosts of the configuration, all of them: told before the server listens and after every reload, for a source
   * that obtains certificates ahead of the first client. Those of delegated domains are not among them. The list may
   * be long: work on it does not belong in this call.
   */
  serve(hosts: ReadonlySet<DomainName>): void
  /** Undefined for a source that needs no answers of ours to challenges. */
  readonly challenges?: Challenges
  /** Ends what is under way and lets go of files and connections; contexts given out stay usable. */
  close(): Promise<void>
}

/** What an ACME server looks for on our ports while it validates. The server answers; the source only says what. */
export interface Challenges {
  /**
   * The key authorization to answer `GET /.well-known/acme-challenge/TOKEN` with on port 80, for this host. RFC 8555 §8.3
   *
   * Asked for any Host that is a host name, ours or not, and any token of base64url characters of bounded length: the source
   * knows which challenges it is waiting for.
   */
  http01(host: DomainName, token: string): string | undefined
  /**
   * The context with the certificate of the challenge, for a client that offers `acme-tls/1` alone and asks for this name.
   * RFC 8737 §3
   *
   * The server then speaks `acme-tls/1` and nothing else, and closes the connection after the handshake. Asked for any
   * name in SNI that is a host name, ours or not. Undefined ends the handshake.
   */
  tlsAlpn01(host: DomainName): SecureContext | undefined
}
