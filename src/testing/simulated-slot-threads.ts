import { hostedSlot } from '../../actors/hosted-slot.js'
import type { HostedNode, NodeThreads } from '../../actors/node-host.js'
import type { SlotThread, SlotThreadEvents, SlotThreadSpec } from '../../actors/slot-threads.js'
import { newSystemId } from '../actor/address.js'
import { ActorSystem } from '../actor/system.js'
import { GROUP_OF } from '../cluster/protocol.js'
import { type ErrorInfo, errorInfoOf } from '../kit/errors.js'
import type { SystemId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { Surroundings } from './simulated-host.js'
import type { SimulatedProcess } from './simulated-process.js'
import type { SimulatedThread } from './simulated-thread.js'

/** From the start of a thread to the first line of the slot in it. */
const THREAD_START_MS = [5, 300] as const

/** Slots as actor systems of their own in the one real thread, each on the clock of a thread that can be killed. */
export class SimulatedSlotThreads implements NodeThreads {
  readonly #node: HostedNode
  readonly #process: SimulatedProcess
  readonly #surroundings: Surroundings
  readonly #living = new Map<SimulatedThread, (error?: ErrorInfo) => void>()

  constructor(node: HostedNode, process: SimulatedProcess, surroundings: Surroundings) {
    this.#node = node
    this.#process = process
    this.#surroundings = surroundings
  }

  start(spec: SlotThreadSpec, events: SlotThreadEvents): SlotThread {
    const { random } = this.#node
    const id = newSystemId(GROUP_OF['task-manager'], random)
    const process = this.#process
    const thread = process.thread(`slot-${spec.slot}`)
    const exit = (error?: ErrorInfo) => {
      if (!this.#living.delete(thread)) return
      process.killThread(thread)
      process.main.clock.soon(() => events.onExit(error))
    }
    this.#living.set(thread, exit)
    const [min, max] = THREAD_START_MS
    thread.clock.after(min + random.next() * (max - min), () => this.#begin(id, thread, spec, events, exit))
    return {
      system: id,
      end: () => exit(),
      fence: () => void process.main.clock.after(LIMITS.fenceGraceMs, () => exit()),
      terminate: () => exit(),
    }
  }

  #begin(
    id: SystemId,
    thread: SimulatedThread,
    { code }: SlotThreadSpec,
    { onReady, onFencedWrite }: SlotThreadEvents,
    exit: (error?: ErrorInfo) => void,
  ): void {
    const { random, logger } = this.#node
    const { jobs, openStore, connectors, onThread } = this.#surroundings
    const { clock } = thread
    const system = new ActorSystem({ id, clock, random, logger, ...this.#process.transportsOf(thread) })
    onThread?.(thread, system)
    const main = this.#process.main
    hostedSlot({
      system,
      code,
      loadJob: (bundle) => jobs.load(bundle),
      connectors: connectors(thread),
      blobs: openStore(thread).blobs,
      onFencedWrite: () => main.arrive(onFencedWrite),
    }).then(
      (slot) => main.arrive(() => onReady(slot)),
      (error: unknown) => exit(errorInfoOf(error)),
    )
  }

  /** The slots' threads that live, in the order in which they were started. */
  living(): readonly SimulatedThread[] {
    return [...this.#living.keys()]
  }

  /** Ends one as a crash would. */
  crash(thread: SimulatedThread): void {
    this.#living.get(thread)?.(errorInfoOf(new Error('the thread crashed')))
  }

  async terminate(): Promise<void> {
    for (const exit of [...this.#living.values()]) exit()
  }
}
