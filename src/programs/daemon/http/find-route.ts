import { problem, type Question, type Reply, type Route } from './reply.ts'

export type Found =
  | { readonly kind: 'route'; readonly route: Route; readonly name: string; readonly query: Question['query'] }
  | { readonly kind: 'refused'; readonly reply: Reply }

/**
 * The route that a request is for. Paths are compared as they stand: nothing is normalized, so that no two spellings of one
 * mean different things to us and to a proxy before us. RFC 3986 §6.2, RFC 9112 §3.2.1
 */
export function findRoute(routes: readonly Route[], method: string, target: string): Found {
  const [path = '', ...rest] = target.split('?')
  if (!path.startsWith('/') || rest.length > 1 || !/^[\x21-\x7e]*$/.test(target) || target.includes('#'))
    return refused('bad-request', 'the target must be a path')
  const fitting = routes.flatMap((route) => {
    const name = nameIn(route.path, path)
    return name === undefined ? [] : [{ route, name }]
  })
  if (fitting.length === 0) return refused('not-found')
  const wanted = method === 'HEAD' ? 'GET' : method
  const found = fitting.find(({ route }) => route.method === wanted)
  if (found === undefined) {
    const allowed = fitting.flatMap(({ route }) => (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]))
    return { kind: 'refused', reply: problem('wrong-method', undefined, { allow: allowed.join(', ') }) }
  }
  const name = readEscapes(found.name)
  if (name === undefined) return refused('bad-request', 'the path is not UTF-8 in percent escapes')
  const query = readQuery(rest[0], found.route)
  return typeof query === 'string' ? refused('bad-request', query) : { kind: 'route', route: found.route, name, query }
}

function refused(...about: Parameters<typeof problem>): Found {
  return { kind: 'refused', reply: problem(...about) }
}

/** What stands for `{destination}`; empty where the route has none. */
function nameIn(pattern: string, path: string): string | undefined {
  const [before = '', after] = pattern.split('{destination}')
  if (after === undefined) return path === pattern ? '' : undefined
  if (path.length <= before.length + after.length || !path.startsWith(before) || !path.endsWith(after)) return undefined
  const name = path.slice(before.length, path.length - after.length)
  return name.includes('/') ? undefined : name
}

function readEscapes(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** Each parameter that the route knows, once; a sentence for anything else. */
function readQuery(text: string | undefined, { query: known = {} }: Route): Map<string, string> | string {
  const found = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text ?? '')) {
    if (!Object.hasOwn(known, name)) return `there is no parameter ${JSON.stringify(name)}`
    if (found.has(name)) return `the parameter ${name} is there twice`
    found.set(name, value)
  }
  return found
}
