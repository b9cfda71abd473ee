import type { LogEntry } from './log-entry.js'

/**
 * Whose entry stands at the place of `entry`, by the entries that a log still keeps, when at least one has come to stand
 * there. 'behind': what was read is older than that.
 */
export function outcomeOf(entry: LogEntry, kept: readonly LogEntry[]): 'written' | 'taken' | 'behind' {
  const newest = kept.at(-1)
  if (newest === undefined || newest.place < entry.place) return 'behind'
  const standing = kept.find(({ place }) => place === entry.place)
  if (standing !== undefined) return standing.nonce === entry.nonce ? 'written' : 'taken'
  // Dropped: the one that came after it names it. If that is dropped too, its writer has slept so long that it lost.
  const next = kept.find(({ place }) => place === entry.place + 1)
  return next?.previous === entry.nonce ? 'written' : 'taken'
}
