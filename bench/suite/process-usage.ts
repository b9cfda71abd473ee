import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** Linux tells what other processes use. Elsewhere nothing does, and the figures are missing from the report. */
export const TELLS_PROCESSES: boolean = existsSync('/proc/self/stat')

/** Linux has counted processor time in hundredths of a second, for whoever reads it, on every machine since 2.6. */
const TICKS_PER_SECOND = 100

/**
 * What a stretch of time cost other processes, by pid: a JVM, a PostgreSQL, two nodes. Whatever they start counts as
 * theirs, what of it has ended too, if they waited for it.
 */
export class ProcessUsage {
  readonly #pids: readonly number[]
  readonly #ticks: number

  /** Begins to count. A process that has ended already is an error. */
  constructor(pids: readonly number[]) {
    this.#pids = pids
    this.#ticks = this.#read().ticks
  }

  /**
   * Ends the stretch. All of `pids` must still run: what the kernel knew of one that has ended is gone.
   *
   * @returns nothing where the system does not tell. `rssBytes` is the sum of their peaks, each since its process began;
   *   pages that processes share count for each of them.
   */
  stop(): { readonly cpuSeconds?: number; readonly rssBytes?: number } {
    if (!TELLS_PROCESSES) return {}
    const { ticks, rssBytes } = this.#read()
    return { cpuSeconds: (ticks - this.#ticks) / TICKS_PER_SECOND, rssBytes }
  }

  #read(): { ticks: number; rssBytes: number } {
    const sum = { ticks: 0, rssBytes: 0 }
    if (!TELLS_PROCESSES) return sum
    for (const pid of this.#pids) {
      if (!addTree(pid, sum))
        throw new Error(`process ${pid} has ended, and what it used is not known any more`)
    }
    return sum
  }
}

/** Adds a process and its descendants to `sum`; false if it has ended. */
function addTree(pid: number, sum: { ticks: number; rssBytes: number }): boolean {
  const stat = textOf(`/proc/${pid}/stat`)
  // A zombie has a state and times, but no memory.
  const peakKb = /^VmHWM:\s*(\d+) kB$/m.exec(textOf(`/proc/${pid}/status`))?.[1]
  if (stat === '' || peakKb === undefined) return false
  // The name, which may hold anything, ends at the last bracket; behind it the state is field 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // 14 to 17: user and system, its own and of children that it has waited for.
  for (const field of [14, 15, 16, 17]) sum.ticks += Number(fields[field - 3])
  sum.rssBytes += Number(peakKb) * 1_024
  for (const child of childrenOf(pid)) addTree(child, sum)
  return true
}

/** Of all its threads: any of them may have started one. Threads and processes end while they are asked. */
function childrenOf(pid: number): number[] {
  return threadsOf(pid).flatMap((thread) =>
    textOf(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  )
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** Empty of what is not there any more. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
