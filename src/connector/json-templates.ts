import { asciiText } from '../kit/ascii-text.js'
import { type ObjectMaker, objectMaker } from '../kit/object-maker.js'

/**
 * Reads JSON objects that are written alike, record after record: `{"userId":"ann","ts":17}`, `{"userId":"bob","ts":18}`.
 *
 * Of an object that JSON.parse has read, `learn` keeps the template: the bytes between its values. An object that has
 * the same bytes there, and between them texts, numbers, true, false and null as JSON writes them, is what JSON.parse
 * would make of it, and `read` makes it straight from the bytes, in a quarter of the time. Whatever differs, by a space
 * or an escaped letter, fits no template and is left to JSON.parse: what is wrong is refused there, and a name that
 * comes twice was never learned.
 */
export class JsonTemplates {
  readonly #templates: JsonTemplate[] = []
  /** The one that fitted last, and where the next one learned goes. */
  #last = 0
  #oldest = 0
  /** Falls with records that fit nothing, faster than it rises with others: at none left, templates rest for a while. */
  #patience: number = PATIENCE
  #resting = 0

  /** The object in `bytes` from `start` to `end`; undefined if no template fits. */
  read(bytes: Buffer, start: number, end: number): object | undefined {
    if (this.#resting > 0) {
      this.#resting -= 1
      return undefined
    }
    const read = this.#templates[this.#last]?.read(bytes, start, end) ?? this.#readByOthers(bytes, start, end)
    if (read === undefined) this.#onMiss()
    else if (this.#patience < PATIENCE) this.#patience += 1
    return read
  }

  /** `bytes` from `start` to `end` are JSON, and JSON.parse made `value` of them. */
  learn(bytes: Buffer, start: number, end: number, value: unknown): void {
    if (this.#resting > 0 || typeof value !== 'object' || value === null || Array.isArray(value)) return
    const template = templateOf(bytes, start, end)
    if (template === undefined) return
    this.#last = this.#oldest
    this.#templates[this.#oldest] = template
    this.#oldest = (this.#oldest + 1) % TEMPLATES
  }

  #onMiss(): void {
    this.#patience -= MISS
    if (this.#patience >= 0) return
    this.#patience = PATIENCE
    this.#resting = REST
  }

  #readByOthers(bytes: Buffer, start: number, end: number): object | undefined {
    const templates = this.#templates
    for (let i = 0; i < templates.length; i++) {
      if (i === this.#last) continue
      const read = templates[i]!.read(bytes, start, end)
      if (read === undefined) continue
      this.#last = i
      return read
    }
    return undefined
  }
}

/** A stream has few kinds of records, or fields that are left out. */
const TEMPLATES = 8
const PATIENCE = 256
const MISS = 4
const REST = 8_192
const FIELDS_MAX = 128

const [QUOTE, BACKSLASH, COMMA, COLON, OPEN, CLOSE] = [0x22, 0x5c, 0x2c, 0x3a, 0x7b, 0x7d]
const [MINUS, PLUS, POINT, ZERO, NINE, SMALL_E, LARGE_E] = [0x2d, 0x2b, 0x2e, 0x30, 0x39, 0x65, 0x45]

/** Digits that are exact as an integer and as the numerator of a power of ten: one division then rounds but once. */
const EXACT_DIGITS = 15
const POWERS = Array.from({ length: EXACT_DIGITS + 1 }, (_, i) => 10 ** i)

/** The bytes before, between and behind the values of an object, and how to make one of such values. */
class JsonTemplate {
  readonly #literals: readonly Uint8Array[]
  readonly #make: ObjectMaker
  readonly #values: unknown[]
  /** Where the value that was read last ends; -1: it is none that is read here. */
  #at = -1

  constructor(literals: readonly Uint8Array[], make: ObjectMaker) {
    this.#literals = literals
    this.#make = make
    this.#values = new Array(literals.length - 1).fill(undefined)
  }

  read(bytes: Buffer, start: number, end: number): object | undefined {
    const literals = this.#literals
    const values = this.#values
    let at = start
    for (let i = 0; ; i++) {
      const literal = literals[i]!
      const { length } = literal
      if (end - at < length) return undefined
      for (let j = 0; j < length; j++) if (bytes[at + j] !== literal[j]) return undefined
      at += length
      if (i === values.length) return at === end ? this.#make(values) : undefined
      values[i] = this.#value(bytes, at, end)
      at = this.#at
      if (at < 0) return undefined
    }
  }

  #value(bytes: Buffer, at: number, end: number): unknown {
    const first = bytes[at]!
    if (first === QUOTE) return this.#text(bytes, at + 1, end)
    if (first === MINUS || (first >= ZERO && first <= NINE)) return this.#number(bytes, at, end)
    for (const { spelling, value } of WORDS) {
      if (spelling[0] !== first) continue
      this.#at = at + spelling.length
      for (let j = 1; j < spelling.length; j++) if (bytes[at + j] !== spelling[j]) this.#at = -1
      return value
    }
    this.#at = -1
    return undefined
  }

  #text(bytes: Buffer, start: number, end: number): string | undefined {
    let seen = 0
    let at = start
    for (; at < end; at++) {
      const byte = bytes[at]!
      if (byte === QUOTE) break
      if (byte < 0x20 || byte === BACKSLASH) return this.#miss()
      seen |= byte
    }
    if (at >= end) return this.#miss()
    this.#at = at + 1
    if (seen < 0x80) return asciiText(bytes, start, at)
    const text = bytes.toString('utf8', start, at)
    // U+FFFD stands for bytes that are no UTF-8, or for itself: not to be told apart here.
    return text.includes('\uFFFD') ? this.#miss() : text
  }

  #number(bytes: Buffer, start: number, end: number): number | undefined {
    const digitsAt = bytes[start] === MINUS ? start + 1 : start
    let value = 0
    let at = digitsAt
    for (; at < end && isDigit(bytes[at]!); at++) value = value * 10 + bytes[at]! - ZERO
    let digits = at - digitsAt
    if (digits === 0 || (digits > 1 && bytes[digitsAt] === ZERO)) return this.#miss()
    let decimals = 0
    if (at < end && bytes[at] === POINT) {
      const pointAt = at++
      for (; at < end && isDigit(bytes[at]!); at++) value = value * 10 + bytes[at]! - ZERO
      decimals = at - pointAt - 1
      digits += decimals
      if (decimals === 0) return this.#miss()
    }
    const hasExponent = at < end && (bytes[at] === SMALL_E || bytes[at] === LARGE_E)
    if (hasExponent || digits > EXACT_DIGITS) return this.#longNumber(bytes, start, at, end)
    this.#at = at
    if (decimals > 0) value /= POWERS[decimals]!
    return digitsAt > start ? -value : value
  }

  /** With an exponent, or of many digits. @param at behind its digits */
  #longNumber(bytes: Buffer, start: number, at: number, end: number): number | undefined {
    let last = at
    if (last < end && (bytes[last] === SMALL_E || bytes[last] === LARGE_E)) {
      last += bytes[last + 1] === PLUS || bytes[last + 1] === MINUS ? 2 : 1
      const exponentAt = last
      while (last < end && isDigit(bytes[last]!)) last++
      if (last === exponentAt) return this.#miss()
    }
    this.#at = last
    return Number(bytes.toString('latin1', start, last))
  }

  #miss(): undefined {
    this.#at = -1
    return undefined
  }
}

const WORDS = [
  { spelling: Buffer.from('true'), value: true },
  { spelling: Buffer.from('false'), value: false },
  { spelling: Buffer.from('null'), value: null },
] as const

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE
}

/** Of an object in well-formed JSON: undefined if its values are not all plain, or a name is none for a template. */
function templateOf(bytes: Buffer, start: number, end: number): JsonTemplate | undefined {
  const literals: Uint8Array[] = []
  const names: string[] = []
  let literalAt = start
  let at = afterSpace(bytes, start, end)
  if (bytes[at++] !== OPEN) return undefined
  for (;;) {
    at = afterSpace(bytes, at, end)
    if (bytes[at] === CLOSE) break
    const nameEnd = textEnd(bytes, at, end)
    const name = bytes.toString('latin1', at + 1, nameEnd - 1)
    if (!isPlainName(name)) return undefined
    names.push(name)
    at = afterSpace(bytes, nameEnd, end)
    if (bytes[at++] !== COLON) return undefined
    at = afterSpace(bytes, at, end)
    literals.push(new Uint8Array(bytes.subarray(literalAt, at)))
    literalAt = valueEnd(bytes, at, end)
    if (literalAt < 0) return undefined
    at = afterSpace(bytes, literalAt, end)
    if (bytes[at] === COMMA) at++
  }
  literals.push(new Uint8Array(bytes.subarray(literalAt, end)))
  if (names.length > FIELDS_MAX || new Set(names).size < names.length) return undefined
  return new JsonTemplate(literals, objectMaker(names))
}

/** In ASCII without escapes, and no name that means something else in an object literal. */
function isPlainName(name: string): boolean {
  return /^[ !#-[\]-~]*$/.test(name) && name !== '__proto__'
}

function afterSpace(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && (bytes[at] === 0x20 || (bytes[at]! >= 0x09 && bytes[at]! <= 0x0d))) at++
  return at
}

/** Behind the closing quote of the text whose opening quote is at `start`. */
function textEnd(bytes: Buffer, start: number, end: number): number {
  let at = start + 1
  while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at + 1
}

/** Behind the value at `start`; -1 for an object or an array. */
function valueEnd(bytes: Buffer, start: number, end: number): number {
  if (bytes[start] === QUOTE) return textEnd(bytes, start, end)
  let at = start
  while (at < end && /[-+.0-9A-Za-z]/.test(String.fromCharCode(bytes[at]!))) at++
  return at > start ? at : -1
}
