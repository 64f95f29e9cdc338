import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIpv6 } from '../dns/rdata/address.ts'
import { isPublicAddress } from './gate.ts'

const accepted: [what: string, ...addresses: string[]][] = [
  ['public IPv4', '1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '223.255.255.255'],
  ['IPv4 beside 100.64.0.0/10', '100.63.255.255', '100.128.0.0'],
  ['IPv4 beside 127.0.0.0/8', '126.255.255.255', '128.0.0.0'],
  ['IPv4 beside 169.254.0.0/16', '169.253.255.255', '169.255.0.0'],
  ['IPv4 beside 172.16.0.0/12', '172.15.255.255', '172.32.0.0'],
  ['IPv4 beside 192.0.0.0/24 and 192.0.2.0/24', '191.255.255.255', '192.0.1.0', '192.0.1.255', '192.0.3.0'],
  ['IPv4 beside 192.88.99.0/24', '192.88.98.255', '192.88.100.0'],
  ['IPv4 beside 192.168.0.0/16', '192.167.255.255', '192.169.0.0'],
  ['IPv4 beside 198.18.0.0/15', '198.17.255.255', '198.20.0.0'],
  ['IPv4 beside the documentation ranges', '198.51.99.255', '198.51.101.0', '203.0.112.255', '203.0.114.0'],
  ['public IPv6', '2606:4700:4700::1111', '2A00:1450::1A', '2001:200::1', '2001:500:2f::f', '3ffe::1', '2003::1'],
  ['IPv6 beside 2001:db8::/32 and 3fff::/20', '2001:db7:ffff::1', '2001:db9::1', '3fff:1000::1', '3ffe:ffff::1'],
  ['IPv4-mapped forms of public IPv4', '::ffff:8.8.8.8', '::ffff:808:808'],
]
for (const [what, ...addresses] of accepted) {
  test(`isPublicAddress accepts ${what}`, () => {
    for (const address of addresses) assert.equal(isPublicAddress(address), true, address)
  })
}

const refused: [what: string, ...addresses: string[]][] = [
  ['this network and unspecified', '0.0.0.0', '0.255.255.255', '::'],
  ['loopback', '127.0.0.1', '127.255.255.255', '::1', '0:0:0:0:0:0:0:1'],
  ['private', '10.0.0.0', '10.255.255.255', '172.16.0.0', '172.31.255.255', '192.168.0.0', '192.168.255.255'],
  ['CGNAT', '100.64.0.0', '100.127.255.255', '100.100.100.200'],
  ['link-local', '169.254.0.0', '169.254.255.255', 'fe80::1', 'febf:ffff::1'],
  ['metadata of clouds', '169.254.169.254', '192.0.0.192', '168.63.129.16', 'fd00:ec2::254', 'fd20:ce::254'],
  ['protocol assignments', '192.0.0.0', '192.0.0.255', '2001:1::1', '2001:1ff:ffff::1'],
  ['documentation', '192.0.2.1', '198.51.100.255', '203.0.113.0', '2001:db8::1', '2001:db8:ffff::1', '3fff:fff::1'],
  ['benchmark', '198.18.0.0', '198.19.255.255', '2001:2::1'],
  ['multicast', '224.0.0.1', '239.255.255.255', 'ff02::1', 'ff0e::1'],
  ['reserved', '240.0.0.0', '255.255.255.254', '4000::1', '100::1', '5f00::1', 'fe00::1'],
  ['broadcast', '255.255.255.255'],
  ['unique local', 'fc00::1', 'fdff:ffff::1'],
  ['site-local', 'fec0::1', 'feff::1'],
  ['6to4', '192.88.99.1', '2002:808:808::1', '2002:7f00:1::1'],
  ['Teredo', '2001::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  ['ORCHID', '2001:10::1', '2001:20::1'],
  ['NAT64', '64:ff9b::8.8.8.8', '64:ff9b::127.0.0.1', '64:ff9b:1::8.8.8.8', '64:ff9b:1:fffe::a00:1'],
  ['IPv4-mapped forms of refused IPv4', '::ffff:127.0.0.1', '::FFFF:7f00:1', '0:0:0:0:0:ffff:10.1.2.3'],
  ['IPv4-compatible forms', '::127.0.0.1', '::10.0.0.1', '::8.8.8.8', '::7f00:1'],
  ['IPv4-translated forms', '::ffff:0:127.0.0.1', '::ffff:0:8.8.8.8'],
  ['odd spellings', '127.1', '0177.0.0.1', '0x7f.0.0.1', '2130706433', '08.8.8.8', '8.8.8.8 ', ' 8.8.8.8', '8.8.8.8.'],
  ['zones, brackets and ports', 'fe80::1%eth0', '2606:4700::1%1', '[2606:4700::1]', '8.8.8.8:53'],
  ['names', 'localhost', 'example.org', ''],
]
for (const [what, ...addresses] of refused) {
  test(`isPublicAddress refuses ${what}`, () => {
    for (const address of addresses) assert.equal(isPublicAddress(address), false, address)
  })
}

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

test('isPublicAddress judges an IPv4-mapped address as it judges the IPv4 address', () => {
  fc.assert(
    fc.property(octets(4), (four) => {
      const mapped = formatIpv6(Uint8Array.from([...new Array<number>(10).fill(0), 255, 255, ...four]))
      assert.equal(isPublicAddress(mapped), isPublicAddress(four.join('.')))
    }),
  )
})

test('isPublicAddress accepts no IPv6 outside 2000::/3 but the IPv4-mapped', () => {
  const outside = octets(16).filter((sixteen) => ((sixteen[0] ?? 0) & 0xe0) !== 0x20)
  fc.assert(fc.property(outside, (sixteen) => isPublicAddress(formatIpv6(sixteen)) === false || sixteen[10] === 255))
})
