import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AddressListFault, parseAddressList } from './address-list.ts'
import { formatMailbox } from './mailbox.ts'

const accepted: [claim: string, text: string, mailboxes: string[]][] = [
  ['nothing', '', []],
  ['one address', 'a@b.test', ['a@b.test']],
  ['several', 'a@b.test, c@d.test', ['a@b.test', 'c@d.test']],
  ['display names', 'Ann Other <a@b.test>, "Other, Ann" <c@d.test>', ['a@b.test', 'c@d.test']],
  ['a display name with a dot', 'J. Doe <a@b.test>', ['a@b.test']],
  ['an encoded word', '=?utf-8?q?=C3=BC?= <a@b.test>', ['a@b.test']],
  ['a display name beyond ASCII', 'Jürgen <a@b.test>', ['a@b.test']],
  ['brackets alone', '<a@b.test>', ['a@b.test']],
  ['comments, nested and quoted', '(a (b) \\) c@x) a@b.test (d, e@f.test)', ['a@b.test']],
  ['space around the parts of an address', 'a . b @ c . test', ['a.b@c.test']],
  ['a quoted local part', '"a, b"@c.test', ['"a, b"@c.test']],
  ['an address literal', 'a@[IPv6:2001:db8::1], b@[192.0.2.1]', ['a@[IPv6:2001:db8::1]', 'b@[192.0.2.1]']],
  ['a group', 'Friends: a@b.test, C <c@d.test>;, e@f.test', ['a@b.test', 'c@d.test', 'e@f.test']],
  ['an empty group', 'undisclosed-recipients:;', []],
  ['empty elements', ', a@b.test,, ,', ['a@b.test']],
  ['an old route', 'A <@x.test,@y.test:a@b.test>', ['a@b.test']],
]
for (const [claim, text, mailboxes] of accepted) {
  test(`RFC 5322 §3.4: ${claim} can be read`, () => {
    const list = parseAddressList(text)
    assert.deepEqual(list.ok ? list.value.map(formatMailbox) : list.fault, mailboxes)
  })
}

const refused: [text: string, fault: AddressListFault][] = [
  ['a', 'syntax'],
  ['a b@c.test', 'syntax'],
  ['a@b.test c@d.test', 'syntax'],
  ['<a@b.test', 'syntax'],
  ['a@b.test>', 'syntax'],
  ['<a@b.test> x', 'syntax'],
  ['<a@b.test><c@d.test>', 'syntax'],
  ['"a@b.test', 'unclosed'],
  ['(a@b.test', 'unclosed'],
  ['a@[192.0.2.1', 'unclosed'],
  ['A: a@b.test', 'group'],
  ['A: B: a@b.test;', 'group'],
  ['a@b.test;', 'group'],
  ['a\\b@c.test', 'syntax'],
  ['a@b..test', 'domain'],
]
for (const [text, fault] of refused) {
  test(`${text} is no address list: ${fault}`, () => {
    const list = parseAddressList(text)
    assert.equal(list.ok ? undefined : list.fault, fault)
  })
}

test('any text can be read or is refused', () => {
  const piece = fc.oneof(
    fc.constantFrom('a@b.test', ',', ':', ';', '<', '>', '(', ')', '"', '\\', '[', ']'),
    fc.string(),
  )
  fc.assert(fc.property(fc.array(piece), (pieces) => typeof parseAddressList(pieces.join('')).ok === 'boolean'))
})
