// The recipe for KumoMTA in a real Lua, with functions in the place of KumoMTA's that only tell what they were given.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from './servers.ts'

const recipe = join(import.meta.dirname, '..', '..', 'share', 'kumomta')

/** What `GET /v1/destinations/DOMAIN` answers, as Lua tables. */
const harness = `
package.path = '${recipe}/?.lua;' .. package.path
local status, body, asked = 200, {}, {}
local function tell(kind) return function(given) given.made = kind return given end end
local levels = {
  ['dane.example'] = { level = 'dane-only', answers = { QUERY = 'OK dane-only' } },
  ['mixed.example'] = { level = 'dane', answers = { QUERY = 'OK dane' } },
  ['sts.example'] = { level = 'secure', answers = { QUERY = 'OK secure match=mx1.example:mx2.example servername=hostname' } },
  ['nameless.example'] = { level = 'secure', answers = { QUERY = 'OK secure servername=hostname' } },
  ['unusable.example'] = { level = 'encrypt', answers = { QUERY = 'OK encrypt' } },
  ['plain.example'] = { level = 'NOTFOUND', answers = { QUERY = 'NOTFOUND ' } },
  ['later.example'] = { level = 'TEMP', answers = { QUERY = 'TEMP the lookup failed' } },
  ['new.example'] = { level = 'levitate', answers = {} },
  ['list.example'] = 'no table',
}
package.preload['kumo'] = function()
  return {
    make_queue_config = tell 'queue', make_egress_path = tell 'path', make_egress_pool = tell 'pool',
    make_egress_source = tell 'source',
    reject = function(code, text) error(code .. ' ' .. text, 0) end,
    serde = { json_parse = function(text) if text == 'broken' then error 'no JSON' end return levels[text] end },
    http = { build_client = function(options)
      return { get = function(_, url)
        table.insert(asked, url)
        local domain = string.match(url, '[^/]*$')
        return {
          bearer_auth = function(_, token) table.insert(asked, token) end,
          send = function()
            if domain == 'gone.example' then error 'connection refused' end
            return {
              status_code = function() return domain == 'busy.example' and 503 or 200 end,
              text = function() return domain == 'broken.example' and 'broken' or domain end,
            }
          end,
        }
      end }
    end },
  }
end
local waxseal = require 'waxseal'
local function show(config)
  if config == nil then return 'nil' end
  local smtp = config.protocol and config.protocol.smtp
  local lua = config.protocol and config.protocol.custom_lua
  local path = waxseal.get_egress_path_config('example', config.egress_pool, 'site')
  return table.concat({
    config.egress_pool, smtp and table.concat(smtp.mx_list, ',') or '-', lua and lua.constructor or '-', path.enable_tls,
    tostring(path.enable_dane), tostring(path.enable_mta_sts),
  }, ' ')
end
`

function lua(program: string): string {
  return run('lua5.4', ['-'], { input: `${harness}${program}` }).trimEnd()
}

const hold = 'waxseal-none - waxseal.hold OpportunisticInsecure false false'
const queues: [domain: string, shown: string][] = [
  ['dane.example', 'waxseal-dane-only - - Required true false'],
  ['mixed.example', 'waxseal-dane - - OpportunisticInsecure true false'],
  ['sts.example', 'waxseal-secure mx1.example,mx2.example - Required false false'],
  ['unusable.example', 'waxseal-encrypt - - RequiredInsecure false false'],
  ['plain.example', 'waxseal-none - - OpportunisticInsecure false false'],
  ['later.example', hold],
  ['nameless.example', hold],
  ['new.example', hold],
  ['list.example', hold],
  ['gone.example', hold],
  ['busy.example', hold],
  ['broken.example', hold],
  ['../forget', hold],
  ['a/b?c', hold],
]

for (const [domain, shown] of queues) {
  test(`KumoMTA gets a queue for ${domain}: ${shown}`, () => {
    assert.equal(lua(`print(show(waxseal.get_queue_config('${domain}', 't', 'c', nil)))`), shown)
  })
}

test('the routing domain is asked about where there is one, with the token, at one URL', () => {
  const program = `
waxseal.token = 'secret'
waxseal.get_queue_config('queue.example', nil, nil, 'dane.example')
print(table.concat(asked, ' '))`
  assert.equal(lua(program), 'http://127.0.0.1:8462/v1/destinations/dane.example secret')
})

test('each protection has a pool and a source of its own, and others are left alone', () => {
  const program = `
print(waxseal.get_egress_pool('waxseal-secure').entries[1].name, waxseal.get_egress_source('waxseal-secure').name)
print(waxseal.get_egress_pool('mine'), waxseal.get_egress_source('mine'), waxseal.get_egress_path_config('d', 'mine', 's'))`
  assert.equal(lua(program), 'waxseal-secure\twaxseal-secure\nnil\tnil\tnil')
})

test('mail that waits is told to come back', () => {
  const program = `print(pcall(function() waxseal.hold('later.example'):send('x') end))`
  assert.equal(lua(program), 'false\t451 4.7.5 the policy of the destination cannot be met now')
})
