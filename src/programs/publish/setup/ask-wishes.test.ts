import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import type { SetupWishes } from '../../../core/publish/setup/report.ts'
import { askWishes } from './ask-wishes.ts'
import { readWishes, type SetupValues } from './setup-options.ts'

interface Asked {
  readonly wishes: SetupWishes | undefined
  readonly shown: readonly string[]
}

async function ask(answers: string, values: SetupValues = {}, signal = new AbortController().signal): Promise<Asked> {
  const shown: string[] = []
  const input = Readable.from([Buffer.from(answers)])
  const around = { input, signal, domain: 'example.org', out: { note: (text: string) => shown.push(text) } }
  return { wishes: await askWishes(readWishes(values, 0), values, around), shown }
}

test('empty answers take what is usual', async () => {
  const { wishes, shown } = await ask('\n\n\n\n\n')
  assert.deepEqual(wishes, { ...readWishes({}, 0), rua: ['mailto:tls-reports@example.org'] })
  assert.equal(shown.length, 6)
  assert.equal(shown[0], 'An empty answer takes what stands in brackets.')
  assert.equal(shown[1], 'Where shall reports about TLS go (a mailbox, or https:)? [tls-reports@example.org]')
})

test('answers count', async () => {
  const { wishes } = await ask('https://r.example/x\nno\nYES\ndelegated:mta-sts.provider.example\nexim\n')
  assert.deepEqual(
    [wishes?.rua, wishes?.dane, wishes?.sts, wishes?.policyHost.kind, wishes?.server],
    [['https://r.example/x'], false, true, 'delegated', 'exim'],
  )
})

test('an answer that cannot be meant is asked for again, with the reason', async () => {
  const { wishes, shown } = await ask('http://r.example\na@example.net\nperhaps\ny\n\n\n\n')
  assert.deepEqual([wishes?.rua, wishes?.dane], [['mailto:a@example.net'], true])
  assert.deepEqual(shown.slice(2, 3), ['"http://r.example": reports go by mailto: or https: alone'])
  assert.ok(shown.includes('answer yes or no'))
})

test('after so many answers that cannot be meant the usual is left, and the next question comes', async () => {
  const { wishes, shown } = await ask(`${'nonsense\n'.repeat(5)}no\n\n\n\n`)
  assert.deepEqual([wishes?.rua, wishes?.dane], [undefined, false])
  assert.equal(shown.filter((text) => text.startsWith('Where')).length, 5)
})

test('what was given is not asked', async () => {
  const values = { rua: ['a@example.net'], dane: false, 'mail-server': 'postfix', 'policy-host': 'own' }
  const { shown } = await ask('', { ...values, sts: true })
  assert.deepEqual(shown, [])
})

test('the end of the input takes the usual for the rest, and a stop takes nothing', async () => {
  const { wishes } = await ask('a@example.net\n')
  assert.deepEqual([wishes?.rua, wishes?.dane], [['mailto:a@example.net'], true])
  assert.equal((await ask('a@example.net\n', {}, AbortSignal.abort())).wishes, undefined)
})
