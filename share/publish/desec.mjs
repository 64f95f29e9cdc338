#!/usr/bin/env node
// Makes a change of a zone at deSEC (https://desec.io), for "waxseal ... --command '.../desec.mjs TOKENFILE'".
//
// A pattern for other providers too: docs/publishing-dns.md says what such a program gets and has to do. It reads what is there,
// works out each RRset as it shall be, and writes all of them with one request, which deSEC carries out whole or not at all.
import { readFileSync, statSync } from 'node:fs'

const api = process.env.DESEC_API ?? 'https://desec.io/api/v1'
const tokenFile = process.argv[2]
const timeoutMs = 30_000

if (tokenFile === undefined) fail('usage: desec.mjs TOKENFILE')
if ((statSync(tokenFile).mode & 0o037) !== 0) fail(`others may read ${tokenFile}: chmod 640`)
const token = readFileSync(tokenFile, 'utf8').trim()
const change = JSON.parse(readFileSync(0, 'utf8'))
if (change.schema !== 'waxseal.zone-change/1') fail(`a change of schema ${change.schema} is not known here`)

const zone = change.zone.replace(/\.$/, '').toLowerCase()
const places = new Map()
for (const { name, type } of [...change.assume, ...change.remove, ...change.add]) {
  places.set(placeOf({ name, type }), { name, type })
}

const { minimum_ttl: leastTtl = 0 } = (await ask('GET', `/domains/${zone}/`)) ?? fail(`no zone ${zone} in this account`)
const wanted = []
for (const [place, { name, type }] of places) {
  const isHere = (record) => placeOf(record) === place
  const subname = subnameOf(name)
  const there = await ask('GET', `/domains/${zone}/rrsets/${encodeURIComponent(subname || '@')}/${type}/`)
  const before = new Map((there?.records ?? []).map((data) => [keyOf(type, data), data]))
  const assumed = change.assume.find(isHere)?.records
  const after = new Map(before)
  for (const record of change.remove.filter(isHere)) after.delete(keyOf(type, record.data))
  for (const record of change.add.filter(isHere)) after.set(keyOf(type, record.data), record.data)
  if (assumed !== undefined && !sameKeys(before, keysOf(assumed)) && !sameKeys(before, intended(assumed, isHere))) {
    fail(`the ${type} records of ${name} are others than when this was planned`)
  }
  const ttl = Math.max(leastTtl, change.add.find(isHere)?.ttl ?? there?.ttl ?? leastTtl)
  if (sameKeys(before, new Set(after.keys())) && (after.size === 0 || there?.ttl === ttl)) continue
  wanted.push({ subname, type, ttl, records: [...after.values()] })
}
if (wanted.length > 0) await ask('PATCH', `/domains/${zone}/rrsets/`, wanted)

/** What the change makes of these records. */
function intended(records, isHere) {
  const keys = keysOf(records)
  for (const { type, data } of change.remove.filter(isHere)) keys.delete(keyOf(type, data))
  for (const { type, data } of change.add.filter(isHere)) keys.add(keyOf(type, data))
  return keys
}

function keysOf(records) {
  return new Set(records.map(({ type, data }) => keyOf(type, data)))
}

function sameKeys(records, keys) {
  return records.size === keys.size && [...records.keys()].every((key) => keys.has(key))
}

/** Equal for the same data: names and hexadecimal in any case, strings in their own. */
function keyOf(type, data) {
  return type === 'TXT' ? data : data.toLowerCase()
}

function placeOf({ name, type }) {
  return `${type} ${name.toLowerCase()}`
}

/** The name without the zone; empty for the zone itself. */
function subnameOf(name) {
  const text = name.replace(/\.$/, '').toLowerCase()
  if (text === zone) return ''
  return text.endsWith(`.${zone}`) ? text.slice(0, -zone.length - 1) : fail(`${name} is not in ${zone}`)
}

/** The answer; undefined for what is not there. */
async function ask(method, path, body) {
  const headers = { Authorization: `Token ${token}`, 'Content-Type': 'application/json' }
  let answer
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    answer = await fetch(`${api}${path}`, { method, headers, body: JSON.stringify(body), signal, redirect: 'error' })
    if (answer.status === 404 && method === 'GET') return undefined
    if (answer.ok) return await answer.json()
  } catch (error) {
    return fail(`${method} ${path}: ${error.cause?.message ?? error.message}`)
  }
  const again = answer.headers.get('retry-after')
  return fail(
    `${method} ${path}: ${answer.status} ${await answer.text()}${again === null ? '' : ` (again in ${again} s)`}`,
  )
}

function fail(why) {
  console.error(why)
  process.exit(1)
}
