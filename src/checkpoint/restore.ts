import type { JobPlan, OperatorPlan, VertexPlan } from '../graph/job-plan.js'
import { RetakeError } from '../kit/errors.js'
import { type OperatorId, type SubtaskId, type SubtaskIndex, subtaskId } from '../kit/ids.js'
import { subtaskOfGroup } from '../kit/key-group.js'
import type { RestoredOperator } from '../operator/restored-operator.js'
import type { KeyedPart, OperatorSnapshot, Piece, SplitPosition } from '../state/snapshot.js'
import type { Manifest, ManifestOperator, ManifestVertex } from './manifest.js'

/** What one operator of one new subtask gets back; a source is deployed with its splits. */
export interface OperatorRestoration extends RestoredOperator {
  readonly splits: readonly SplitPosition[]
}

/** By subtask, in the order of its chain. */
export type Restoration = ReadonlyMap<SubtaskId, readonly OperatorRestoration[]>

/** Kinds that keep nothing: the user may add, drop and reorder them between two runs. */
const STATELESS: ReadonlySet<string> = new Set(['map', 'filter', 'flat-map', 'combine'])

/**
 * Hands out again what `manifest` holds to the subtasks of `plan`: key groups by range, splits and pieces by owner
 * modulo parallelism. Operators are found by id alone, so they may have moved to other chains, and their parallelism
 * may have changed. Throws RT1205 to RT1208 where state could not be given back whole, RT1202 where the order of staged
 * rows is lost.
 */
export function restoreOf(manifest: Manifest, plan: Pick<JobPlan, 'vertices'>): Restoration {
  checkOperators(manifest, plan)
  const before = snapshotsByOperator(manifest)
  const restoration = new Map<SubtaskId, OperatorRestoration[]>()
  for (const vertex of plan.vertices) {
    const dealt = vertex.operators.map(({ id }) => {
      const state = manifest.sources.find(({ source }) => source === id)
      return dealtTo(vertex, id, before.get(id) ?? [], state?.splits ?? [])
    })
    for (let index = 0; index < vertex.parallelism; index++) {
      restoration.set(
        subtaskId(vertex.index, index as SubtaskIndex),
        dealt.map((hands) => hands[index]!),
      )
    }
  }
  return restoration
}

/** Max parallelism of every operator whose state `manifest` may hold: a plan that restores it is built with these. */
export function maxParallelismsOf(manifest: Manifest): Readonly<Record<OperatorId, number>> {
  const found: Record<OperatorId, number> = {}
  for (const { maxParallelism, operators } of manifest.vertices) {
    for (const { id, kind } of operators) if (!STATELESS.has(kind)) found[id] = maxParallelism
  }
  return found
}

interface SnapshotBefore extends OperatorSnapshot {
  readonly ended: boolean
}

/** What each subtask of `vertex` gets of one operator. In one pass: none looks through what all the others get. */
function dealtTo(
  { parallelism, maxParallelism }: VertexPlan,
  operator: OperatorId,
  before: readonly SnapshotBefore[],
  assigned: readonly SplitPosition[],
): readonly OperatorRestoration[] {
  const ended = endedOf(before, parallelism)
  const hands = Array.from({ length: parallelism }, (_, subtask) => ({
    operator,
    splits: [] as SplitPosition[],
    pieces: [] as Piece[],
    keyed: [] as KeyedPart[],
    ended: ended.has(subtask),
  }))
  for (const split of positionsOf(assigned, before)) hands[split.owner % parallelism]!.splits.push(split)
  for (const { pieces, keyed } of before) {
    for (const piece of pieces ?? []) hands[piece.owner % parallelism]!.pieces.push(piece)
    for (const part of keyed ?? []) {
      const first = subtaskOfGroup(part.firstGroup, parallelism, maxParallelism)
      const last = Math.min(subtaskOfGroup(part.lastGroup, parallelism, maxParallelism), parallelism - 1)
      for (let subtask = first; subtask <= last; subtask++) hands[subtask]!.keyed.push(part)
    }
  }
  return hands
}

/** What the coordinator knew of each split, or better, what its reader said of it. */
function positionsOf(assigned: readonly SplitPosition[], before: readonly SnapshotBefore[]): SplitPosition[] {
  const positions = new Map(assigned.map((split) => [split.split, split]))
  for (const { splits } of before) for (const split of splits ?? []) positions.set(split.split, split)
  return [...positions.values()]
}

/**
 * Which subtasks have ended. At the same parallelism each goes on as itself. At another, only an end that all had reached
 * is an end: behind a barrier that was aligned over all inputs, all subtasks of an operator have ended or none has; a
 * source that had ended in part finds the ends of its splits again.
 */
function endedOf(before: readonly SnapshotBefore[], parallelism: number): ReadonlySet<number> {
  if (before.length === parallelism)
    return new Set(before.filter(({ ended }) => ended).map(({ subtask }) => subtask))
  const all = before.length > 0 && before.every(({ ended }) => ended)
  return new Set(Array.from({ length: all ? parallelism : 0 }, (_, subtask) => subtask))
}

/** Snapshots of each operator in the order of its old subtasks. */
function snapshotsByOperator({ subtasks }: Manifest): Map<OperatorId, SnapshotBefore[]> {
  const byOperator = new Map<OperatorId, SnapshotBefore[]>()
  const inOrder = [...subtasks].sort((a, b) => a.vertex - b.vertex || a.subtask - b.subtask)
  for (const { operators, ended } of inOrder) {
    for (const snapshot of operators) {
      const list = byOperator.get(snapshot.operator)
      if (list === undefined) byOperator.set(snapshot.operator, [{ ...snapshot, ended }])
      else list.push({ ...snapshot, ended })
    }
  }
  for (const [operator, list] of byOperator) checkOwners(operator, list)
  return byOperator
}

/** All pieces of one original subtask stand in one snapshot: their order is the guarantee. */
function checkOwners(operator: OperatorId, snapshots: readonly SnapshotBefore[]): void {
  const holders = new Map<number, SubtaskIndex>()
  for (const { pieces, subtask } of snapshots) {
    for (const { owner } of pieces ?? []) {
      const holder = holders.get(owner) ?? subtask
      if (holder !== subtask) throw twoHolders(operator, owner, holder, subtask)
      holders.set(owner, holder)
    }
  }
}

function twoHolders(
  operator: OperatorId,
  owner: number,
  holder: SubtaskIndex,
  subtask: SubtaskIndex,
): RetakeError {
  return new RetakeError('RT1202', {
    what: `the manifest of the checkpoint gives the staged rows of subtask ${owner} of ${named([operator])} to two subtasks, ${holder} and ${subtask}`,
    why: 'no order is known between them, so they cannot be written exactly once; the manifest was changed after it was written',
    fix: 'restore that manifest from a copy, or start a new run from another checkpoint (--from-checkpoint)',
  })
}

interface Stateful<V, O> {
  readonly vertex: V
  readonly operator: O
}

function statefulOperators<O extends { id: OperatorId; kind: string }, V extends { operators: readonly O[] }>(
  vertices: readonly V[],
): Map<OperatorId, Stateful<V, O>> {
  const found = new Map<OperatorId, Stateful<V, O>>()
  for (const vertex of vertices) {
    for (const operator of vertex.operators) {
      if (!STATELESS.has(operator.kind)) found.set(operator.id, { vertex, operator })
    }
  }
  return found
}

function checkOperators(manifest: Manifest, plan: Pick<JobPlan, 'vertices'>): void {
  const was = statefulOperators<ManifestOperator, ManifestVertex>(manifest.vertices)
  const is = statefulOperators<OperatorPlan, VertexPlan>(plan.vertices)
  const of = `checkpoint ${manifest.checkpoint} of run ${manifest.run} (job ${manifest.job})`
  const gone = [...was.keys()].filter((id) => !is.has(id))
  if (gone.length > 0) {
    throw new RetakeError('RT1206', {
      what: `${of} holds state of ${named(gone)}, which the job has not`,
      why: 'state is found by operator id, and would be lost without a word',
      fix: `give those operators their ids back (the job has ${named([...is.keys()])}), or start a new run without a checkpoint`,
      where: plan.vertices[0]?.operators[0]?.where,
    })
  }
  const added = [...is.values()].filter(({ operator }) => !was.has(operator.id))
  if (added.length > 0) {
    const ids = added.map(({ operator }) => operator.id)
    throw new RetakeError('RT1207', {
      what: `the job has ${named(ids)}, of which ${of} knows nothing`,
      why: `state is found by operator id; the checkpoint has ${named([...was.keys()])}`,
      fix: 'name operators as they were named when the checkpoint was taken, or start a new run without a checkpoint',
      where: added[0]?.operator.where,
    })
  }
  for (const [id, { vertex, operator }] of is) {
    const old = was.get(id)
    if (old === undefined) continue
    if (old.operator.kind !== operator.kind) {
      throw new RetakeError('RT1208', {
        what: `${named([id])} was written by ${old.operator.kind} but would now be read by ${operator.kind}`,
        why: 'restoring would take the bytes of one kind of operator for those of another',
        fix: 'give the new operator another id and start a new run without a checkpoint',
        where: operator.where,
      })
    }
    if (old.vertex.maxParallelism !== vertex.maxParallelism) {
      throw new RetakeError('RT1205', {
        what: `${named([id])} had max parallelism ${old.vertex.maxParallelism} and now has ${vertex.maxParallelism}`,
        why: 'max parallelism is the number of key groups, by which all keyed state is stored',
        fix: `set maxParallelism to ${old.vertex.maxParallelism}; parallelism itself may change`,
        where: operator.where,
      })
    }
    checkConnector(manifest, old.operator, operator)
  }
}

/** Positions and staged rows are in the words of the connector that wrote them: no other reads them. */
function checkConnector(manifest: Manifest, was: ManifestOperator, is: OperatorPlan): void {
  const { id, kind, where } = is
  const [before, now] = [connectorText(was.connector), connectorText(is.connector)]
  // What keeps no connector was taken of a plan that had none.
  if (was.connector === undefined || before === now) return
  const what = `${kind} ${named([id])} was ${before} when checkpoint ${manifest.checkpoint} of run ${manifest.run} was taken, and is now ${now}`
  if (kind === 'source') {
    throw new RetakeError('RT1208', {
      what,
      why: 'the checkpoint holds positions that only the connector which wrote them can go on from',
      fix: `give the source its connector back (${before}), or start a new run without a checkpoint`,
      where,
    })
  }
  const pieces = piecesOf(manifest, id)
  if (pieces === 0) return
  throw new RetakeError('RT1208', {
    what,
    why: `the checkpoint holds rows that it staged and had not yet confirmed (${pieces} pieces), which would be lost: only the sink as it was can write them`,
    fix: `give the sink back what it was (${before}) and change it at a checkpoint that holds none of its rows, or start a new run without a checkpoint`,
    where,
  })
}

/** For example `postgres, exactly-once`. */
function connectorText(connector: ManifestOperator['connector']): string {
  if (connector === undefined) return 'without a connector'
  const { name, guarantee } = connector
  return guarantee === undefined ? name : `${name}, ${guarantee}`
}

function piecesOf({ subtasks }: Manifest, operator: OperatorId): number {
  let pieces = 0
  for (const { operators } of subtasks)
    for (const snapshot of operators)
      if (snapshot.operator === operator) pieces += snapshot.pieces?.length ?? 0
  return pieces
}

function named(ids: readonly string[]): string {
  return ids.length === 0 ? 'none' : ids.map((id) => `"${id}"`).join(', ')
}
