import { readFileSync } from 'node:fs'

const args = process.argv.slice(2)
if (args[0] === '--version' || args[0] === '-V') writeVersion()
else void run()

/** What runs commands is loaded only now: the version must not wait for it. */
async function run(): Promise<void> {
  const { runProcess } = await import('./run-process.ts')
  await runProcess(args)
}

function writeVersion(): void {
  process.stdout.on('error', (error) => {
    void import('./end-without-output.ts').then(({ endWithoutOutput }) => endWithoutOutput(error))
  })
  process.stdout.write(`waxseal ${version()}\n`)
}

function version(): string {
  const file = new URL('../../../package.json', import.meta.url)
  const { version: text } = JSON.parse(readFileSync(file, 'utf8')) as { version: string } // our own file
  return text
}
