import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { describeEnd, type ProgramOptions, runProgram } from './run-program.ts'

const usual: ProgramOptions = {
  ...{ environment: { PATH: process.env.PATH }, input: '', timeoutMs: 60_000, graceMs: 60_000, saidCharacters: 100 },
}
const node = (script: string) => [process.execPath, '-e', script] as const
const shell = (script: string) => ['/bin/sh', '-c', script] as const

test('a program is told what it needs, and tells how it ended', async () => {
  const words = node('process.stderr.write(require("fs").readFileSync(0, "utf8") + process.env.X); process.exit(7)')
  const end = await runProgram(words, { ...usual, input: 'in ', environment: { X: 'and around' } })
  assert.deepEqual(end, { kind: 'ended', status: 7, said: 'in and around' })
  assert.equal(describeEnd(end, 'x', 1), 'it ended with status 7: in and around')
})

test('of what a program says only so much is kept', async () => {
  const end = await runProgram(node('process.stderr.write("x".repeat(1e6))'), usual)
  assert.deepEqual(end, { kind: 'ended', status: 0, said: 'x'.repeat(100) })
})

test('a program that does not end when it is told to is ended', async () => {
  const words = node('process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)')
  assert.deepEqual(await runProgram(words, { ...usual, timeoutMs: 1, graceMs: 1 }), { kind: 'timeout', said: '' })
})

test('what a program has started ends with it when its time is over', async () => {
  // The one started holds a connection for as long as it runs.
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number } // of TCP
  const child = `"${process.execPath}" -e 'require("net").connect(${port}, "127.0.0.1"); process.on("SIGTERM", () => {})'`
  const stop = new AbortController()
  const running = runProgram(shell(`${child} & wait`), { ...usual, graceMs: 1, signal: stop.signal })
  const [socket] = (await once(server, 'connection')) as [import('node:net').Socket] // `connection` comes with nothing else
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  socket.resume()
  stop.abort()
  assert.deepEqual(await running, { kind: 'aborted', said: '' })
  await closed
  server.close()
})

test('the end of a program counts, not that of what it leaves running', async () => {
  const end = await runProgram(shell('sleep 60 & echo $! >&2'), { ...usual, graceMs: 1 })
  assert.ok(end.kind === 'ended' && end.status === 0)
  process.kill(Number(end.said))
})

test('a program that cannot be run is said to be so', async () => {
  const end = await runProgram(['/nowhere/\x1b'], usual)
  assert.equal(describeEnd(end, '/nowhere/\x1b', 1), 'cannot run "/nowhere/\\x1b": no such file')
})

test('a program that cannot be told so much, or has no name, is said not to run', async () => {
  const end = await runProgram(node(''), { ...usual, environment: { MUCH: 'x'.repeat(1024 * 1024) } })
  assert.match(describeEnd(end, 'x', 1), /^cannot run "x": there is too much to tell it$/)
  assert.equal((await runProgram(['a\0b'], usual)).kind, 'failed')
})

test('nothing is run for who has given up already', async () => {
  assert.deepEqual(await runProgram(['/nowhere'], { ...usual, signal: AbortSignal.abort() }), {
    kind: 'aborted',
    said: '',
  })
})
