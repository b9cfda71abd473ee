import { fitted, type Palette, paletteFor } from './palette.js'

/** What of `process.stdout` and `process.stderr` is needed here. */
export interface OutputStream {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(chunk: string | Uint8Array, ...rest: never[]): boolean
}

export interface TerminalOptions {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly environment: Readonly<Record<string, string | undefined>>
}

const ERASE_LINE = '\r\u001b[2K'

/**
 * Where a command writes: data to stdout, talk to stderr, and, at a terminal, one live line below the talk that is
 * always the last. Whoever writes, data included, writes above it.
 */
export class Terminal {
  readonly palette: Palette
  /** There is somebody to show a live line to. */
  readonly isLive: boolean
  readonly #stdout: OutputStream
  readonly #stderr: OutputStream
  #liveLine: string | undefined

  constructor({ stdout, stderr, environment }: TerminalOptions) {
    this.#stdout = stdout
    this.#stderr = stderr
    const isTerminal = stderr.isTTY === true
    this.palette = paletteFor({ isTerminal, environment })
    this.isLive = isTerminal && environment['TERM'] !== 'dumb'
    if (this.isLive && stdout.isTTY === true) this.#keepDataAboveLiveLine()
  }

  data(text: string): void {
    this.#stdout.write(text)
  }

  /** One line, or several. */
  talk(line: string): void {
    const erase = this.#liveLine === undefined ? '' : ERASE_LINE
    this.#stderr.write(`${erase}${line}\n${this.#liveLine ?? ''}`)
  }

  /** Shows `line` in place of the live line; undefined takes it away. Does nothing off a terminal. */
  live(line: string | undefined): void {
    if (!this.isLive) return
    const erase = this.#liveLine === undefined ? '' : ERASE_LINE
    this.#liveLine = line === undefined ? undefined : fitted(line, (this.#stderr.columns ?? 80) - 1)
    this.#stderr.write(`${erase}${this.#liveLine ?? ''}`)
  }

  /** Threads write to this process's stdout by themselves: their lines, too, take the live line's place. */
  #keepDataAboveLiveLine(): void {
    const stdout = this.#stdout
    const write = stdout.write.bind(stdout)
    stdout.write = (chunk, ...rest) => {
      if (this.#liveLine === undefined) return write(chunk, ...rest)
      this.#stderr.write(ERASE_LINE)
      const isTaken = write(chunk, ...rest)
      this.#stderr.write(this.#liveLine)
      return isTaken
    }
  }
}

export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process
  return new Terminal({ stdout, stderr, environment: env })
}
