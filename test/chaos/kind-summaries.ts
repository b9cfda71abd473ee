import type { FaultRecord, KindSummary } from './chaos-report.js'
import { spreadOf } from './spread.js'

/** One line for each kind of fault that struck, in the order in which they first did. */
export function kindSummaries(faults: readonly FaultRecord[]): readonly KindSummary[] {
  const kinds = new Map<string, FaultRecord[]>()
  for (const fault of faults) kinds.set(fault.kind, [...(kinds.get(fault.kind) ?? []), fault])
  return [...kinds].map(([kind, struck]) => ({
    kind,
    family: struck[0]!.family,
    count: struck.length,
    detectMs: spreadOf(struck.flatMap(({ detectMs }) => detectMs ?? [])),
    runsMs: spreadOf(struck.flatMap(({ runsMs }) => runsMs ?? [])),
    recoverMs: spreadOf(struck.flatMap(({ recoverMs }) => recoverMs ?? [])),
    attempts: struck.reduce((sum, { attempts }) => sum + attempts, 0),
  }))
}
