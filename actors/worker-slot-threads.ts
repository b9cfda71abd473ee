import { type Transferable, Worker } from 'node:worker_threads'
import type { ActorRef } from '#src/actor/actor.js'
import { newSystemId } from '#src/actor/address.js'
import type { MessagePortTransport } from '#src/actor/transport/message-port-transport.js'
import type { StateStoreConfig } from '#src/cluster/open-state-store.js'
import { GROUP_OF } from '#src/cluster/protocol.js'
import type { Clock } from '#src/kit/clock.js'
import { type ErrorInfo, errorInfoOf, RetakeError } from '#src/kit/errors.js'
import type { SystemId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Logger } from '#src/kit/logger.js'
import type { Random } from '#src/kit/random.js'
import { userPlaceIn } from '#src/kit/stack-frames.js'
import type { LogLine } from './port-logger.js'
import type { SlotMessage } from './slot.js'
import type { SlotThread, SlotThreadEvents, SlotThreadSpec, SlotThreads } from './slot-threads.js'
import { type MeshMessage, ThreadMesh } from './thread-mesh.js'
import type { NatsLink } from './transports.js'

/** What a slot's thread is started with. */
export interface SlotThreadData {
  readonly system: SystemId
  readonly spec: SlotThreadSpec
  readonly environment: SlotEnvironment
}

/** What all slot threads of a node share; plain data. */
export interface SlotEnvironment {
  /** Of its process, for people and for the lists of connections of servers. */
  readonly name: string
  /** Where parts and bundles are. */
  readonly state: StateStoreConfig
  /** Bundles that were fetched are kept here. */
  readonly bundles: string
  /** The way to other processes; undefined when there is none. */
  readonly nats: NatsLink | undefined
}

/** What a slot's thread says to its process beside the actors' messages. */
export type SlotThreadReport =
  | { readonly type: 'ready'; readonly slot: ActorRef<SlotMessage> }
  /** It cannot begin, or go on. */
  | { readonly type: 'given-up'; readonly error: ErrorInfo }
  | { readonly type: 'fenced-write' }
  /** What the operator of its node must know. */
  | { readonly type: 'warning'; readonly error: ErrorInfo }
  | { readonly type: 'log'; readonly line: LogLine }

export interface WorkerSlotThreadsOptions {
  /** The actor system of the process's main thread, and its way to other threads. */
  readonly system: SystemId
  readonly transport: MessagePortTransport
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly environment: SlotEnvironment
  readonly onWarning: (error: ErrorInfo) => void
}

/** Slots as worker threads of this process, every two of them and the main thread connected by a port of their own. */
export class WorkerSlotThreads implements SlotThreads {
  readonly #options: WorkerSlotThreadsOptions
  readonly #mesh = new ThreadMesh()
  readonly #living = new Set<Worker>()

  constructor(options: WorkerSlotThreadsOptions) {
    this.#options = options
    const { system, transport } = options
    this.#mesh.join({
      system,
      post: (message) => {
        if (message.type === 'peer') transport.addPeer(message.system, message.port)
        else if (message.type === 'peer-gone') transport.removePeer(message.system)
      },
    })
  }

  start(spec: SlotThreadSpec, events: SlotThreadEvents): SlotThread {
    const system = newSystemId(GROUP_OF['task-manager'], this.#options.random)
    const workerData: SlotThreadData = { system, spec: plain(spec), environment: this.#options.environment }
    const worker = new Worker(new URL('./slot-thread.js', import.meta.url), {
      workerData,
      stdout: false,
      stderr: false,
    })
    let error: ErrorInfo | undefined
    worker.on('message', (report: SlotThreadReport) => {
      switch (report.type) {
        case 'ready':
          return events.onReady(report.slot)
        case 'log':
          return this.#log(report.line)
        case 'fenced-write':
          return events.onFencedWrite()
        case 'warning':
          return this.#options.onWarning(report.error)
        case 'given-up':
          error = report.error
          void worker.terminate()
      }
    })
    worker.on('error', (thrown) => {
      error ??= errorInfoOf(strayError(thrown))
    })
    this.#living.add(worker)
    worker.on('exit', () => {
      this.#living.delete(worker)
      this.#mesh.leave(system)
      events.onExit(error)
    })
    this.#mesh.join({
      system,
      post: (message, transfer) => worker.postMessage(message, transfer as Transferable[]),
    })
    return {
      system,
      end: () => {
        worker.postMessage({ type: 'end' } satisfies MeshMessage)
        const cancel = this.#options.clock.after(LIMITS.threadEndMs, () => void worker.terminate())
        worker.once('exit', cancel)
      },
      fence: () => {
        const cancel = this.#options.clock.after(LIMITS.fenceGraceMs, () => void worker.terminate())
        worker.once('exit', cancel)
      },
      terminate: () => void worker.terminate(),
    }
  }

  /** Ends all that live, at once. Resolves when none does. */
  async terminate(): Promise<void> {
    await Promise.all([...this.#living].map((worker) => worker.terminate()))
  }

  #log({ level, fields, message }: LogLine): void {
    this.#options.logger[level](fields, message)
  }
}

/** Without what a task manager's request holds beside the thread's own part. */
function plain({ slot, run, attempt, code }: SlotThreadSpec): SlotThreadSpec {
  return { slot, run, attempt, code }
}

/** What ended the thread from outside of any actor's turn; the user's own where it comes from his code. */
function strayError(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown
  const place = userPlaceIn(thrown.stack)
  if (place === undefined && thrown.name !== 'UnhandledPromiseRejection') return thrown
  return new RetakeError('RT1601', {
    what: 'user code threw where nobody waits for it',
    why: `in a promise, a timer or an event of the job's own: ${thrown.name}: ${thrown.message}`,
    fix: `catch it${place === undefined ? '' : ` at ${place}`}; functions of a job are synchronous, and what they begin by themselves nobody looks after`,
    where: place,
    cause: thrown,
  })
}
