import type { JobLog } from '#src/cluster/job-log.js'
import type { LogEntry, LogEvent } from '#src/cluster/log-entry.js'
import { decodeLogEntry, encodeLogEntry } from '#src/cluster/log-entry-codec.js'
import { assert, assertNever } from '#src/kit/assert.js'
import type { RunId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Random } from '#src/kit/random.js'
import type { VirtualClock } from '#src/kit/virtual-clock.js'
import type { MemoryState } from '#src/testing/memory-state.js'
import { LogRules } from './log-rules.js'
import { NO_REFUSALS, type Refusals } from './store-link.js'
import type { Trace } from './trace.js'

export interface LogFaults extends Refusals {
  /** Share of the reads that are answered by one who is behind: a leader that was just voted out. */
  staleReads: number
  /** How far behind. */
  lagMs: readonly [number, number]
  /** Whether a stale read shows at least what its client was told before; one that has changed its server may not be. */
  showsOwn: boolean
}

/** An entry was really written, by the process `by`, which may never hear of it. */
export type OnAppended = (run: RunId, entry: LogEntry, by: string) => void

/** The newest place of each run that one client was told of. */
export type Told = Map<RunId, number>

interface Written {
  readonly entry: LogEntry
  readonly at: number
}

export interface LogServerOptions {
  readonly memory: MemoryState
  readonly clock: VirtualClock
  readonly random: Random
  readonly trace: Trace
}

export const GOOD_LOG: Readonly<LogFaults> = {
  ...NO_REFUSALS,
  staleReads: 0,
  lagMs: [0, 10_000],
  showsOwn: true,
}

/**
 * The logs of all runs where they are kept: appends are judged by the store itself, and watched over by rules of our
 * own; reads may be answered out of the past.
 *
 * A broken rule, or what a watcher throws, comes out of the clock: the client that wrote the entry would only take it
 * for a failure of the store, and try again.
 */
export class LogServer {
  readonly faults: LogFaults = { ...GOOD_LOG }
  readonly #options: LogServerOptions
  readonly #written = new Map<RunId, Written[]>()
  readonly #rules = new Map<RunId, LogRules>()
  readonly #watchers: OnAppended[] = []

  constructor(options: LogServerOptions) {
    assert(options.memory.runs().length === 0, 'the truth about a log is known only from its first entry on')
    this.#options = options
  }

  watch(onAppended: OnAppended): void {
    this.#watchers.push(onAppended)
  }

  /** Every entry that was ever written, those that the store has dropped too. */
  truth(run: RunId): readonly LogEntry[] {
    return this.#writtenTo(run).map(({ entry }) => entry)
  }

  /** All that have an entry. */
  allRuns(): readonly RunId[] {
    return [...this.#written.keys()]
  }

  append(run: RunId, entry: LogEntry, by: string): Awaited<ReturnType<JobLog['append']>> {
    const { memory, clock, trace } = this.#options
    const log = memory.log(run)
    const answer = this.#watched(() => log.append(entry))
    const newest = log.read().at(-1)
    const isNew = newest !== undefined && newest.place > this.#writtenTo(run).length
    trace.add(by, `log ${answer === 'written' && !isNew ? 'again' : answer}`, `${run} ${textOf(entry)}`)
    if (!isNew) return answer
    const written = this.#written.get(run) ?? []
    written.push({ entry: newest, at: clock.now() })
    this.#written.set(run, written)
    this.#judge(run, newest, by)
    return answer
  }

  read(run: RunId, by: string, told: Told): readonly LogEntry[] {
    const written = this.#writtenTo(run)
    const place = this.#placeShown(written, told.get(run) ?? 0)
    if (place < written.length)
      this.#options.trace.add(by, 'log stale', `${run} ends at ${place} of ${written.length}`)
    return written.slice(Math.max(0, place - LIMITS.logEntriesKept), place).map(({ entry }) => copyOf(entry))
  }

  runs(by: string, told: Told): readonly RunId[] {
    const all = this.allRuns()
    const shown = all.filter((run) => this.#placeShown(this.#writtenTo(run), told.get(run) ?? 0) > 0)
    if (shown.length < all.length)
      this.#options.trace.add(by, 'log stale', `${shown.length} of ${all.length} runs`)
    return shown
  }

  /** The newest place that a reader is shown who was told of `told`. */
  #placeShown(written: readonly Written[], told: number): number {
    const { random, clock } = this.#options
    const { staleReads, lagMs, showsOwn } = this.faults
    if (random.next() >= staleReads) return written.length
    const then = clock.now() - (lagMs[0] + random.next() * (lagMs[1] - lagMs[0]))
    const visible = written.filter(({ at }) => at <= then).length
    return Math.max(visible, showsOwn ? told : 0)
  }

  #judge(run: RunId, entry: LogEntry, by: string): void {
    const rules = this.#rules.get(run) ?? new LogRules(run)
    this.#rules.set(run, rules)
    try {
      this.#watched(() => rules.follow(entry))
      for (const onAppended of this.#watchers) this.#watched(() => onAppended(run, entry, by))
    } catch {
      // The clock throws it; the entry stands, and its writer is told so.
    }
  }

  #watched<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      this.#options.clock.soon(() => {
        throw error
      })
      throw error
    }
  }

  #writtenTo(run: RunId): readonly Written[] {
    return this.#written.get(run) ?? []
  }
}

/** Each reader has its own, as it came off the wire. */
function copyOf(entry: LogEntry): LogEntry {
  return decodeLogEntry(encodeLogEntry(entry), entry.place, 'the simulated log')
}

function textOf({ place, event }: LogEntry): string {
  return `${place} ${event.type} ${detailOf(event)}`.trimEnd()
}

function detailOf(event: LogEvent): string {
  switch (event.type) {
    case 'submitted':
      return event.origin === undefined ? event.job : `${event.job} from ${event.origin.run}`
    case 'leads':
      return `epoch ${event.epoch} ${event.node}`
    case 'reserved':
      return `to ${event.to}`
    case 'started':
      return `attempt ${event.attempt} from ${event.from}`
    case 'completed':
      return `checkpoint ${event.checkpoint} of attempt ${event.attempt}`
    case 'cancelling':
      return `of epoch ${event.epoch}`
    case 'released':
      return event.checkpoints.join(', ')
    case 'ended':
      return event.outcome
    default:
      return assertNever(event)
  }
}
