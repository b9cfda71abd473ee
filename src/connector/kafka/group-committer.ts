import type { CheckpointId } from '../../kit/ids.js'
import type { Logger } from '../../kit/logger.js'
import type { SplitPosition } from '../../state/snapshot.js'
import { faultOf } from './kafka-fault.js'
import { kafkaPosition } from './kafka-position.js'
import type { KafkaTransport } from './kafka-transport.js'

/**
 * Tells Kafka how far the job is, after each completed checkpoint, so that tools for consumer groups show it. Nothing
 * reads it back but a new run that starts from 'group'. A commit that fails is logged and not tried again: the next
 * checkpoint's says more. One is under way at a time; of those that wait, the last.
 */
export class GroupCommitter {
  readonly #transport: KafkaTransport
  readonly #group: string
  readonly #topic: string
  readonly #logger: Logger
  #isUnderWay = false
  #next: { checkpoint: CheckpointId; offsets: ReadonlyMap<number, number> } | undefined

  constructor(transport: KafkaTransport, group: string, topic: string, logger: Logger) {
    this.#transport = transport
    this.#group = group
    this.#topic = topic
    this.#logger = logger
  }

  commit(checkpoint: CheckpointId, positions: readonly SplitPosition[]): void {
    const offsets = new Map<number, number>()
    for (const split of positions) {
      const { partition, offset } = kafkaPosition(this.#topic, split)
      offsets.set(partition, offset)
    }
    if (offsets.size === 0) return
    this.#next = { checkpoint, offsets }
    if (!this.#isUnderWay) this.#send()
  }

  #send(): void {
    const next = this.#next
    if (next === undefined) return
    this.#next = undefined
    this.#isUnderWay = true
    const { checkpoint, offsets } = next
    const settled = () => {
      this.#isUnderWay = false
      this.#send()
    }
    this.#transport
      .commitGroup(this.#group, this.#topic, offsets, `chk-${checkpoint}`)
      .then(settled, (error: unknown) => {
        const fault = faultOf(error)
        this.#logger.warn(
          { group: this.#group, topic: this.#topic, checkpoint, code: fault.code },
          `offsets were not committed to Kafka, which harms nothing: ${fault.message}`,
        )
        settled()
      })
  }
}
