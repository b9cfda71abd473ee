import type { Connectors } from '../connector/registry.js'
import type { JobPlan } from '../graph/job-plan.js'
import { RetakeError } from '../kit/errors.js'
import type { OperatorId } from '../kit/ids.js'
import type { SplitPosition } from '../state/snapshot.js'
import type { Manifest, SourceState } from './manifest.js'

/**
 * What the coordinators of `sources` know after a checkpoint that had `states`: its splits, and those that were handed
 * out since, which nobody has but the subtasks that read them.
 *
 * @param read by source: all that its subtasks say that they read
 */
export function withSplitsRead(
  states: readonly SourceState[],
  read: ReadonlyMap<OperatorId, readonly SplitPosition[]>,
): readonly SourceState[] {
  return states.map(({ source, splits }) => {
    const known = new Set(splits.map(({ split }) => split))
    const since = (read.get(source) ?? []).filter(({ split }) => !known.has(split))
    return { source, splits: [...splits, ...since] }
  })
}

/**
 * Checks that the sources of `plan` can go on with the splits that `manifest` holds: those of another topic are another
 * stream, and the state of the checkpoint says nothing of it. Throws RT1210, which names the first that does not fit.
 */
export function checkSplits(manifest: Manifest, plan: JobPlan, connectors: Connectors): void {
  for (const { id, kind, connector, where } of plan.vertices.flatMap(({ operators }) => operators)) {
    if (kind !== 'source' || connector === undefined) continue
    const source = connectors.source(connector.name)
    for (const split of manifest.sources.find(({ source }) => source === id)?.splits ?? []) {
      const misfit = source.misfit?.(connector.options, split)
      if (misfit === undefined) continue
      throw new RetakeError('RT1210', {
        what: `source ${JSON.stringify(id)} cannot go on with ${JSON.stringify(split.split)}, which checkpoint ${manifest.checkpoint} of run ${manifest.run} holds: ${misfit}`,
        why: 'positions belong to what was read when the checkpoint was taken',
        fix: 'let the source read what it read then, or start a new run without a checkpoint',
        where,
      })
    }
  }
}
