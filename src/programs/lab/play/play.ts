import { wasReadByAttacker } from '../diary.ts'
import type { Lab } from '../lab.ts'
import type { Event, SendEvent } from '../world/world.ts'
import { type Aftermath, complain } from './check.ts'
import type { Sent } from './sent.ts'

/** Sends one message as somebody in the world would. */
export type Send = (event: SendEvent, token: string) => Promise<Sent>

/** Something that did not come as its world says. */
export interface Surprise {
  /** Line of the world's text; 0 for what its header promises. */
  readonly line: number
  readonly text: string
}

/** Lets everything happen that the world says, and tells what came otherwise. */
export async function playWorld(lab: Lab, send: Send): Promise<readonly Surprise[]> {
  const surprises: Surprise[] = []
  const rows = new Set<string>()
  let last: Aftermath | undefined
  for (const [index, event] of lab.world.events.entries()) {
    if (event.kind === 'expect') {
      const complaint = last === undefined ? undefined : complain(event.expectation, last)
      if (complaint !== undefined) surprises.push({ line: event.line, text: complaint })
    } else if (event.kind === 'send') {
      lab.reset()
      const token = `token-${event.line}-of-this-world`
      const sent = await send(event, token)
      for (const row of sent.rows) rows.add(row)
      const domain = event.mailbox.slice(event.mailbox.lastIndexOf('@') + 1).toLowerCase()
      last = { sent, domain, diary: lab.diary, token }
      const leak = wasReadByAttacker(lab.diary, token) && !mayLeak(lab.world.events, index)
      if (leak) surprises.push({ line: event.line, text: 'an attacker could read it' })
    } else await happen(lab, event)
  }
  for (const row of lab.world.rows) {
    // Table 1e is made of cases that the other tables decide.
    if (!row.startsWith('1e/') && !rows.has(row)) surprises.push({ line: 0, text: `row ${row} was not shown` })
  }
  return surprises
}

/** Whether the expectations that follow a message allow that it is read. */
function mayLeak(events: readonly Event[], index: number): boolean {
  for (const event of events.slice(index + 1)) {
    if (event.kind === 'send') return false
    if (event.kind === 'expect' && event.expectation.kind === 'read-by-attacker') return true
  }
  return false
}

async function happen(lab: Lab, event: Exclude<Event, { kind: 'expect' } | { kind: 'send' }>): Promise<void> {
  switch (event.kind) {
    case 'attack':
      return lab.attack(event.attack)
    case 'calm':
      return lab.calm(event.attack, event.target)
    case 'clock':
      return lab.move(event)
    case 'zone':
      throw new Error('parseWorld lets no zone stand behind an event')
    case 'drop':
    case 'host':
    case 'policy':
    case 'record':
      return lab.change(event)
  }
}
