/**
 * What the process of a contender says while it runs, whatever it is written in: a line of JSON each on its standard
 * output. `at` is milliseconds since 1970, by the machine's clock, which all of them read.
 */
export type RunLine =
  /** Records flow from here on: the clock starts. */
  | { readonly type: 'running'; readonly at: number }
  /** So many clicks are read, of all. */
  | { readonly type: 'read'; readonly at: number; readonly clicks: number }
  /** Complete; `seconds` since it began, where that is known. */
  | { readonly type: 'checkpoint'; readonly at: number; readonly seconds?: number }
  /** The last commit is answered: the clock stops. The process stays until its standard input ends. */
  | { readonly type: 'committed'; readonly at: number }

type Unstamped<T> = T extends RunLine ? Omit<T, 'at'> : never

/** Says a line on behalf of this process. */
export function say(line: Unstamped<RunLine>): void {
  process.stdout.write(`${JSON.stringify({ ...line, at: Date.now() })}\n`)
}

/** Says that all is committed, and resolves when whoever started this process has taken its measure. */
export async function committed(): Promise<void> {
  say({ type: 'committed' })
  for await (const _ of process.stdin);
}
