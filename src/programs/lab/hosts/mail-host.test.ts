import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { openMint } from '../certificates/mint.ts'
import { createDiary, type ReceivedMessage } from '../diary.ts'
import { hostOf } from '../world/statements.ts'
import { openFront } from './front.ts'
import { createMailHost, type MailHostOptions } from './mail-host.ts'

const host = hostOf('mx.example.org')

/** What a host of these options says to these octets, until it hangs up. */
async function talk(octets: string, options: Partial<MailHostOptions>) {
  const credential = await (await openMint()).issue(host.certificate)
  const diary = createDiary()
  const front = await openFront(
    { address: '127.0.0.1', port: 0 },
    createMailHost({ host, credential, by: 'recipient', diary, ...options }),
  )
  const said = await new Promise<string>((resolve) => {
    let text = ''
    const socket = connect(front.endpoint.port, '127.0.0.1')
    socket.on('data', (chunk) => {
      text += chunk.toString()
    })
    socket.on('error', () => {}) // it may be cut off
    socket.on('close', () => resolve(text))
    socket.write(octets)
  })
  await front.close()
  return { said, diary }
}

const message = 'MAIL FROM:<a@example>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nhello\r\n.\r\n'

test('a session with more commands than there may be is ended, with a word of why', async () => {
  const { said } = await talk('NOOP\r\n'.repeat(20), { bounds: { octets: 100_000, commands: 10 } })
  assert.equal(said.match(/^250 /gm)?.length, 10)
  assert.match(said, /421 4\.7\.0 too much for one session\r\n$/)
})

test('lines of a message are no commands', async () => {
  const { diary } = await talk(`${message.replace('hello', 'hello\r\n'.repeat(50))}QUIT\r\n`, {
    bounds: { octets: 100_000, commands: 10 },
  })
  assert.equal(diary.received.length, 1)
})

test('a message of more octets than there may be is not taken', async () => {
  const { said, diary } = await talk(message.replace('hello', 'hello '.repeat(500)), {
    bounds: { octets: 1000, commands: 10 },
  })
  assert.doesNotMatch(said, /taken/)
  assert.deepEqual(diary.received, [])
})

test('mail to a mailbox that there is none of is refused, and what is taken elsewhere stays out of the diary', async () => {
  const taken: ReceivedMessage[] = []
  const accepts = (mailbox: string) => mailbox === 'b@example.org'
  const take = (one: ReceivedMessage) => taken.push(one)
  const other = 'MAIL FROM:<a@example>\r\nRCPT TO:<c@example.org>\r\nDATA\r\n'
  const { said, diary } = await talk(`${other}${message}QUIT\r\n`, { accepts, take })
  assert.match(said, /^550 5\.1\.1 .*\r\n503 /m)
  assert.deepEqual(diary.received, [])
  assert.deepEqual(
    taken.map(({ to, text }) => [to, text]),
    [[['b@example.org'], 'hello\r\n']],
  )
})
