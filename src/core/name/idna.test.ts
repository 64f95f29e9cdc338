import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toALabels, toULabels } from './idna.ts'

/** RFC 3492 §7.1 has these as U+ lists; as labels they are lower case, which IDNA demands. */
const published: [language: string, text: string, aLabel: string][] = [
  ['Arabic', 'ليهمابتكلموشعربي؟', 'xn--egbpdaj6bu4bxfgehfvwxn'],
  ['Chinese, simplified', '他们为什么不说中文', 'xn--ihqwcrb4cv8a8dqg056pqjye'],
  ['Czech', 'pročprostěnemluvíčesky', 'xn--proprostnemluvesky-uyb24dma41a'],
  ['Hindi', 'यहलोगहिन्दीक्योंनहींबोलसकतेहैं', 'xn--i1baa7eci9glrd9b2ae1bj0hfcgg6iyaf8o0a1dig0cd'],
  ['Japanese', 'なぜみんな日本語を話してくれないのか', 'xn--n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa'],
  ['Vietnamese', 'tạisaohọkhôngthểchỉnóitiếngviệt', 'xn--tisaohkhngthchnitingvit-kjcr8268qyxafd2f1b9g'],
]
for (const [language, text, aLabel] of published) {
  test(`RFC 3492 §7.1: the ${language} sample becomes ${aLabel} and comes back`, () => {
    assert.equal(toALabels(text), aLabel)
    assert.equal(toULabels(aLabel), text)
  })
}

test('toULabels has nothing to show for A-labels that are not valid', () => {
  assert.equal(toULabels('xn--a'), undefined)
  assert.equal(toULabels('plain.test'), undefined)
})

test('toALabels refuses what would leave nothing', () => {
  assert.equal(toALabels(''), undefined)
  assert.equal(toALabels('\u00ad'), undefined)
})
