import { firstManifest, type Manifest, manifestOf } from '#src/checkpoint/manifest.js'
import { decodeManifest, encodeManifest } from '#src/checkpoint/manifest-codec.js'
import { maxParallelismsOf, restoreOf } from '#src/checkpoint/restore.js'
import { blobsOf } from '#src/checkpoint/retention.js'
import type { Attempt, CheckpointId, RunId } from '#src/kit/ids.js'
import type { Random } from '#src/kit/random.js'
import type { BlobName, OperatorSnapshot, Part, SubtaskSnapshot } from '#src/state/snapshot.js'
import { checkpoint, clickCount, operatorId, run } from '../../unit/checkpoint/fixtures.js'
import { damagedJson } from '../damaged-value.js'
import { type Decoder, refusedWith } from '../decoder.js'
import { between, chance, count, json, listOf } from '../draw.js'

/** Manifests, which may come from a path that a user typed; and how a job is restored from one. */
export const manifest: Decoder<Manifest> = {
  name: 'manifest',
  sample(random) {
    const drawn = drawnManifest(random)
    return { bytes: encodeManifest(drawn), value: JSON.parse(JSON.stringify(drawn)) as Manifest }
  },
  decode(bytes) {
    const read = decodeManifest(bytes, 'a manifest')
    maxParallelismsOf(read)
    blobsOf(read)
    restoreOf(read, clickCount(2))
    restoreOf(read, clickCount(3))
    return read
  },
  isRefusal: refusedWith('RT1201', 'RT1202', 'RT1205', 'RT1206', 'RT1207', 'RT1208'),
  damage: (random, { value }) => damagedJson(random, value),
  faultOf: ({ subtasks }) => {
    const isWhole = (one: OperatorSnapshot) => (one.pieces ?? []).every(({ owner }) => owner >= 0)
    return subtasks.every(({ operators }) => operators.every(isWhole)) ? undefined : 'pieces of nobody'
  },
}

function drawnManifest(random: Random): Manifest {
  const plan = clickCount(2)
  const split = (owner: number) => ({ split: `clicks-${owner}`, owner, position: json(random, 2) })
  const sources = [{ source: operatorId('clicks'), splits: [split(0), split(1)] }]
  if (chance(random, 0.2)) return firstManifest(run, plan, sources, 17)
  const ended = chance(random, 0.3)
  const subtasks = plan.vertices.flatMap(({ index, operators }) =>
    [0, 1].map((subtask): SubtaskSnapshot => {
      const snapshots = operators.map(({ id, kind }): OperatorSnapshot => {
        const of = { operator: id, subtask: subtask as SubtaskSnapshot['subtask'] }
        if (kind === 'source') return { ...of, splits: [{ ...split(subtask), ended }] }
        if (kind === 'sum')
          return {
            ...of,
            keyed: [{ firstGroup: 64 * subtask, lastGroup: 64 * subtask + 63, part: part(random) }],
          }
        if (kind === 'sink') return { ...of, pieces: pieces(random, subtask) }
        return of
      })
      return { vertex: index, subtask: subtask as SubtaskSnapshot['subtask'], ended, operators: snapshots }
    }),
  )
  const head = { run, plan, checkpoint: checkpoint(count(random)), attempt: 2 as Attempt }
  return manifestOf({ ...head, triggeredAt: count(random), completedAt: count(random) }, sources, subtasks)
}

function pieces(random: Random, owner: number): NonNullable<OperatorSnapshot['pieces']> {
  const numbers = listOf(random, 4, () => 0).map((_, number) => number)
  return numbers.map((number) => ({
    owner,
    run: 'run0' as RunId,
    checkpoint: 3 as CheckpointId,
    number,
    part: part(random),
  }))
}

function part(random: Random): Part {
  const blob = `run1/1/${between(random, 0, 9)}/count-${between(random, 0, 9)}` as BlobName
  return { blob, offset: count(random), bytes: between(random, 0, 1000), hash: 'a'.repeat(64) }
}
