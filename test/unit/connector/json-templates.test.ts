import { describe, expect, test } from 'vitest'
import { JsonTemplates } from '#src/connector/json-templates.js'
import { type Random, randomInteger, seededRandom } from '#src/kit/random.js'

/** What templates that have learned `first` read of `text`, which lies between other bytes. */
function readAfter(first: string, text: string | Buffer): unknown {
  const templates = new JsonTemplates()
  const learned = Buffer.from(first)
  templates.learn(learned, 0, learned.length, JSON.parse(first))
  const bytes = Buffer.concat([Buffer.from('}"1'), Buffer.from(text), Buffer.from('1,"')])
  return templates.read(bytes, 3, bytes.length - 3)
}

const CLICK = '{"userId":"ann","url":"/","ts":1700000000000,"loggedIn":true}'

describe('what has the bytes of a template is read without JSON.parse', () => {
  const likeClick = [
    '{"userId":"","url":"/a/much/longer/address/than/any/other?q=1","ts":0,"loggedIn":false}',
    '{"userId":"Žofie 🚀 \u2028 \uFEFF","url":"/","ts":-0,"loggedIn":null}',
    '{"userId":12,"url":true,"ts":"now","loggedIn":1.5}',
    '{"userId":-1.25e-7,"url":123456789012345678901234567890,"ts":0.1,"loggedIn":9007199254740993}',
    '{"userId":1e400,"url":5e-324,"ts":123456789012345.678,"loggedIn":0.30000000000000004}',
    '{"userId":1E+2,"url":-0.0,"ts":999999999999999,"loggedIn":"\u007f"}',
  ]
  test.each(likeClick)('%s', (text) => {
    const read = readAfter(CLICK, text)
    expect(read).toStrictEqual(JSON.parse(text))
    expect(Object.keys(read as object)).toEqual(Object.keys(JSON.parse(text)))
  })

  test('when the template has spaces, then texts have the same', () => {
    const spaced = ' { "a" : 1 ,\n "b" : "x" }\t'
    expect(readAfter(spaced, ' { "a" : 2 ,\n "b" : "y" }\t')).toStrictEqual({ a: 2, b: 'y' })
    expect(readAfter(spaced, '{"a":2,"b":"y"}')).toBeUndefined()
  })

  test('when names are numbers or those of methods, then they are names', () => {
    const odd = '{"2":1,"1":2,"constructor":3,"":4,"it\'s":5}'
    expect(readAfter(odd, odd)).toStrictEqual(JSON.parse(odd))
  })

  test('when an object has no fields, then it is one', () => {
    expect(readAfter('{}', '{}')).toStrictEqual({})
  })
})

describe('what differs is left to JSON.parse', () => {
  const unlikeClick = [
    ['a name that comes twice', '{"userId":"a","userId":"b","url":"/","ts":1,"loggedIn":true}'],
    ['another order', '{"url":"/","userId":"ann","ts":1,"loggedIn":true}'],
    ['a field less', '{"userId":"ann","url":"/","ts":1}'],
    ['a space more', '{"userId": "ann","url":"/","ts":1,"loggedIn":true}'],
    ['bytes behind the end', `${CLICK} x`],
    ['an end that is missing', CLICK.slice(0, -1)],
    ['an escaped letter', '{"userId":"\\u0041","url":"/","ts":1,"loggedIn":true}'],
    ['a control character', '{"userId":"a\nb","url":"/","ts":1,"loggedIn":true}'],
    ['a nested value', '{"userId":["a"],"url":"/","ts":1,"loggedIn":true}'],
    ['a number that begins with 0', '{"userId":"a","url":"/","ts":01,"loggedIn":true}'],
    ['a number that ends in a point', '{"userId":"a","url":"/","ts":1.,"loggedIn":true}'],
    ['a number without digits', '{"userId":"a","url":"/","ts":-,"loggedIn":true}'],
    ['an exponent without digits', '{"userId":"a","url":"/","ts":1e+,"loggedIn":true}'],
    ['a word that is none', '{"userId":"a","url":"/","ts":1,"loggedIn":trve}'],
    ['no value', '{"userId":"a","url":"/","ts":,"loggedIn":true}'],
  ]
  test.each(unlikeClick)('%s', (_, text) => {
    expect(readAfter(CLICK, text!)).toBeUndefined()
  })

  test('bytes that are no UTF-8', () => {
    const bytes = Buffer.from(CLICK)
    bytes[bytes.indexOf('ann')] = 0xff
    expect(readAfter(CLICK, bytes)).toBeUndefined()
  })

  test.each([
    '{"a":{"b":1}}',
    '{"a":[]}',
    '{"__proto__":1}',
    '{"a\\u0062":1}',
    '{"é":1}',
    '[1]',
    '"x"',
    'null',
    '{"a":1,"a":2}',
  ])('when %s is learned, then nothing is read by it', (text) => {
    expect(readAfter(text, text)).toBeUndefined()
  })
})

describe('templates of a stream', () => {
  function streamOf(texts: readonly string[]) {
    const templates = new JsonTemplates()
    let parsed = 0
    const records = texts.map((text) => {
      const bytes = Buffer.from(text)
      const read = templates.read(bytes, 0, bytes.length)
      if (read !== undefined) return read
      parsed += 1
      const value: unknown = JSON.parse(text)
      templates.learn(bytes, 0, bytes.length, value)
      return value
    })
    return { records, parsed }
  }

  test('when records have a few shapes in turn, then each is learned once', () => {
    const texts = Array.from({ length: 900 }, (_, i) =>
      i % 3 === 0 ? `{"bid":${i}}` : i % 3 === 1 ? `{"person":"p${i}","n":${i}}` : `{"auction":${i}}`,
    )
    const { records, parsed } = streamOf(texts)
    expect(records).toEqual(texts.map((text) => JSON.parse(text)))
    expect(parsed).toBe(3)
  })

  test('when no record is like another, then templates rest', () => {
    const texts = Array.from({ length: 2_000 }, (_, i) => `{"f${i}":${i}}`)
    expect(streamOf(texts).parsed).toBe(2_000)
    const likeEachOther = Array.from({ length: 20_000 }, (_, i) => `{"x":${i}}`)
    const { parsed } = streamOf([...texts, ...likeEachOther])
    expect(parsed).toBeGreaterThan(2_000 + 5_000)
    expect(parsed).toBeLessThan(2_000 + 9_000)
  })
})

describe('whatever the bytes are, what is read is what JSON.parse makes of them', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('seed %i', (seed) => {
    const random = seededRandom(seed)
    for (let i = 0; i < 3_000; i++) {
      const names = Array.from({ length: randomInteger(random, 5) }, () => pick(random, NAMES))
      const [first, second] = [written(random, names), written(random, names)]
      const bytes = damaged(random, Buffer.from(second))
      const templates = new JsonTemplates()
      const learned = Buffer.from(first)
      templates.learn(learned, 0, learned.length, JSON.parse(first))
      const read = templates.read(bytes, 0, bytes.length)
      if (read === undefined) continue
      const parsed: unknown = JSON.parse(
        new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
      )
      expect(read).toStrictEqual(parsed)
      expect(JSON.stringify(read)).toBe(JSON.stringify(parsed))
    }
  })

  const NAMES = ['a', 'b', 'userId', 'x y', '0', 'toString', '__proto__', 'é', '"', '\\', '\u2028']
  const VALUES = [
    '1',
    '-0',
    '0.1',
    '1e5',
    '12345678901234567',
    '-1.5E-3',
    'true',
    'false',
    'null',
    '"é"',
    '"a\\n"',
  ]
  const TEXTS = [
    '"short"',
    '"exactly ten"',
    '"a text of more than a dozen letters"',
    '""',
    '[1]',
    '{"a":1}',
    '"\u{1F680}"',
  ]
  const MARKS = ['"', '\\', '{', '}', ',', ':', '0', '-', '.', 'e', ' ', '\n', '\u0000', '\u00ff']

  function written(random: Random, names: readonly string[]): string {
    const fields = names.map((name) => `${JSON.stringify(name)}:${pick(random, [...VALUES, ...TEXTS])}`)
    return `{${fields.join(',')}}`
  }

  function damaged(random: Random, bytes: Buffer): Buffer {
    if (bytes.length === 0 || randomInteger(random, 2) === 0) return bytes
    const at = randomInteger(random, bytes.length)
    const by = Buffer.from(pick(random, MARKS), 'latin1')
    return Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + randomInteger(random, 2))])
  }

  function pick<T>(random: Random, from: readonly T[]): T {
    return from[randomInteger(random, from.length)]!
  }
})
