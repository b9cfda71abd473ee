import type { LogEntry } from './log-entry.js'

/**
 * Where the entries of one run are kept. An entry is written only at the next place, so whoever acts on an old view
 * finds the place taken. `test/contract/job-log.ts` says what every implementation must do.
 */
export interface JobLog {
  /** The entries still kept, in order, without holes; the last one is the newest that was visible. */
  read(): Promise<readonly LogEntry[]>
  /**
   * 'written': `entry` stands at its place, durable. 'taken': another does. A rejected promise means unknown: nothing
   * else may be decided until the same entry, appended again and again, is answered.
   */
  append(entry: LogEntry): Promise<'written' | 'taken'>
}
