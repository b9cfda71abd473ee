import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** What nodes say over all their starts, a file each: for whoever asks afterwards why something took so long. */
export class NodeLogs {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true })
  }

  onLine(name: string, line: string, at: number): void {
    const time = new Date(at).toISOString().slice(11, 23)
    appendFileSync(join(this.#folder, `${name}.log`), `${time}  ${line}\n`)
  }
}
