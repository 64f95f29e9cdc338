// `waxseal setup` as a command line: its forms, statuses, and a signal while it watches.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { SetupPlan } from '../../src/core/publish/setup/report.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn } from '../support/lab-commands.ts'

let lab: Lab

before(async () => {
  lab = await startLab(`
zone bare.example signed=no
zone bare.example MX 10 mx.bare.example
host mx.bare.example starttls=no
zone half.example
zone half.example MX 10 mx.half.example
zone half.example MX 20 in.provider.example
zone _smtp._tls.half.example TXT "v=TLSRPTv1; rua=mailto:tls@half.example"
host mx.half.example
policy half.example mode=testing mx=mx.half.example
zone provider.example
host in.provider.example
zone all.example
zone all.example MX 10 mx.all.example
zone _25._tcp.mx.all.example TLSA 3 1 1 {mx.all.example.spki.sha256}
zone _smtp._tls.all.example TXT "v=TLSRPTv1; rua=mailto:tls@half.example"
host mx.all.example
policy all.example mx=mx.all.example max_age=2419200
zone nomail.example
zone nomail.example MX 0 .
`)
})
after(() => lab.close())

test('the command: forms, statuses, and what cannot be meant', async () => {
  const commands = commandsIn(lab)
  try {
    const run = (...args: string[]) => commands.run(['setup', ...args, ...commands.iterate])
    const bare = await run('bare.example')
    assert.equal(bare.status, 1)
    assert.match(bare.stdout, /^Set-up of bare\.example: 0 of 9 steps are done\.\n/)
    const all = await run('all.example')
    assert.equal(all.status, 0)
    assert.match(all.stdout, /^Everything that can be seen of all\.example is set up\.\n/)
    const json = JSON.parse((await run('--json', '--no-sts', 'bare.example')).stdout) as SetupPlan // our own text
    assert.deepEqual([json.schema, json.domain, json.state], ['waxseal.setup/1', 'bare.example', 'to-do'])
    assert.match((await run('--format', 'markdown', 'half.example')).stdout, /^# Set-up of half\.example\n/)
    assert.match((await run('--format', 'zone', 'half.example')).stdout, /^; half\.example: records to publish\n/)
    const verified = await run('--verify', 'all.example')
    assert.equal(verified.status, 0)
    assert.match(verified.stdout, /Everything is live that can be done now\.\n$/)
    const nomail = await run('nomail.example')
    assert.deepEqual(
      [nomail.status, nomail.stderr],
      [68, 'waxseal: nomail.example takes no mail (null MX): there is nothing to set up\n'],
    )
    assert.equal((await run('nowhere.all.example')).status, 69)
    for (const wrong of [
      ['--mode', 'none'],
      ['--give-up', '1h'],
      ['--no-dane', '--no-sts'],
      ['--rua', 'http://x.example'],
    ]) {
      assert.equal((await run(...wrong, 'all.example')).status, 64, wrong.join(' '))
    }
  } finally {
    commands.close()
  }
})

test('a signal ends --verify in a pause', async () => {
  const commands = commandsIn(lab)
  const stop = new AbortController()
  try {
    const line = ['setup', '--verify', ...commands.iterate, 'half.example']
    const ended = await commands.run(line, {
      signal: stop.signal,
      onOutput: (text) => text.includes('9. ') && stop.abort(),
    })
    assert.equal(ended.status, 130)
    assert.match(ended.stdout, /^\[ \] 4\. Publish TLSA records for mx\.half\.example: the records are not there$/m)
  } finally {
    commands.close()
  }
})
