import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** The shortest piece of a secret that is looked for: less would be found everywhere. */
const FORM_MIN = 7

/**
 * Looks for secrets in whatever was written: as they are, percent-encoded, escaped as in JSON, in hexadecimal digits, in
 * UTF-16, and in base64 at whatever place of a longer text.
 */
export class SecretSearch {
  readonly #forms: readonly (readonly [name: string, form: Buffer])[]
  /** How much was looked at: a search of nothing finds nothing. */
  bytes = 0

  constructor(secrets: Readonly<Record<string, string>>) {
    this.#forms = Object.entries(secrets).flatMap(([name, secret]) =>
      formsOf(secret).map((form) => [name, form] as const),
    )
  }

  /** One line for each secret that stands in `written`, with what stands around it. */
  findIn(place: string, written: string | Buffer): string[] {
    const bytes = Buffer.isBuffer(written) ? written : Buffer.from(written)
    this.bytes += bytes.length
    const found = this.#forms.flatMap(([name, form]) => {
      const at = bytes.indexOf(form)
      if (at < 0) return []
      const around = bytes.subarray(Math.max(0, at - 60), at + form.length + 20).toString('latin1')
      return [`${name} stands in ${place}: …${around}…`]
    })
    return [...new Set(found)]
  }

  /** The same of every file of a folder, and of the names of the files. */
  findBelow(folder: string): string[] {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    return entries.flatMap((entry) => {
      const path = join(entry.parentPath, entry.name)
      const place = relative(folder, path)
      const named = this.findIn(`the name ${place}`, place)
      return entry.isFile() ? [...named, ...this.findIn(place, readFileSync(path))] : named
    })
  }
}

function formsOf(secret: string): Buffer[] {
  const bytes = Buffer.from(secret)
  const base64 = [0, 1, 2].map((offset) => base64At(bytes, offset))
  const texts = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ]
  for (const text of texts) {
    if (text.length < FORM_MIN) throw new Error(`${text} is too short to be looked for`)
  }
  return [...[...new Set(texts)].map((text) => Buffer.from(text)), Buffer.from(secret, 'utf16le')]
}

/** The characters of base64 that are the same whatever stands before and behind, `offset` bytes after a beginning. */
function base64At(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
}
