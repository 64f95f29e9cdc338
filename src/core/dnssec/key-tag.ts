/** The key tag of DNSKEY record data: a hint, not an identity. RFC 4034 Appendix B */
export function keyTagOf(rdata: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < rdata.length; at++) sum += (at & 1) === 0 ? (rdata[at] as number) << 8 : (rdata[at] as number)
  return (sum + ((sum >>> 16) & 0xffff)) & 0xffff
}
