import type { JobClient } from '#actors/job-client.js'
import type { ActorSnapshot } from '#src/actor/actor-snapshot.js'
import type { ActorSystem } from '#src/actor/system.js'
import { SimulatedNetwork } from '#src/actor/transport/simulated-network.js'
import type { Parcel } from '#src/actor/transport/transport.js'
import { JOB_MANAGER_NAME } from '#src/cluster/protocol.js'
import { kafkaSourceOver } from '#src/connector/kafka/kafka-connector.js'
import { postgresSinkOver } from '#src/connector/postgres/postgres-sink.js'
import { Connectors } from '#src/connector/registry.js'
import type { SystemId } from '#src/kit/ids.js'
import type { Logger } from '#src/kit/logger.js'
import { type Random, randomInteger, seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { JobShelf } from '#src/testing/job-shelf.js'
import { MemoryState } from '#src/testing/memory-state.js'
import { CLIENT, simulatedClient } from '#src/testing/simulated-client.js'
import type { Surroundings } from '#src/testing/simulated-host.js'
import { type MachineEvent, SimulatedMachine } from '#src/testing/simulated-machine.js'
import { SimulatedProcess } from '#src/testing/simulated-process.js'
import type { SimulatedThread } from '#src/testing/simulated-thread.js'
import type { Cluster, Place } from './cluster.js'
import { FaultyState } from './faulty-state.js'
import { aboutOf, wordOf } from './parcel-words.js'
import { SimulatedKafka } from './simulated-kafka.js'
import { type Commit, SimulatedPostgres } from './simulated-postgres.js'
import { Trace } from './trace.js'
import { type Caller, GOOD_CONDITIONS, machineOf, Wire } from './wire.js'
import { WorldLogger } from './world-logger.js'

export interface WorldOptions {
  readonly seed: number
  readonly onLine: ((line: string) => void) | undefined
  readonly onCommit: (commit: Commit) => void
}

/** A word that arrives, or a request that a server has just carried out. */
export interface Moment {
  /** Of a word its type; of a request the server. */
  readonly what: string
  /** The machine of the receiver, or of whoever asked. */
  readonly machine: string
}

/** A frozen process takes in at once what came for many seconds; nobody is told more. */
const CONTROL_WORDS_MAX = 1_000

const QUICK_MS = [0.2, 2] as const

/**
 * Machines, network, state store, Kafka and PostgreSQL on one virtual clock and one seeded generator. The real cast runs
 * on the machines; only what is outside of its processes is simulated, and may be as bad as a fault wants it.
 */
export class World {
  readonly clock = new VirtualClock()
  readonly random: Random
  readonly trace: Trace
  readonly network: SimulatedNetwork
  readonly memory = new MemoryState()
  readonly state: FaultyState
  readonly kafka: SimulatedKafka
  readonly postgres: SimulatedPostgres
  readonly jobs = new JobShelf()
  readonly surroundings: Surroundings
  readonly logger: Logger
  machines: readonly SimulatedMachine[] = []
  /** What must not have happened, in words. */
  readonly violations: string[] = []
  readonly client: JobClient
  /** From one machine to another nothing arrives; `<from> <to>`. */
  readonly cuts = new Set<string>()
  /** Share of the words between machines that are lost. */
  loss = 0
  /** Words of this type are lost, so many more times. */
  lostWord: { readonly word: string; times: number } | undefined
  /** What the network takes instead of the usual, by machines. */
  delayMs: (from: string, to: string) => readonly [number, number] | undefined = () => undefined
  /** What the network takes: the same for all pairs, or each pair its own. */
  #usualMs: (from: string, to: string) => readonly [number, number] = () => QUICK_MS
  /** Told of every moment at which a crash would be interesting. */
  onMoment: ((moment: Moment) => void) | undefined
  /** User code throws so many more times. */
  throwsLeft = 0
  /** Counts how often all was healed. */
  #era = 0
  readonly #homes = new Map<SystemId, string>()
  readonly #threads = new Map<SimulatedThread, ActorSystem>()
  /** Words that arrived. */
  words = 0

  constructor({ seed, onLine, onCommit }: WorldOptions) {
    const { clock } = this
    this.random = seededRandom(seed)
    this.trace = new Trace(clock, onLine)
    this.logger = new WorldLogger(this.trace, (text) => this.violation(text))
    const { random, trace } = this
    this.network = new SimulatedNetwork({
      clock,
      random,
      latencyMs: (from, to) => this.#latencyMs(this.#homeOf(from), this.#homeOf(to)),
      isCut: (from, to, parcel) => this.#isCut(from, to, parcel),
      onArrival: (from, to, parcel) => this.#onArrival(from, to, parcel),
    })
    this.state = new FaultyState({
      memory: this.memory,
      wires: {
        log: new Wire(clock, random),
        blobs: new Wire(clock, random),
        documents: new Wire(clock, random),
        lease: new Wire(clock, random),
      },
      clock,
      random,
      trace,
    })
    this.kafka = new SimulatedKafka({ clock, random, trace })
    this.postgres = new SimulatedPostgres({ clock, random, trace, onCommit })
    for (const [what, wire] of this.wires())
      wire.onCarriedOut = (caller) => this.#tellMoment({ what, machine: machineOf(caller) })
    this.surroundings = {
      jobs: this.jobs,
      openStore: (thread) => this.state.open(thread),
      connectors: (thread) => async () => this.#connectorsOf(thread),
      onThread: (thread, system) => this.#threads.set(thread, system),
    }
    this.client = this.#newClient()
  }

  /** Starts the machines. */
  build({ places, slots, heartbeatTimeoutMs }: Cluster): void {
    const { clock, random, network, surroundings, logger } = this
    const machine = ({ name, roles }: Place) =>
      new SimulatedMachine({
        name,
        roles,
        slots,
        clock,
        random,
        network,
        surroundings,
        heartbeatTimeoutMs,
        slotRequestMs: 60_000,
        logger,
        onEvent: (event) => this.#onMachine(name, event),
        onOpened: (system) => this.#onOpened(system, name),
      })
    this.machines = places.map(machine)
  }

  /** Whoever is found as the one who directs: nobody between two, and two when one of them does not know it yet. */
  leaders(): readonly SimulatedMachine[] {
    const holders = new Set(this.network.holdersOf(JOB_MANAGER_NAME))
    return this.machines.filter((machine) => machine.systems().some((system) => holders.has(system)))
  }

  /** Every server's, by what a trace calls it. */
  wires(): readonly (readonly [string, Wire])[] {
    const brokers = this.kafka.brokers.map((broker) => ['kafka', this.kafka.wire(broker)] as const)
    return [...Object.entries(this.state.wires), ['db', this.postgres.wire] as const, ...brokers]
  }

  /** Ways of different length, and brokers that give little at a time: a job then lasts as long as what goes wrong. */
  slowDown(): void {
    const { kafka, random } = this
    if (random.next() < 0.6) this.#usualMs = unevenLatency(random)
    if (random.next() < 0.7) {
      kafka.answerBytesMax = 100 + randomInteger(random, 600)
      for (const broker of kafka.brokers) kafka.wire(broker).usualMs = [10, 50 + random.next() * 250]
    }
    this.#mend()
  }

  /** All is as fast as it can be. */
  speedUp(): void {
    const { kafka } = this
    this.#usualMs = () => QUICK_MS
    kafka.answerBytesMax = Number.POSITIVE_INFINITY
    for (const broker of kafka.brokers) kafka.wire(broker).usualMs = GOOD_CONDITIONS.latencyMs
    this.heal()
  }

  /** No actor of a slot is told more than it can take in. Data lanes watch their windows themselves. */
  checkMailboxes(): void {
    for (const [thread, system] of this.#threads) {
      if (!thread.isAlive()) this.#threads.delete(thread)
      else this.#checkMailbox(system.tree())
    }
  }

  #checkMailbox({ address, control, children }: ActorSnapshot): void {
    if (control > CONTROL_WORDS_MAX) this.violation(`${control} words wait at ${address}`)
    for (const child of children) this.#checkMailbox(child)
  }

  violation(text: string): void {
    this.trace.add('oracle', 'violation', text)
    this.violations.push(text)
  }

  /** Called by the functions of the job, now and then. */
  userCode(operator: string): void {
    if (this.throwsLeft === 0) return
    this.throwsLeft--
    this.trace.add('user', 'fault user code', operator)
    throw new Error(USER_FAULT)
  }

  /** For faults: not once all has been healed. */
  later(ms: number, happen: () => void): void {
    const era = this.#era
    this.clock.after(ms, () => {
      if (era === this.#era) happen()
    })
  }

  /** Everything is as it should be, from now on. */
  heal(): void {
    this.trace.add('world', 'healed')
    this.#mend()
  }

  #mend(): void {
    this.#era++
    this.cuts.clear()
    this.lostWord = undefined
    this.delayMs = () => undefined
    this.onMoment = undefined
    this.throwsLeft = 0
    this.loss = 0
    for (const system of this.#homes.keys()) this.network.linkUp(system)
    for (const [, wire] of this.wires()) wire.heal()
    this.state.heal()
    this.kafka.partitionErrors = 0
    this.postgres.refuseTransiently(0)
    for (const machine of this.machines) {
      machine.thaw()
      machine.boot()
      machine.skewClock(0)
    }
  }

  #connectorsOf(thread: Caller): Connectors {
    return new Connectors(
      { kafka: kafkaSourceOver(() => this.kafka.transport(thread)) },
      { postgres: postgresSinkOver(() => this.postgres.client(thread)) },
    )
  }

  #newClient(): JobClient {
    const { clock, random, network, logger } = this
    const process = new SimulatedProcess({
      name: 'client',
      clock,
      random,
      network,
      onOpened: (system) => this.#onOpened(system, 'client'),
    })
    return simulatedClient(process, random, logger)
  }

  #onOpened(system: SystemId, machine: string): void {
    this.#homes.set(system, machine)
  }

  #onMachine(name: string, event: MachineEvent): void {
    const { trace } = this
    switch (event.type) {
      case 'starts':
      case 'ready':
      case 'lost':
        return trace.add(name, `node ${event.type}`)
      case 'waiting':
        return trace.add(name, 'node waiting', event.reason)
      case 'ended':
        return trace.add(name, 'node ended', event.error?.message ?? '')
      case 'back':
      case 'warning':
      case 'draining':
      case 'drained':
        return
    }
  }

  #homeOf(system: SystemId): string {
    return this.#homes.get(system) ?? 'gone'
  }

  #latencyMs(from: string, to: string): readonly [number, number] {
    return this.delayMs(from, to) ?? this.#usualMs(from, to)
  }

  /** The network is good to whoever submits jobs. */
  #isCut(from: SystemId, to: SystemId, parcel: Parcel): boolean {
    if (to === CLIENT || from === CLIENT) return false
    if (this.loss > 0 && this.random.next() < this.loss) return true
    if (this.#isLostWord(parcel)) return true
    return this.cuts.size > 0 && this.cuts.has(`${this.#homeOf(from)} ${this.#homeOf(to)}`)
  }

  #isLostWord(parcel: Parcel): boolean {
    const lost = this.lostWord
    return lost !== undefined && lost.times > 0 && wordOf(parcel) === lost.word && lost.times-- > 0
  }

  #onArrival(from: SystemId, to: SystemId, parcel: Parcel): void {
    this.words++
    const { trace } = this
    const machine = this.#homeOf(to)
    const what = wordOf(parcel)
    if (trace.isRead)
      trace.add(machine, `msg ${what}`, `${this.#homeOf(from)} → ${parcel.to} ${aboutOf(parcel)}`)
    this.#tellMoment({ what, machine })
  }

  #tellMoment(moment: Moment): void {
    this.onMoment?.(moment)
  }
}

/** Some ways are long, so that barriers of one checkpoint come far apart. */
function unevenLatency(random: Random): (from: string, to: string) => readonly [number, number] {
  const known = new Map<string, readonly [number, number]>()
  return (from, to) => {
    const pair = `${from} ${to}`
    const range = known.get(pair) ?? drawnRange(random)
    known.set(pair, range)
    return range
  }
}

function drawnRange(random: Random): readonly [number, number] {
  const min = random.next() ** 3 * 150
  return [min, min + random.next() ** 2 * 100 + 1]
}

export const USER_FAULT = 'user code throws'
