import type { Finding } from '../report.ts'
import { actorOf } from './words.ts'

/** All that a finding says below its title, in plain lines: not escaped, and evidence may have line ends of its own. */
export function findingText(finding: Finding): string[] {
  const { subject, seen, publish, rfc, help } = finding
  const actor = actorOf(finding)
  return [
    `${subject} (${rfc})`,
    ...seen.map(({ text, source }) => (source === null ? `seen: ${text}` : `seen at ${source}: ${text}`)),
    ...(actor === undefined ? [] : [`who must act: ${actor}`]),
    ...publish.flatMap(({ kind, where, note, text }) => [
      `${kind === 'setting' ? 'set at' : 'publish in'} ${where} (${note}):`,
      ...text.split('\n').map((line) => `    ${line}`),
    ]),
    `help: ${help}`,
  ]
}
