import { pause } from '#src/actor/transport/deadline.js'
import type { BlobStore } from '#src/checkpoint/blob-store.js'
import type { JobLog } from '#src/cluster/job-log.js'
import type { LeaseStore } from '#src/cluster/lease.js'
import type { LogEntry } from '#src/cluster/log-entry.js'
import type { Documents, StateStore } from '#src/cluster/state-store.js'
import type { RunId } from '#src/kit/ids.js'
import { type Random, randomInteger } from '#src/kit/random.js'
import type { VirtualClock } from '#src/kit/virtual-clock.js'
import { wholeOf } from '#src/state/bytes.js'
import type { BlobName } from '#src/state/snapshot.js'
import type { MemoryState } from '#src/testing/memory-state.js'
import { GOOD_LEASE, LeaseServer } from './lease-server.js'
import { GOOD_LOG, LogServer, type OnAppended, type Told } from './log-server.js'
import { type MissingPart, missingParts } from './missing-parts.js'
import { NO_REFUSALS, type Refusals, StoreLink, type Where } from './store-link.js'
import type { Trace } from './trace.js'
import type { Caller, Wire } from './wire.js'

export interface BlobFaults extends Refusals {
  /**
   * Share of the puts whose bytes come in two halves. When the caller dies in between, or the second half is lost, a
   * torn blob stays under the name.
   */
  halves: number
  /** How long the bytes of a put are on their way, beside what the wire takes: between the halves, where there are two. */
  putMs: readonly [number, number]
}

const GOOD_BLOBS: Readonly<BlobFaults> = { ...NO_REFUSALS, halves: 0, putMs: [0, 0] }

/** The ways to the parts of the store, so that each can be made bad by itself; one wire may serve for several. */
export interface StoreWires {
  readonly log: Wire
  readonly blobs: Wire
  readonly documents: Wire
  readonly lease: Wire
}

export interface FaultyStateOptions {
  /** What is kept. Nobody else writes to its logs. */
  readonly memory: MemoryState
  readonly wires: StoreWires
  readonly clock: VirtualClock
  readonly random: Random
  readonly trace: Trace
}

/**
 * The state store of a simulated cluster, as bad as a test wants it: `wires` say what becomes of requests and answers,
 * `faults` what the store does with those that arrive. Both may be changed while the world runs. Good conditions lose
 * and refuse nothing.
 *
 * It knows besides what really happened: that is for the test to judge by, and reaches no client.
 */
export class FaultyState {
  readonly memory: MemoryState
  readonly wires: StoreWires
  readonly faults: {
    readonly log: LogServer['faults']
    readonly blobs: BlobFaults
    readonly documents: Refusals
    readonly lease: LeaseServer['faults']
  }
  readonly #options: FaultyStateOptions
  readonly #logs: LogServer
  readonly #lease: LeaseServer

  constructor(options: FaultyStateOptions) {
    this.#options = options
    this.memory = options.memory
    this.wires = options.wires
    this.#logs = new LogServer(options)
    this.#lease = new LeaseServer(options)
    this.faults = {
      log: this.#logs.faults,
      blobs: { ...GOOD_BLOBS },
      documents: { ...NO_REFUSALS },
      lease: this.#lease.faults,
    }
  }

  /** Puts an end to all that was set; what was written meanwhile stays written. */
  heal(): void {
    Object.assign(this.faults.log, GOOD_LOG)
    Object.assign(this.faults.blobs, GOOD_BLOBS)
    Object.assign(this.faults.documents, NO_REFUSALS)
    Object.assign(this.faults.lease, GOOD_LEASE)
  }

  /** What `caller` has in its hands. Each process opens its own. */
  open(caller: Caller): StateStore {
    const links = {
      log: this.#link('log', caller, this.wires.log, this.faults.log),
      blobs: this.#link('blob', caller, this.wires.blobs, this.faults.blobs),
      documents: this.#link('doc', caller, this.wires.documents, this.faults.documents),
      lease: this.#link('lease', caller, this.wires.lease, this.faults.lease),
    }
    const told: Told = new Map()
    return {
      blobs: this.#blobs(caller, links.blobs),
      documents: this.#documents(caller, links.documents),
      lease: this.#leaseOf(caller, links.lease),
      log: (run) => this.#log(run, caller, links.log, told),
      runs: async () => {
        const runs = await links.log.read('runs', () => this.#logs.runs(caller.name, told))
        for (const run of runs) tell(told, run, 1)
        return runs
      },
      close: async () => {
        for (const link of Object.values(links)) link.close()
      },
    }
  }

  /** Calls `onAppended` for each entry that is really written, in order, in the moment in which it is. */
  watch(onAppended: OnAppended): void {
    this.#logs.watch(onAppended)
  }

  /** Every entry of `run` that was ever written, those that the store has dropped too. */
  truth(run: RunId): readonly LogEntry[] {
    return this.#logs.truth(run)
  }

  /** Every run that was really submitted. */
  runs(): readonly RunId[] {
    return this.#logs.allRuns()
  }

  /** All that retained checkpoints of any run name, and that could not be read: always none. */
  missingParts(): readonly MissingPart[] {
    return this.runs().flatMap((run) => {
      const retained = this.truth(run).at(-1)?.after.retained ?? []
      return missingParts(run, retained, this.memory.blobs)
    })
  }

  #link(where: Where, caller: Caller, wire: Wire, refusals: Refusals): StoreLink {
    const { random, trace } = this.#options
    return new StoreLink({ where, caller, wire, refusals, random, trace })
  }

  #log(run: RunId, { name }: Caller, link: StoreLink, told: Told): JobLog {
    return {
      read: async () => {
        const entries = await link.read(run, () => this.#logs.read(run, name, told))
        tell(told, run, entries.at(-1)?.place ?? 0)
        return entries
      },
      append: async (entry) => {
        const about = `${run} ${entry.place} ${entry.event.type}`
        const answer = await link.write(about, () => this.#logs.append(run, entry, name))
        tell(told, run, entry.place)
        return answer
      },
    }
  }

  #leaseOf({ name }: Caller, link: StoreLink): LeaseStore {
    return {
      read: () => link.read('leader', () => this.#lease.read(name)),
      write: (holder, after) => {
        const about = `${holder.name} after ${after}`
        return link.write(about, () => this.#lease.write(holder, after, name))
      },
    }
  }

  #blobs(caller: Caller, link: StoreLink): BlobStore {
    const { random, trace } = this.#options
    const { blobs } = this.memory
    return {
      put: async (name, bytes) => {
        const copy = Uint8Array.from(wholeOf(bytes))
        const { halves, putMs } = this.faults.blobs
        if (random.next() < halves)
          await link.write(`${name} first half`, () => this.#tear(name, copy, 'blob begun', caller))
        if (putMs[1] > 0) await pause(caller.clock, putMs[0] + random.next() * (putMs[1] - putMs[0]))
        const whole = () => {
          trace.add(caller.name, 'blob put', `${name} ${copy.length} bytes`)
          return blobs.put(name, copy)
        }
        return link.write(name, whole, () => this.#tear(name, copy, 'blob torn', caller))
      },
      get: (part) => link.read(part.blob, () => blobs.get(part)),
      // One by one, as the real ones do it: what fails half way has deleted some.
      delete: async (names) => {
        for (const name of names) {
          await link.remove(`${name} to be deleted`, () => {
            trace.add(caller.name, 'blob deleted', name)
            blobs.delete(name)
          })
        }
      },
      list: (prefix) => link.read(prefix, () => blobs.list(prefix)),
    }
  }

  /** Leaves the beginning of `bytes`. What stands whole under the name stays so: no store opens it for writing again. */
  #tear(name: BlobName, bytes: Uint8Array, event: 'blob begun' | 'blob torn', { name: by }: Caller): void {
    const { random, trace } = this.#options
    if (this.memory.blobs.has(name)) return
    const length = randomInteger(random, bytes.length)
    trace.add(by, event, `${name} ${length} of ${bytes.length} bytes`)
    this.memory.blobs.put(name, bytes.subarray(0, length))
  }

  #documents({ name: by }: Caller, link: StoreLink): Documents {
    const { trace } = this.#options
    const { documents } = this.memory
    return {
      put: (name, bytes) => {
        const copy = Uint8Array.from(bytes)
        return link.write(name, () => {
          trace.add(by, 'doc put', `${name} ${copy.length} bytes`)
          documents.put(name, copy)
        })
      },
      get: (name) => link.read(name, () => documents.get(name)),
      list: (folder) => link.read(folder, () => documents.list(folder)),
      delete: (name) =>
        link.remove(`${name} to be deleted`, () => {
          trace.add(by, 'doc deleted', name)
          documents.delete(name)
        }),
    }
  }
}

function tell(told: Told, run: RunId, place: number): void {
  told.set(run, Math.max(place, told.get(run) ?? 0))
}
