import { type ChildProcess, spawn } from 'node:child_process'

export interface Guarded {
  /** Leads a process group of its own. */
  readonly pid: number
  /** What makes it drop everything, its own children included. */
  readonly abortSignal: NodeJS.Signals
  /** Removed with it. */
  readonly folder?: string
}

/**
 * Waits at the other end of a pipe that only the test process holds. When that process ends, in whatever way (the
 * kernel closes the pipe of a killed one too), the guard kills what it guards and removes its folder. The word `done`
 * dismisses it. It is the shell, because the server's own language may be gone and because it costs nothing.
 */
const SCRIPT = `
trap '' INT TERM HUP
PATH=/usr/bin:/bin:$PATH
server=$1 signal=$2 folder=$3
if read -r word && [ "$word" = done ]; then exit 0; fi
kill -s "$signal" "$server" 2>/dev/null
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
kill -s KILL -- "-$server" 2>/dev/null
[ -z "$folder" ] || rm -rf "$folder"
`

/** Outlives the test process, and lets nothing that it guards do so. */
export class Guard {
  readonly #shell: ChildProcess

  constructor({ pid, abortSignal, folder = '' }: Guarded) {
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT, 'guard', String(pid), abortSignal.slice(3), folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    this.#shell.unref()
    // The pipe must not keep a finished test process alive, nor break it when the guard is gone first.
    this.#shell.stdin?.on('error', () => {})
    ;(this.#shell.stdin as unknown as { unref?: () => void })?.unref?.()
  }

  /** What it guarded has ended in good order. */
  dismiss(): void {
    this.#shell.stdin?.end('done\n')
  }
}
