import { Terminal } from '#src/cli/terminal.js'

export interface Recording {
  readonly terminal: Terminal
  /** What went to stdout. */
  data(): string
  /** What went to stderr, escape sequences included. */
  talk(): string
}

/** A terminal whose two streams are kept. No colours unless the environment asks for them. */
export function recordingTerminal(
  { isTerminal = false, columns = 200 } = {},
  environment: Record<string, string> = { NO_COLOR: '1' },
): Recording {
  const written = { stdout: '', stderr: '' }
  const stream = (name: keyof typeof written) => ({
    isTTY: isTerminal,
    columns,
    write(chunk: string | Uint8Array) {
      written[name] += chunk
      return true
    },
  })
  const terminal = new Terminal({ stdout: stream('stdout'), stderr: stream('stderr'), environment })
  return { terminal, data: () => written.stdout, talk: () => written.stderr }
}
