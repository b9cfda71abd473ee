/** One place in which the code is broken on purpose. */
export interface Mutation {
  /** What is wrong then. */
  readonly name: string
  readonly file: string
  /** Stands there once. */
  readonly from: string
  readonly to: string
}

/**
 * Each breaks a promise, and the simulation has to notice: a file, what stands there, and what stands there instead.
 * Text that is not found exactly once is an error, so the list cannot grow stale.
 */
export const MUTATIONS: readonly Mutation[] = [
  // Channels.
  {
    name: 'a barrier does not block its channel',
    file: 'src/channel/barrier-aligner.ts',
    from: '    return this.#delivered.has(channel)\n',
    to: '    return false\n',
  },
  {
    name: 'a barrier is passed on before all channels have delivered it',
    file: 'src/channel/barrier-aligner.ts',
    from: 'if (this.#delivered.size < this.#channels) return',
    to: 'if (this.#delivered.size < this.#channels - 1) return',
  },
  {
    name: 'end of input overtakes the records queued before it',
    file: 'src/channel/output-channel.ts',
    from: '    this.#waiting.push(waiting)\n',
    to: "    if (waiting.element.kind === 'end-of-input') this.#waiting.unshift(waiting)\n    else this.#waiting.push(waiting)\n",
  },
  {
    name: 'the end of one input ends all',
    file: 'src/channel/inbox.ts',
    from: 'return this.#ended === this.#channels.length ?',
    to: 'return this.#ended === 1 ?',
  },
  {
    name: 'a gap in a channel is passed over',
    file: 'src/channel/sequence.ts',
    from: 'if (sequence > this.#received + 1) throw',
    to: 'if (sequence < 0) throw',
  },
  {
    name: 'a lost tail is passed over',
    file: 'src/channel/sequence.ts',
    from: 'if (lastSequence > this.#received) throw',
    to: 'if (lastSequence < 0) throw',
  },
  {
    name: 'credit is counted twice',
    file: 'src/channel/credit.ts',
    from: 'frames: this.#taken.frames + this.#window.frames,',
    to: 'frames: this.#taken.frames * 2 + this.#window.frames,',
  },
  {
    name: 'lost credit is never repeated',
    file: 'src/channel/input-channel.ts',
    from: '    this.#sequence.onBeacon(lastSequence)\n    this.#grant()\n',
    to: '    this.#sequence.onBeacon(lastSequence)\n',
  },
  {
    name: 'an idle sender does not ask whether all has arrived',
    file: 'src/channel/output-channel.ts',
    from: 'const isSettled = this.#arrived === this.#credit.sentFrames && this.isReady',
    to: 'const isSettled = this.isReady',
  },

  // Combiners.
  {
    name: 'a combiner holds records back when a barrier passes',
    file: 'src/operator/chain.ts',
    from: '      link.operator.beforeBarrier?.()\n',
    to: '',
  },
  {
    name: 'a combiner holds records back when the input ends',
    file: 'src/operator/combine.ts',
    from: '  finish(): void {\n    this.#send()\n',
    to: '  finish(): void {\n',
  },
  {
    name: 'a combined count counts as one record',
    file: 'src/operator/count.ts',
    from: 'this.#isOfCounts ? (record as KeyCount).count : 1',
    to: 'this.#isOfCounts ? 1 : 1',
  },

  // Snapshots.
  {
    name: 'timers are left out of a snapshot',
    file: 'src/state/group-chunk.ts',
    from: '    this.#timers.push([key, at, tag])\n',
    to: '',
  },
  {
    name: 'a snapshot shows what was written after its barrier',
    file: 'src/state/heap-value-state.ts',
    from: 'if (settledFor[at]! < this.#captures.newest) {',
    to: 'if (settledFor[at]! > this.#captures.newest) {',
  },
  {
    name: 'the offset is recorded too early: of what was fetched',
    file: 'src/connector/kafka/kafka-split.ts',
    from: '    this.fetchOffset = records.nextFetchOffset\n',
    to: '    this.fetchOffset = records.nextFetchOffset\n    this.#offset = records.nextFetchOffset\n',
  },
  {
    name: 'the offset is recorded too late: one record behind',
    file: 'src/connector/kafka/kafka-split.ts',
    from: 'this.#offset = records.record.offset + 1',
    to: 'this.#offset = records.record.offset',
  },
  {
    name: 'an assignment of splits that comes again is carried out again',
    file: 'src/connector/source-operator.ts',
    from: 'const fresh = splits.filter(({ split }) => !this.#known.has(split))',
    to: 'const fresh = splits',
  },
  {
    name: 'splits that their coordinator alone knows are not restored',
    file: 'src/checkpoint/restore.ts',
    from: 'const positions = new Map(assigned.map((split) => [split.split, split]))',
    to: 'const positions = new Map(assigned.slice(0, 0).map((split) => [split.split, split]))',
  },

  // Checkpoints.
  {
    name: 'a checkpoint is complete before all parts are there',
    file: 'src/checkpoint/pending-checkpoints.ts',
    from: 'if (pending.snapshots.size < this.#subtasks.size) return',
    to: 'if (pending.snapshots.size < this.#subtasks.size - 1) return',
  },
  {
    name: 'a checkpoint is told complete before the log has decided',
    file: 'actors/checkpoint-coordinator.ts',
    from: '    if (!this.#checkpoints.onStored(checkpoint)) return\n',
    to: '    if (!this.#checkpoints.onStored(checkpoint)) return\n    for (const subtask of this.#subtasks) this.#tellCompletion(checkpoint, false, subtask, ctx)\n',
  },
  {
    name: 'an entry whose place is taken counts as written',
    file: 'actors/log-writer.ts',
    from: "    if (answer === 'taken') {",
    to: "    if (answer !== 'taken' && answer !== 'written') {",
  },
  {
    name: 'an entry without an answer is taken for written',
    file: 'actors/log-writer.ts',
    from: '    if (!outcome.ok) return this.#onFailed(errorInfoOf(outcome.error))\n',
    to: "    if (!outcome.ok && this.#step.kind === 'writing') {\n      this.#onAppended('written')\n      return { kind: 'known' }\n    }\n    if (!outcome.ok) return this.#onFailed(errorInfoOf(outcome.error))\n",
  },
  {
    name: 'a restart takes an older checkpoint than the newest',
    file: 'actors/job-master.ts',
    from: '    const newest = this.#log.state.retained.at(-1)\n    assert(',
    to: '    const newest = this.#log.state.retained.at(0)\n    assert(',
  },
  {
    name: 'retention deletes what may be restored',
    file: 'src/checkpoint/retention.ts',
    from: 'parts.attempt < attempt && !kept.some((names) => names.has(name))',
    to: 'parts.attempt < attempt && name !== undefined',
  },
  {
    name: 'blobs of a released checkpoint go although a newer one names them',
    file: 'src/checkpoint/retention.ts',
    from: 'return [...new Set(givenUp)].filter((name) => !kept.some((names) => names.has(name)))',
    to: 'return [...new Set(givenUp)].filter(() => kept.length >= 0)',
  },
  {
    name: 'the final checkpoint is skipped',
    file: 'src/checkpoint/pending-checkpoints.ts',
    from: '    const final = this.#allEnded() && isFinal(',
    to: '    const final = this.#ended.size > 0 || isFinal(',
  },
  {
    name: 'a checkpoint opens before all subtasks run',
    file: 'src/checkpoint/pending-checkpoints.ts',
    from: "#state: 'deploying' | 'running' | 'finished' | 'closed' = 'deploying'",
    to: "#state: 'deploying' | 'running' | 'finished' | 'closed' = 'running'",
  },

  // Sinks.
  {
    name: 'the ledger is not consulted',
    file: 'src/connector/postgres/postgres-statements.ts',
    from: '\n  where (l.checkpoint, l.piece) < (excluded.checkpoint, excluded.piece)',
    to: '',
  },
  {
    name: 'the fence is not checked',
    file: 'src/connector/postgres/postgres-statements.ts',
    from: 'where run = $1 and sink = $2 and token = $3::bigint and',
    to: 'where run = $1 and sink = $2 and $3::bigint > 0 and',
  },
  {
    name: 'the fence is not raised',
    file: 'src/connector/postgres/bookkeeping.ts',
    from: '  if (before !== undefined && BigInt(before) >= BigInt(token)) return before\n',
    to: '  if (before !== undefined) return token\n',
  },
  {
    name: 'staged rows are dropped when their checkpoint is aborted',
    file: 'src/connector/staged-pieces.ts',
    from: '    const held = [...this.#pieces]\n',
    to: '    const held = this.#pieces.filter(({ name }) => name?.checkpoint === checkpoint)\n',
  },
  {
    name: 'what is staged is committed before it is decided',
    file: 'src/connector/staged-pieces.ts',
    from: '      if (piece.name === undefined || piece.name.checkpoint > checkpoint) return\n',
    to: '      if (piece.name === undefined) return\n',
  },
  {
    name: 'a subtask runs before its restored commits are in the database',
    file: 'src/connector/staged-writer.ts',
    from: '    for (const piece of inOrder(restored)) {\n',
    to: '    for (const piece of inOrder(restored).slice(1)) {\n',
  },
  {
    name: 'restored pieces are committed newest first',
    file: 'src/connector/staged-writer.ts',
    from: 'a.owner - b.owner || a.checkpoint - b.checkpoint || a.number - b.number',
    to: 'a.owner - b.owner || b.checkpoint - a.checkpoint || b.number - a.number',
  },
  {
    name: 'an at-least-once barrier is acknowledged before its rows are answered',
    file: 'src/connector/postgres/at-least-once-writer.ts',
    from: '        await answered\n',
    to: '        await Promise.resolve(answered === undefined)\n',
  },
  {
    name: 'a plain write without an answer is repeated',
    file: 'src/connector/postgres/postgres-session.ts',
    from: "export const ONLY_ANSWERED: RetryPolicy = { ...REPEATABLE, unanswered: 'give-up' }",
    to: 'export const ONLY_ANSWERED: RetryPolicy = { ...REPEATABLE }',
  },

  // Restore.
  {
    name: 'a part whose key groups go to several subtasks goes to none',
    file: 'src/checkpoint/restore.ts',
    from: 'for (let subtask = first; subtask <= last; subtask++) hands[subtask]!.keyed.push(part)',
    to: 'if (first === last) hands[first]!.keyed.push(part)',
  },
  {
    name: 'splits go on from where the coordinator first knew them',
    file: 'src/checkpoint/restore.ts',
    from: 'for (const split of splits ?? []) positions.set(split.split, split)',
    to: 'for (const split of splits ?? []) positions.set(split.split, positions.get(split.split) ?? split)',
  },

  // Leaders, and what they take over.
  {
    name: 'a lease is taken although its holder writes it',
    file: 'src/cluster/candidate.ts',
    from: 'heldMs >= LIMITS.leaseMs',
    to: 'heldMs >= 0',
  },
  {
    name: 'a leader that has lost the lease goes on leading',
    file: 'src/cluster/candidate.ts',
    from: 'if (lease.holder.system !== this.#own) return this.#watch(lease, undefined, now)',
    to: "if (lease.holder.system !== this.#own) return { kind: 'in-doubt', revision, from }",
  },
  {
    name: 'a leader that stands down keeps its name',
    file: 'actors/leadership.ts',
    from: '    this.#isNamed = false\n    dropName()\n',
    to: '    this.#isNamed = false\n    void dropName\n',
  },
  {
    name: 'whoever does not lead a job any more writes to its log',
    file: 'src/cluster/job-history.ts',
    from: '  if (event.epoch !== now.epoch) return',
    to: '  if (event.epoch > now.epoch) return',
  },
  {
    name: 'splits that were handed out since the checkpoint are not known to who takes over',
    file: 'src/checkpoint/known-splits.ts',
    from: 'return { source, splits: [...splits, ...since] }',
    to: 'return { source, splits: [...splits, ...since.slice(since.length)] }',
  },
  {
    name: 'who takes over does not know whose input has ended',
    file: 'actors/checkpoint-coordinator.ts',
    from: 'for (const subtask of adopted?.ended ?? []) checkpoints',
    to: 'for (const subtask of adopted?.ended.slice(0, 0) ?? []) checkpoints',
  },
  {
    name: 'ids of checkpoints are given once more by who takes over',
    file: 'actors/job-master.ts',
    from: '      usedTo: highestId(this.#log.state),\n',
    to: '      usedTo: highestId({ ...this.#log.state, reserved: undefined }),\n',
  },
  {
    name: 'what runs is closed as soon as its leader is gone',
    file: 'actors/task-manager.ts',
    from: 'if (now - state.orphanedAt < this.#options.orphanMs)',
    to: 'if (now < state.orphanedAt)',
  },
  {
    name: 'who takes over does not wait for task managers that have not told yet what they run',
    file: 'actors/resource-manager.ts',
    from: "return { kind: now - since < this.#options.rejoinMs ? 'waiting' : 'missing' }",
    to: "return { kind: now < since ? 'waiting' : 'missing' }",
  },
  {
    name: 'a cancel is promised before the log has it',
    file: 'actors/job-master.ts',
    from: "    this.#log.append({ type: 'cancelling', epoch: this.#epoch }, (appended) => {\n",
    to: "    this.#ctx.replyTo(asker, { ok: true, value: 'ok' })\n    this.#log.append({ type: 'cancelling', epoch: this.#epoch }, (appended) => {\n",
  },
  {
    name: 'who takes over forgets a cancel that was promised',
    file: 'actors/job-master.ts',
    from: '    if (isSettled && this.#log.state.isCancelling) return',
    to: "    if (isSettled && this.#log.state.isCancelling && outcome.kind === 'failed') return",
  },

  // What the simulation has found, once.
  {
    name: 'a lease that is not answered in time is not looked at again',
    file: 'actors/leadership.ts',
    from: '    if (lease === undefined || this.#hasLeft) return\n    this.#ctx',
    to: '    if (lease === undefined || this.#hasLeft || this.#isAsking) return\n    this.#ctx',
  },
  {
    name: 'a job that a leader lost to one who only thought that he led is not taken up again',
    file: 'actors/job-manager.ts',
    from: '    this.#left.delete(run)\n    this.#recover()\n',
    to: '    this.#recover()\n',
  },
  {
    name: 'a job master hears that it was replaced only from the log',
    file: 'actors/task-manager.ts',
    from: '    if (epoch <= direction.epoch) return\n',
    to: '    if (epoch > 0) return\n',
  },
  {
    name: 'a job that is canceled while it waits to restart does not say so',
    file: 'actors/job-master.ts',
    from: "    this.#story.moveTo('CANCELLING')\n",
    to: '',
  },
]
