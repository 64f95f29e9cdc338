import { problem, type Route } from './reply.ts'

/** What came of reading the configuration again, which never rejects. */
export type Reloaded =
  | { readonly ok: true; readonly restart: boolean }
  | { readonly ok: false; readonly reason: string }
export type Reload = () => Promise<Reloaded>

/** The same as SIGHUP, for those who have no signals to send; and they are told what came of it. */
export function reloadRoute(reload: Reload): Route {
  return {
    ...{ id: 'reload', method: 'POST', path: '/v1/reload', isGuarded: true },
    summary: 'Reads the configuration again, as SIGHUP does',
    answers: { 200: { description: 'It is in force.', schema: 'Reloaded' } },
    refusals: ['not-reloaded'],
    async answer({ body }) {
      if (Object.keys(body ?? {}).length > 0) return problem('bad-request', 'the body has unknown keys: send {}')
      const reloaded = await reload()
      if (!reloaded.ok) return problem('not-reloaded', reloaded.reason)
      return { status: 200, json: { restart: reloaded.restart } }
    },
  }
}
