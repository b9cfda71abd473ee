import { isDeepStrictEqual } from 'node:util'
import { JsonTemplates } from '#src/connector/json-templates.js'
import type { Random } from '#src/kit/random.js'
import type { Decoder } from '../decoder.js'
import { between, chance, pick, scalar, text } from '../draw.js'

/** Lines of JSON, read by the templates that those before them have left; and by JSON.parse, which is right. */
export const jsonLine: Decoder<readonly unknown[]> = {
  name: 'json-line',
  sample(random) {
    const kinds = [drawnKind(random), drawnKind(random)]
    const lines = Array.from({ length: between(random, 1, 12) }, () => pick(random, kinds)(random))
    return { bytes: Buffer.from(lines.join('\n')), value: lines.map((line) => JSON.parse(line)) }
  },
  decode(bytes) {
    const templates = new JsonTemplates()
    const whole = Buffer.from(bytes)
    const values: unknown[] = []
    for (let at = 0; at <= whole.length; ) {
      const feed = whole.indexOf(10, at)
      const end = feed < 0 ? whole.length : feed
      const read = templates.read(whole, at, end)
      const parsed = parsedOf(whole, at, end)
      if (read !== undefined && !isDeepStrictEqual(parsed, { value: read }))
        throw new Error(`${whole.toString('utf8', at, end)} is read as ${JSON.stringify(read)}`)
      if (read === undefined && parsed !== undefined) templates.learn(whole, at, end, parsed.value)
      if (parsed !== undefined) values.push(parsed.value)
      at = end + 1
    }
    return values
  },
  isRefusal: () => false,
}

/** One for all: damaged bytes may be a hundred thousand lines. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Undefined: it is no JSON, or no UTF-8. */
function parsedOf(bytes: Buffer, start: number, end: number): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(UTF8.decode(bytes.subarray(start, end))) }
  } catch {
    return undefined
  }
}

/** Objects with the same fields, written alike. */
function drawnKind(random: Random): (random: Random) => string {
  const names = [...new Set(['id', 'userId', text(random, 6), 'a'].slice(between(random, 0, 2)))]
  const space = pick(random, ['', ' '])
  return (drawn) => {
    const parts = names.map((name) => `${JSON.stringify(name)}:${space}${JSON.stringify(scalar(drawn))}`)
    return chance(drawn, 0.1) ? JSON.stringify(scalar(drawn)) : `{${parts.join(`,${space}`)}}`
  }
}
