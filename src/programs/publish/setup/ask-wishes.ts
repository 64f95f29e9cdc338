import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { limits } from '../../../core/limits.ts'
import type { SetupWishes } from '../../../core/publish/setup/report.ts'
import { mailServers } from '../../../core/publish/setup/server-texts.ts'
import { UsageError } from '../../cli/command.ts'
import type { Out } from '../../cli/out.ts'
import { readPolicyHost, readTargets, type SetupValues } from './setup-options.ts'

export interface AskAround {
  readonly input: Readable
  readonly out: Pick<Out, 'note'>
  readonly signal: AbortSignal
  readonly domain: string
}

/** One question, what is taken for an empty answer, and what an answer changes; it throws for what cannot be meant. */
interface Question {
  readonly isOpen: (values: SetupValues) => boolean
  readonly text: (wishes: SetupWishes, domain: string) => { readonly ask: string; readonly usual: string }
  readonly take: (wishes: SetupWishes, answer: string) => SetupWishes
}

const questions: readonly Question[] = [
  {
    isOpen: ({ rua }) => rua === undefined || rua.length === 0,
    text: (_, domain) => ({
      ask: 'Where shall reports about TLS go (a mailbox, or https:)?',
      usual: `tls-reports@${domain}`,
    }),
    take: (wishes, answer) => ({ ...wishes, rua: readTargets([answer]) }),
  },
  {
    isOpen: ({ dane }) => dane === undefined,
    text: () => ({ ask: 'DANE: prove the keys of your mail servers by DNSSEC (yes, no)?', usual: 'yes' }),
    take: (wishes, answer) => ({ ...wishes, dane: readYes(answer) }),
  },
  {
    isOpen: ({ sts }) => sts === undefined,
    text: () => ({ ask: 'MTA-STS: say over HTTPS that your mail servers have TLS (yes, no)?', usual: 'yes' }),
    take: (wishes, answer) => ({ ...wishes, sts: readYes(answer) }),
  },
  {
    isOpen: (values) => values['policy-host'] === undefined && values.sts !== false,
    text: () => ({ ask: 'Who serves the policy: own, or delegated:HOST?', usual: 'own' }),
    take: (wishes, answer) => (wishes.sts ? { ...wishes, policyHost: readPolicyHost(answer) } : wishes),
  },
  {
    isOpen: (values) => values['mail-server'] === undefined,
    text: () => ({ ask: `Which mail server is it: ${mailServers.join(', ')}, or see by its greeting?`, usual: 'see' }),
    take: (wishes, answer) => ({ ...wishes, server: readServer(answer) }),
  },
]

/**
 * Asks for what was not given, one line each. An empty answer takes what is usual, the end of the input takes that for the
 * rest; what cannot be meant is said and asked again. Undefined when it was told to stop.
 */
export async function askWishes(
  given: SetupWishes,
  values: SetupValues,
  around: AskAround,
): Promise<SetupWishes | undefined> {
  const { input, out, signal, domain } = around
  const lines = createInterface({ input, signal })
  const answers = lines[Symbol.asyncIterator]()
  let wishes = given
  if (questions.some(({ isOpen }) => isOpen(values))) out.note('An empty answer takes what stands in brackets.')
  try {
    for (const { isOpen, text, take } of questions) {
      if (!isOpen(values)) continue
      const { ask, usual } = text(wishes, domain)
      for (let tries = 0; tries < limits.setup.answerTries; tries++) {
        out.note(`${ask} [${usual}]`)
        const next = await answers.next()
        if (signal.aborted) return undefined
        if (next.done === true) return wishes
        const answer = next.value.slice(0, limits.setup.answerCharacters).trim() || usual
        try {
          wishes = take(wishes, answer)
          break
        } catch (error) {
          if (!(error instanceof UsageError)) throw error
          out.note(error.message.replace(/^option --[a-z-]+: /, ''))
        }
      }
    }
    return wishes
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  } finally {
    lines.close()
  }
}

function readYes(answer: string): boolean {
  if (/^y(?:es)?$/i.test(answer)) return true
  if (/^no?$/i.test(answer)) return false
  throw new UsageError('answer yes or no')
}

function readServer(answer: string): SetupWishes['server'] {
  const server = mailServers.find((one) => one === answer.toLowerCase())
  if (server !== undefined || answer === 'see') return server
  throw new UsageError(`answer ${mailServers.join(', ')} or see`)
}
