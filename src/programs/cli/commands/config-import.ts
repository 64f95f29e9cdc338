import { isUtf8 } from 'node:buffer'
import { ConfigError } from '../../../core/config-error.ts'
import { limits } from '../../../core/limits.ts'
import { readOctets } from '../../config/read-file.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit.ts'

export const configImport = defineCommand({
  name: 'config import',
  summary: 'Turn the configuration of postfix-tlspol or postfix-mta-sts-resolver into ours',
  usage: ['config import FILE'],
  description: [
    'Reads the YAML of postfix-tlspol or postfix-mta-sts-resolver, whichever it is, and prints a configuration of ours ' +
      'to standard output: each of its lines as a comment, with the setting that takes its place, or why none is needed.',
    'Only plain YAML is read: mappings, scalars and lists of them. Anchors, tags, and texts of several lines are refused.',
  ],
  options: {},
  operands: { name: 'FILE', min: 1, max: 1 },
  examples: [
    {
      line: 'waxseal config import /etc/mta-sts-daemon.yml > waxseal.toml',
      does: 'when postfix-mta-sts-resolver is replaced; look at the comments, then run config check',
    },
  ],
  exitStatuses: [{ status: EXIT.config, means: 'the file is not understood' }],
  async run({ positionals: [path = ''] }, { out }) {
    const octets = readOctets(path, limits.files.configOctets)
    if (!isUtf8(octets)) throw new ConfigError(`${path}: no UTF-8 text`)
    const { importPeer } = await import('../../config/import/import-peer.ts')
    out.write(importPeer(octets.toString(), path))
    return EXIT.done
  },
})
