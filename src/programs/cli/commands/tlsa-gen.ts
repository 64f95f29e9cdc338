import { genOptions } from '../../publish/gen/gen-options.ts'
import { readGenWishes } from '../../publish/gen/gen-wishes.ts'
import { readClientName } from '../client-name.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit.ts'
import { worldOptions } from '../world-options.ts'

export const tlsaGen = defineCommand({
  name: 'tlsa gen',
  summary: 'Make TLSA records from certificates, keys, an ACME client or a live server',
  usage: [
    'tlsa gen --owner HOST [--next FILE] FILE|DIRECTORY...',
    'tlsa gen --host HOST... [FILE|DIRECTORY...]',
    'tlsa gen --domain DOMAIN',
  ],
  description: [
    'Makes the records by which senders with DANE recognise a mail server: 3 1 1 of each of its keys, unless --form says ' +
      'otherwise. Says on standard error what will break them one day, or what they ask of the server.',
    'FILE has certificates, in any order and with their authorities or without, public or private keys, or certificate ' +
      'requests: PEM, or one certificate, public key or request in DER; - is standard input. All files together are of one ' +
      'server. Of a private key nothing but its public half is used, and its file must not be readable for others.',
    'DIRECTORY is that of an ACME client, which is recognised by its files: live/NAME of certbot, NAME or NAME_ecc of ' +
      'acme.sh (either stands for both), certificates of lego, certificates/AUTHORITY/NAME of Caddy. What its settings do ' +
      'to the key at each renewal is told.',
    'With --host or --domain it connects to every address of the mail servers, asks for their RSA and ECDSA certificates, ' +
      'and makes records of what they show; with FILE or DIRECTORY too, it says instead which record is of what is shown now.',
    '--next adds records of a key that the server will have later: publish them before the key is used, by "waxseal tlsa ' +
      'plan".',
    'Usage 2 names an authority: the topmost certificate of the chain, or that of --issuer. Usages 0 and 1 and whole ' +
      'certificates are refused.',
  ],
  options: { ...genOptions, ...worldOptions },
  operands: { name: 'FILE', min: 0, max: 100 },
  examples: [
    { line: 'waxseal tlsa gen --host mx.example.org', does: 'records of what a mail server shows now' },
    {
      line: 'waxseal tlsa gen --owner mx.example.org /etc/letsencrypt/live/mx.example.org',
      does: "records of certbot's certificate, and what its renewals will do",
    },
    {
      line: 'waxseal tlsa gen --owner mx.example.org --next next.pem fullchain.pem',
      does: 'records of the key in use and of the next one',
    },
    {
      line: "waxseal tlsa gen --host mx.example.org --form '3 1 1' --form '2 1 1' chain.pem",
      does: 'records of the key and of its authority, held against what the server shows',
    },
    { line: 'waxseal tlsa gen --domain example.org --format octodns', does: 'records for all MX hosts, for octoDNS' },
  ],
  exitStatuses: [
    { status: EXIT.done, means: 'there are records; what is to be known of them is on standard error' },
    { status: EXIT.nothing, means: 'there is nothing to make records of' },
    {
      status: EXIT.data,
      means: 'the files cannot be used, or a server does not offer STARTTLS, without which records stop mail',
    },
    { status: EXIT.noInput, means: 'a file cannot be read' },
    { status: EXIT.noHost, means: 'the domain takes no mail' },
    { status: EXIT.unavailable, means: 'there is no such domain, or a host has no address' },
    { status: EXIT.temporary, means: 'not every address could be looked at: records may be missing' },
  ],
  async run({ values, positionals }, context) {
    const wishes = readGenWishes(values, positionals)
    const clientName = readClientName(values.helo)
    const needsWorld = wishes.hosts.length > 0 || wishes.domain !== undefined
    const world = needsWorld ? await context.openWorld(values, 'optional') : undefined
    try {
      const { runGen } = await import('../../publish/gen/run-gen.ts')
      return await runGen(wishes, { ...context, world, clientName, ipv4: values.ipv4 === true })
    } finally {
      await world?.close()
    }
  },
})
