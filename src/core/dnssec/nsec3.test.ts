import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nsec3At } from '../../../test/support/proofs.ts'
import { nameOf } from '../../../test/support/sign.ts'
import { base32hex } from '../dns/base32hex.ts'
import { limits } from '../limits.ts'
import { createBudget } from './budget.ts'
import { nsec3Hash, nsec3Price, openNsec3Chain, readNsec3Records } from './nsec3.ts'

interface Chain {
  readonly salt: string
  readonly iterations: number
  readonly hashes: Readonly<Record<string, string>>
}

/** RFC 5155 Appendix A, RFC 9824 §4, and the lab zones. */
const chains: readonly Chain[] = [
  {
    salt: 'aabbccdd',
    iterations: 12,
    hashes: {
      'example.': '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom',
      'a.example.': '35mthgpgcu1qg68fab165klnsnk3dpvl',
      'ai.example.': 'gjeqe526plbf1g8mklp59enfd789njgi',
      'ns1.example.': '2t7b4g4vsa5smi47k61mv5bv1a22bojr',
      'ns2.example.': 'q04jkcevqvmu85r014c7dkba38o0ji5r',
      'w.example.': 'k8udemvp1j2f7eg6jebps17vp3n8i58h',
      '*.w.example.': 'r53bq7cc2uvmubfu5ocmm6pers9tk9en',
      'x.w.example.': 'b4um86eghhds6nea196smvmlo4ors995',
      'y.w.example.': 'ji6neoaepv8b5o6k4ev33abha8ht9fgc',
      'x.y.w.example.': '2vptu5timamqttgl4luu9kg21e0aor3s',
      'xx.example.': 't644ebqk9bibcna874givr6joj62mlhv',
      '2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.': 'kohar7mbb8dc2ce8a9qvl8hon4k53uhi',
    },
  },
  {
    salt: '',
    iterations: 0,
    hashes: {
      '.': 'bekjp7dgpvsjukll47bk43i3urmq4u2f',
      'com.': 'ck0pojmg874ljref7efn8430qvit8bsm',
      'COM.': 'ck0pojmg874ljref7efn8430qvit8bsm',
      'a.example.com.': 'h64kfa4p1acer2ebps9qsdk6dnp8b3jq',
      'n3.test.': 'vquh3bgq3pdn82e1ec388lg0f7k3dksv',
      'ns1.n3.test.': 'aervn7krpvo6fkd2etc1lgsa1cisl147',
      'mx1.n3.test.': '4l70aorb0cafubfjqdd6hhfeqa0dsvb1',
      '_tcp.mx1.n3.test.': '5erpeki7ms8vcsdh6vnor148h3istj77',
      '_25._tcp.mx1.n3.test.': 'teamnr9oej0mckjj8b6lfcophcvqjcj2',
      'alias.n3.test.': 'b067sodduqr9dakd08sj75mpkr8tek9i',
      'sub.n3.test.': '6r1u9pi33kqq5euvk3k59ds56jkigng4',
      'wild.n3.test.': '842t23q88ua1td583rfajf3sp81c54t0',
      '*.wild.n3.test.': 'sbq431er4shu0t42id2uk3btih3ssb3h',
      'host.wild.n3.test.': '30mpq3ngb3us9nelddl9fg212lb5757s',
      'nx.n3.test.': 'eul7vk7d1pbi3jm7720kt6agd7hsm21h',
      '*.n3.test.': '3telg36tobnj91d898tn63ahmqbdgod7',
      'foo.wild.n3.test.': 'dbbamjkuliqfmvnnnkom5j6g7pbmj209',
    },
  },
  {
    salt: 'aabbccdd',
    iterations: 2,
    hashes: {
      'oo.test.': 'nbsq2sh2flt30au4nme16ih9l18j5lcl',
      'ns1.oo.test.': '8d7uaii6autm26tcl4eark72ctlebebq',
      'wild.oo.test.': '95399sekv61ipd6k7iqm1se064vs2g0g',
      '*.wild.oo.test.': 'cn7onmonlvfn2udgifhk25oquhu2j1kv',
      'sec.oo.test.': '986sdsv4rdud433bhpe768qh3e3pf46q',
      'sub.oo.test.': 'jdpshovcgp5u604u2cj1vltkh1lhjsmv',
      'nx.oo.test.': 'h4un2nnv6k7ovt7gtcrsdh9e28cliueg',
      '*.oo.test.': '6ii5r8pnjqokvhrmsrhioptcd6urjeuv',
      'foo.wild.oo.test.': 'sqbt6a1e46uruevg9l6g0bv52kavd1tc',
    },
  },
]

for (const { salt, iterations, hashes } of chains) {
  test(`DNSSEC-51 DV4 hashes with salt "${salt}" and ${iterations} iterations`, () => {
    const parameters = { salt: Buffer.from(salt, 'hex'), iterations }
    for (const [name, hash] of Object.entries(hashes)) {
      assert.equal(base32hex(nsec3Hash(nameOf(name), parameters)), hash, name)
    }
  })
}

const prices: [saltOctets: number, iterations: number, blocks: number][] = [
  [0, 0, 1],
  [8, 0, 1],
  [44, 0, 1],
  [45, 0, 2],
  [0, 50, 51],
  [255, 50, 255],
]
for (const [saltOctets, iterations, blocks] of prices) {
  test(`DNSSEC-62 a hash with ${saltOctets} octets of salt and ${iterations} iterations costs ${blocks} blocks`, () => {
    assert.equal(nsec3Price({ salt: new Uint8Array(saltOctets), iterations }), blocks)
  })
}

test('DNSSEC-62 one denial hashes eight names, each once', () => {
  const records = readNsec3Records([nsec3At('example.', undefined)], nameOf('example.'))
  const budget = createBudget()
  const chain = openNsec3Chain(records, budget)
  const names = Array.from({ length: limits.dnssec.nsec3HashesPerDenial }, (_, at) => nameOf(`n${at}.example.`))
  for (const name of [...names, ...names]) chain.matching(name)
  assert.equal(chain.isSpent(), false)
  assert.equal(chain.matching(nameOf('example.')), undefined)
  assert.equal(chain.isSpent(), true)
  assert.equal(budget.spent.nsec3Blocks, limits.dnssec.nsec3HashesPerDenial)
})
