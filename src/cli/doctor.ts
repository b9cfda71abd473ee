import type { Cluster, ClusterClientOptions } from '../../actors/cluster-client.js'
import type { NodeStatus } from '../../actors/cluster-view.js'
import { within } from '../actor/transport/deadline.js'
import type { NatsOptions } from '../actor/transport/nats-client.js'
import type { NatsGroups } from '../actor/transport/nats-survey.js'
import type { StateStoreUser } from '../cluster/open-state-store.js'
import type { SystemGroup } from '../cluster/protocol.js'
import type { Clock } from '../kit/clock.js'
import { isRetakeError, RetakeError } from '../kit/errors.js'
import type { Logger } from '../kit/logger.js'
import type { Random } from '../kit/random.js'
import { type CheckName, type Finding, failed, skipped } from './doctor-finding.js'

/** What is examined, and from where. */
export interface DoctorOptions {
  readonly nats: NatsOptions
  readonly cluster: string
  /** The name that a node is to have; undefined: that is not asked. */
  readonly name: string | undefined
  /** Whose permissions are looked at. */
  readonly user: StateStoreUser
  /** As whom its user is heard. */
  readonly groups: DoctorGroups
  /** The cluster keeps everything there; undefined: in JetStream. */
  readonly stateDirectory: string | undefined
  readonly machine: MachineFacts
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly connect: (options: ClusterClientOptions) => Promise<Cluster>
  /** Says what is waited for, when it takes long. */
  readonly waiting: <T>(what: string, work: Promise<T>) => Promise<T>
  /** For one step to be answered. */
  readonly stepMs?: number
}

/** A node speaks as what it is; its slots, as what runs jobs. */
export interface DoctorGroups extends NatsGroups {
  readonly control: readonly [SystemGroup, ...SystemGroup[]]
}

/** This machine, and what runs on it. */
export interface MachineFacts {
  /** Without a `v`. */
  readonly nodeVersion: string
  readonly host: string
  readonly cpus: number
  readonly memoryBytes: number
  /** What the operating system lets this process have, where that is less. */
  readonly memoryLimitBytes: number | undefined
  /** Of this build of Retake. */
  readonly version: string
  readonly protocol: number
}

/** One thing to look at. */
export interface Check {
  readonly name: CheckName
  /** Where one of these was not found to work, there is nothing to look at. */
  readonly needs: readonly CheckName[]
  /** What a RetakeError is thrown for is a failure. */
  readonly find: (visit: Visit) => Promise<Finding | readonly Finding[]>
}

const STEP_MS = 10_000
const CLOSE_MS = 2_000

/** What the checks of one examination share: what they have opened, and the patience that they have. */
export class Visit {
  readonly options: DoctorOptions
  /** Of the cluster, once its job manager has answered. */
  cluster: Cluster | undefined
  nodes: readonly NodeStatus[] = []
  readonly #closing: (() => Promise<void>)[] = []
  readonly #shared = new Map<string, Promise<unknown>>()
  #isAbandoned = false

  constructor(options: DoctorOptions) {
    this.options = options
  }

  /** What `work` comes to; RT1501 when it takes too long. */
  async step<T>(what: string, work: Promise<T>): Promise<T> {
    const { clock, waiting, stepMs = STEP_MS } = this.options
    const late = () => {
      this.#isAbandoned = true
      return new RetakeError('RT1501', {
        what: `${what} takes longer than ${stepMs} ms`,
        why: 'the server, or the way to it, is overloaded or frozen',
        fix: 'look at the server and the network between',
      })
    }
    return waiting(what, within(clock, stepMs, work, late))
  }

  /** What several checks look at is fetched once. */
  once<T>(what: string, work: () => Promise<T>): Promise<T> {
    const known = this.#shared.get(what)
    if (known !== undefined) return known as Promise<T>
    const fresh = this.step(what, work())
    this.#shared.set(what, fresh)
    return fresh
  }

  onClose(close: () => Promise<void>): void {
    this.#closing.push(close)
  }

  /** 'stuck': something of it still waits for a server that says nothing. */
  async close(): Promise<'closed' | 'stuck'> {
    const { clock } = this.options
    const all = Promise.all(this.#closing.splice(0).map((close) => close()))
    const late = () => new Error('it takes too long')
    const isClosed = await within(clock, CLOSE_MS, all, late).then(
      () => true,
      () => false,
    )
    return isClosed && !this.#isAbandoned ? 'closed' : 'stuck'
  }
}

/** Looks at everything in turn, and tells what it finds. What a check needs and has not is a reason to leave it out. */
export async function* examine(checks: readonly Check[], visit: Visit): AsyncGenerator<Finding> {
  /** Of each check that was not found to work, the one that is to blame. */
  const blamed = new Map<CheckName, CheckName>()
  const reasons = new Map<CheckName, string>()
  for (const check of checks) {
    const missing = check.needs.find((name) => blamed.has(name))
    const root = missing === undefined ? undefined : blamed.get(missing)
    const findings =
      root === undefined ? await found(check, visit) : [skipped(check.name, reasons.get(root) ?? '')]
    const isMissing = findings.some(({ status, isAbsent }) => status === 'failed' || isAbsent)
    if (root !== undefined) blamed.set(check.name, root)
    else if (isMissing) {
      blamed.set(check.name, check.name)
      const isFailed = findings.some(({ status }) => status === 'failed')
      reasons.set(
        check.name,
        isFailed ? `because ${check.name} failed` : `because there is no ${check.name} yet`,
      )
    }
    yield* findings
  }
}

async function found({ name, find }: Check, visit: Visit): Promise<readonly Finding[]> {
  try {
    const findings = await find(visit)
    return 'check' in findings ? [findings] : findings
  } catch (error) {
    if (!isRetakeError(error)) throw error
    return [failed(name, error)]
  }
}
