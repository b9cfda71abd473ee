import type { JobHandle } from '#actors/job-client.js'
import type { JobEvent } from '#actors/job-event.js'
import type { LogEntry, Outcome } from '#src/cluster/log-entry.js'
import { assert } from '#src/kit/assert.js'
import type { Attempt, RunId } from '#src/kit/ids.js'
import { randomInteger } from '#src/kit/random.js'
import { AttemptRules } from './attempt-rules.js'
import { CancelRules } from './cancel-rules.js'
import { clusterOf } from './cluster.js'
import { Disasters } from './disasters.js'
import { FAULTS } from './faults.js'
import { Judge } from './judge.js'
import { rescaled } from './rescaled.js'
import { isEndless, type Shape, shapeOf, tolerant } from './shape.js'
import { inputOf, type ShapeInput } from './shape-input.js'
import { jobOf } from './shape-job.js'
import { restoreLimits, tightenLimits } from './tight-limits.js'
import type { Verdict } from './verdict.js'
import { World } from './world.js'

const LEFTOVERS = ['nothing', 'markers', 'emptied-batch'] as const
/** How often the world is looked at. */
const LOOK_MS = 250
/** Once nothing goes wrong any more, a job is done in this time. */
const PATIENCE_MS = 240_000
/** What was broken is whole again after this. */
const SETTLE_MS = 3_000
/** And somebody leads. */
const LED_MS = 10_000
/** Requests that outlive their clients have landed after this. */
const LATE_MS = 20_000

/** Plays one seed to its end: a job, its input, a cluster, what goes wrong, and whether the result is right. */
export function play(seed: number, onLine?: (line: string) => void): Promise<Verdict> {
  return new Scene(seed, onLine).play()
}

class Scene {
  readonly #seed: number
  readonly #world: World
  readonly #judge: Judge
  readonly #input: ShapeInput
  readonly #disasters: Disasters
  #shape: Shape
  #run: RunId | undefined
  #attempts: AttemptRules
  #cancels = new CancelRules()
  /** The newest attempt that the client has heard of. */
  #told = 0 as Attempt
  #handle: JobHandle | undefined
  #isSubmitting = false
  /** When all was as expected. */
  #doneAt: number | undefined
  /** Since when nothing goes wrong any more. */
  #calmSince: number | undefined

  constructor(seed: number, onLine: ((line: string) => void) | undefined) {
    this.#seed = seed
    const world = new World({ seed, onLine, onCommit: (commit) => this.#judge.onCommit(commit) })
    const { random } = world
    this.#world = world
    this.#disasters = new Disasters(world)
    this.#attempts = new AttemptRules(this.#disasters.theme)
    restoreLimits()
    if (random.next() < 0.6) tightenLimits(random)
    this.#shape = shapeOf(random)
    if (this.#disasters.theme === 'leaders') this.#shape = tolerant(this.#shape)
    this.#input = inputOf(this.#shape, random)
    this.#judge = new Judge(this.#shape, this.#input, world)
    world.slowDown()
  }

  async play(): Promise<Verdict> {
    const world = this.#world
    world.trace.add('world', 'seed', `${this.#seed}, faults: ${this.#disasters.names.join(', ')}`)
    this.#produce()
    world.build(clusterOf(world.random, this.#disasters.theme))
    world.state.watch((run, entry) => this.#onLogged(run, entry))
    await world.clock.advance(500)
    while (world.violations.length === 0 && !this.#isOver()) {
      await world.clock.advance(LOOK_MS)
      this.#look()
    }
    return this.#verdict()
  }

  #verdict(): Verdict {
    const { trace, violations, words, clock } = this.#world
    const faults = [...trace.counts].reduce(
      (sum, [event, n]) => (event.startsWith('fault ') ? sum + n : sum),
      0,
    )
    const [decisions, restores, commits] = ['decided', 'restored', 'committed'].map((what) =>
      trace.count(`hit ${what}`),
    )
    return {
      seed: this.#seed,
      violations,
      hit: { faults, decisions: decisions!, restores: restores!, commits: commits! },
      counts: trace.counts,
      words,
      virtualMs: clock.now(),
    }
  }

  // What is there before anything runs, and what comes later.

  #produce(): void {
    const { kafka, clock } = this.#world
    for (const { topic, partitions } of this.#input.topics) {
      kafka.createTopic(topic, partitions.filter(({ fromMs }) => fromMs === 0).length)
      for (const [partition, { fromMs, records }] of partitions.entries()) {
        if (fromMs > 0) clock.after(fromMs, () => void kafka.addPartition(topic))
        for (const { atMs, value } of records) clock.after(atMs, () => this.#append(topic, partition, value))
      }
    }
  }

  /** Now and then behind offsets that hold no record, or in a transaction, behind one that was aborted. */
  #append(topic: string, partition: number, value: unknown): void {
    const { kafka, random } = this.#world
    const leftover = LEFTOVERS[randomInteger(random, LEFTOVERS.length * 10)]
    if (leftover !== undefined) kafka.skipOffsets(topic, partition, 1 + randomInteger(random, 4), leftover)
    if (random.next() < 0.9) return kafka.append(topic, partition, [JSON.stringify(value)])
    if (this.#isReadCommitted(topic)) {
      const aborted = kafka.transaction(topic)
      aborted.append(partition, [JSON.stringify({ id: 'aborted', key: 0, value: 1 })])
      aborted.end('abort')
    }
    const committed = kafka.transaction(topic)
    committed.append(partition, [JSON.stringify(value)])
    committed.end('commit')
  }

  #isReadCommitted(topic: string): boolean {
    return this.#shape.nodes.every(
      (node) => node.kind !== 'source' || node.topic !== topic || node.isolation !== 'read-uncommitted',
    )
  }

  #look(): void {
    this.#judge.look()
    this.#world.checkMailboxes()
    if (this.#calmMs > SETTLE_MS + LED_MS) this.#judge.judgeLeadership()
    if (this.#calmSince === undefined && this.#disasters.areOver) this.#calmDown()
    if (this.#calmMs > PATIENCE_MS)
      return this.#world.violation(`run ${this.#run} does not come to its end: ${this.#judge.missing()}`)
    if (this.#run === undefined) return this.#submit()
    const outcome = this.#outcomeOf(this.#run)
    if (outcome !== undefined) return this.#onEnded(outcome)
    if (this.#calmSince === undefined) return this.#goWrong()
    if (isEndless(this.#shape) && this.#judge.isComplete()) this.#cancel()
  }

  #goWrong(): void {
    const { random } = this.#world
    if (random.next() < 0.01) void this.#handle?.checkpointNow().catch(() => undefined)
    if (random.next() < 0.006) this.#cancelInTrouble()
    this.#disasters.look()
  }

  #cancelInTrouble(): void {
    const { random, trace } = this.#world
    trace.add('world', 'fault canceled')
    // What is decided then stays unconfirmed: the next run has it to commit, at another parallelism too.
    if (this.#disasters.theme === 'anything' && random.next() < 0.5) FAULTS['db down'](this.#world, random)
    this.#cancel()
    if (random.next() < 0.5) this.#disasters.killLeaderSoon()
  }

  /** Again and again until it is promised, and never after: then nobody may forget it. */
  #cancel(): void {
    const handle = this.#handle
    if (handle === undefined || this.#cancels.isPromised) return
    handle.cancel().then(
      () => this.#onCancelPromised(handle.run),
      () => undefined,
    )
  }

  #onCancelPromised(run: RunId): void {
    const newest = this.#truth(run).at(-1)
    if (run !== this.#run || newest === undefined) return
    this.#world.trace.add('client', 'job cancel promised', run)
    this.#cancels.onPromised(newest)
  }

  /** For how long nothing has gone wrong any more. */
  get #calmMs(): number {
    return this.#calmSince === undefined ? 0 : this.#world.clock.now() - this.#calmSince
  }

  #calmDown(): void {
    this.#calmSince = this.#world.clock.now()
    this.#world.speedUp()
  }

  // Runs, one after the other.

  /** Nothing goes wrong while a run is submitted: who submits one twice has two. */
  #submit(from?: string): void {
    if (this.#isSubmitting) return
    this.#isSubmitting = true
    const world = this.#world
    const shape = this.#shape
    world.heal()
    const bundle = world.jobs.add(() => jobOf(shape, { onRecord: (id) => world.userCode(id) }))
    world.trace.add(
      'client',
      'job submitted',
      `${from ?? 'anew'} at parallelism ${shape.options.parallelism ?? 1}`,
    )
    const order = {
      bundle,
      request: { params: {} },
      fromCheckpoint: from,
      allowRepeatedRows: false,
      fingerprint: undefined,
    }
    const submit = () =>
      world.client.submitOrder(order).then(
        (handle) => this.#onAccepted(handle),
        (error: unknown) => world.violation(`a submission was refused: ${String(error)}`),
      )
    world.clock.after(SETTLE_MS, () => this.#whenLed(world.clock.now() + LED_MS, submit))
  }

  /** While two think that they lead, what is submitted reaches both. */
  #whenLed(until: number, go: () => void): void {
    const { clock } = this.#world
    if (this.#world.leaders().length === 1) return go()
    if (clock.now() > until) return this.#world.violation(this.#judge.leadership())
    clock.after(LOOK_MS, () => this.#whenLed(until, go))
  }

  #onAccepted(handle: JobHandle): void {
    this.#isSubmitting = false
    this.#handle = handle
    handle.follow((event) => this.#onEvent(event))
    this.#run = handle.run
    this.#disasters.begin()
  }

  #onEvent(event: JobEvent): void {
    const { trace } = this.#world
    switch (event.type) {
      case 'status':
        if (event.run === this.#run && event.status === 'RUNNING' && event.reason === undefined)
          this.#attempts.onRuns(this.#told)
        return trace.add('client', `job ${event.status}`, event.reason ?? '')
      case 'attempt':
        this.#told = event.attempt
        return trace.add('client', 'job attempt', `${event.attempt} from checkpoint ${event.from}`)
      case 'failure':
        trace.add('client', 'job failure', event.error.message)
        return this.#judge.onFailure(event.error, this.#calmMs)
      case 'ended':
        return trace.add('client', 'job ended', `${event.outcome} ${event.error?.message ?? ''}`)
      case 'checkpoint': {
        const { checkpoint, state, acknowledged, subtasks } = event.record
        const about = `${checkpoint} acknowledged by ${acknowledged} of ${subtasks}`
        trace.add('client', `job checkpoint ${state}`, about)
        return this.#judge.onCheckpoint(event.record, this.#calmMs)
      }
      case 'metrics':
        return
    }
  }

  #onEnded(outcome: Outcome): void {
    const world = this.#world
    if (outcome === 'finished' || (this.#calmSince !== undefined && this.#judge.isComplete())) {
      if (this.#doneAt === undefined) {
        this.#doneAt = world.clock.now()
        this.#calmSince ??= this.#doneAt
        world.heal()
      }
      return
    }
    // It gave up, or was told to: it goes on from its newest checkpoint, at another parallelism as often as not.
    assert(this.#run !== undefined, 'a run has ended')
    const newest = this.#truth(this.#run).at(-1)?.after.retained.at(-1)?.checkpoint
    const from = newest === undefined ? undefined : `${this.#run}/${newest}`
    const { random } = world
    if (random.next() < 0.5) this.#shape = rescaled(this.#shape, random)
    this.#run = undefined
    this.#submit(from)
  }

  #outcomeOf(run: RunId): Outcome | undefined {
    const event = this.#truth(run).at(-1)?.event
    return event?.type === 'ended' ? event.outcome : undefined
  }

  #truth(run: RunId): readonly LogEntry[] {
    return this.#world.state.truth(run)
  }

  #onLogged(run: RunId, entry: LogEntry): void {
    const { trace } = this.#world
    const { event } = entry
    if (event.type === 'submitted') {
      this.#attempts = new AttemptRules(this.#disasters.theme)
      this.#cancels = new CancelRules()
    }
    this.#cancels.follow(entry)
    if (this.#attempts.follow(entry) === 'adopted') trace.add('oracle', 'hit adopted', run)
    if (event.type === 'completed' && event.checkpoint > 0) {
      trace.add('oracle', 'hit decided', `${run} ${event.checkpoint}`)
      this.#judge.onDecided(event.manifest)
    }
    if (event.type === 'started' && event.attempt > 1)
      trace.add('oracle', 'hit restored', `${run} ${event.from}`)
  }

  // The end.

  #isOver(): boolean {
    const { clock } = this.#world
    if (this.#doneAt === undefined || clock.now() - this.#doneAt < LATE_MS) return false
    this.#judge.judgeEnd()
    return true
  }
}
