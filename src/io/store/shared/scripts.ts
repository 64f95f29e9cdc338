/**
 * What Redis does in one go, in Lua as every Redis and Valkey runs it. Keys are KEYS[1] the one that a script is about,
 * then, where it changes policies, feed, place and epoch. Values that are no strings count as damaged: `?`.
 */

const read = `
local function read(key, octets)
  local value = redis.pcall('GETRANGE', key, 0, octets - 1)
  if type(value) ~= 'string' then return '?' end
  return value
end
local function timesOf(header)
  local form, fetched, refresh = string.match(header, '^waxseal%-policy/(%d+) (%d+) (%d+) ')
  if form == nil then form = string.match(header, '^waxseal%-policy/(%d+)%s') end
  return tonumber(form), tonumber(fetched), tonumber(refresh)
end
`

/** A feed that is no feed any more is begun anew: machines see another epoch. */
const tell = `
local function isUntold(domain)
  return type(redis.pcall('ZSCORE', KEYS[2], domain)) ~= 'string'
end
local function tell(domain, epoch, most, kept)
  local place = redis.pcall('INCR', KEYS[3])
  local added = type(place) == 'number' and redis.pcall('ZADD', KEYS[2], place, domain)
  if type(added) ~= 'number' then
    redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
    redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[3]), domain)
  end
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -(most + 1))
  redis.call('SET', KEYS[4], epoch, 'NX')
  for at = 2, 4 do redis.call('PEXPIRE', KEYS[at], kept) end
end
`

export const scripts = {
  /** ARGV: value, fetched, refresh, lifetime, latest time believed, domain, epoch, most members, their lifetime, form */
  put: `${read}${tell}
local form, fetched, refresh = timesOf(read(KEYS[1], 160))
if form and form > tonumber(ARGV[10]) then return 'kept' end
local now = { tonumber(ARGV[2]), tonumber(ARGV[3]) }
if refresh and fetched <= tonumber(ARGV[5]) then
  if fetched > now[1] or (fetched == now[1] and refresh >= now[2]) then
    if isUntold(ARGV[6]) then tell(ARGV[6], ARGV[7], tonumber(ARGV[8]), ARGV[9]) end
    return 'kept'
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[4])
tell(ARGV[6], ARGV[7], tonumber(ARGV[8]), ARGV[9])
return 'put'`,

  /** ARGV: fetched, refresh, most octets, domain, epoch, most members, their lifetime, form */
  postpone: `${read}${tell}
local value = read(KEYS[1], tonumber(ARGV[3]))
local form, fetched, refresh = timesOf(value)
if form ~= tonumber(ARGV[8]) or fetched ~= tonumber(ARGV[1]) or refresh == nil then return 0 end
if refresh >= tonumber(ARGV[2]) then return 0 end
local life = redis.call('PTTL', KEYS[1])
if life <= 0 then return 0 end
local later = string.gsub(value, '^(%S+ %d+) %d+ ', '%1 ' .. ARGV[2] .. ' ', 1)
redis.call('SET', KEYS[1], later, 'PX', life)
tell(ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7])
return 1`,

  /** KEYS: turn, policy, attempt. ARGV: token, lifetime, most octets of a policy and of an attempt */
  askTurn: `${read}
local taken = redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
return {
  taken and 1 or 0,
  read(KEYS[2], tonumber(ARGV[3])),
  read(KEYS[3], tonumber(ARGV[4])),
  redis.call('PTTL', KEYS[3]),
}`,

  /** ARGV: token, lifetime; none ends the turn */
  holdTurn: `
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('DEL', KEYS[1])`,

  /**
   * KEYS: policy prefix, feed, place, epoch. ARGV: after, count, epoch, its lifetime. Members whose policy is gone are
   * dropped; with a place that none can have, whoever made it would hide what comes after it: all begins anew.
   */
  changes: `${read}
redis.pcall('SET', KEYS[4], ARGV[3], 'NX', 'PX', ARGV[4])
local found = redis.pcall('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local all = { read(KEYS[4], 64) }
local top = redis.pcall('GET', KEYS[3])
top = type(top) == 'string' and tonumber(top) or 0
local last = found.err and 0 or tonumber(found[#found] or ARGV[1])
if found.err or not (last <= top) then
  redis.pcall('DEL', KEYS[2], KEYS[3])
  redis.pcall('SET', KEYS[4], ARGV[3], 'PX', ARGV[4])
  return { read(KEYS[4], 64) }
end
for at = 1, #found, 2 do
  local header = #found[at] <= 255 and read(KEYS[1] .. found[at], 160) or ''
  if header == '' then redis.pcall('ZREM', KEYS[2], found[at]) end
  all[#all + 1] = #found[at] <= 255 and found[at] or ''
  all[#all + 1] = found[at + 1]
  all[#all + 1] = header
end
return all`,

  /** ARGV: most octets */
  find: `${read}
return read(KEYS[1], tonumber(ARGV[1]))`,

  /** ARGV: most octets, SHA-1 of what is to go */
  discard: `${read}
if redis.sha1hex(read(KEYS[1], tonumber(ARGV[1]))) ~= ARGV[2] then return 0 end
return redis.call('DEL', KEYS[1])`,

  /** KEYS: policies and, last, the feed. ARGV: their domains. One that the feed does not know is as absent. */
  times: `${read}
local all = {}
for at = 1, #KEYS - 1 do
  local place = redis.pcall('ZSCORE', KEYS[#KEYS], ARGV[at])
  all[at] = type(place) == 'string' and read(KEYS[at], 160) or ''
end
return all`,
} as const
