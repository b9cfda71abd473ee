import { isDeepStrictEqual } from 'node:util'
import type { LogEntry } from '#src/cluster/log-entry.js'
import { assertNever } from '#src/kit/assert.js'
import type { RunId } from '#src/kit/ids.js'

/**
 * What the log of a run must be, entry by entry. The oracle's own word for it: it shares nothing with `JobHistory`,
 * which the cluster itself asks what it may write, so that a fault there does not hide itself.
 */
export class LogRules {
  readonly #run: RunId
  readonly #nonces = new Set<string>()
  #place = 0
  #nonce: string | undefined
  #epoch = 0
  #attempt = 0
  /** The first checkpoint, which is written before any attempt: 0, or the one that the run starts from. */
  #first = 0
  /** The newest complete checkpoint. */
  #newest = -1
  #retained: readonly number[] = []
  /** The highest id that any epoch has reserved … */
  #reserved = 0
  /** … and that one before the leading epoch had reserved any: its own ids are those between. */
  #foreign = 0
  /** The leadership that has written that it is to be canceled. */
  #cancelling: number | undefined
  #ended: string | undefined

  constructor(run: RunId) {
    this.#run = run
  }

  /** `entry` was written. Throws, with the rule, when it should not have been. */
  follow(entry: LogEntry): void {
    const { place, nonce, previous, event, after } = entry
    const must = (holds: boolean, rule: string) => {
      if (holds) return
      throw new Error(`the log of ${this.#run} is wrong at ${place} (${JSON.stringify(event)}): ${rule}`)
    }

    must(place === this.#place + 1, `the place after ${this.#place} is the next one`)
    must(previous === this.#nonce, 'an entry names the one before it')
    must(!this.#nonces.has(nonce), 'no nonce is used twice')
    must((event.type === 'submitted') === (place === 1), 'a log begins with its submission, the only one')
    must(this.#ended === undefined, 'nothing follows the end')
    if (event.type !== 'submitted' && event.type !== 'leads')
      must(event.epoch === this.#epoch, `only epoch ${this.#epoch} writes, which leads`)

    switch (event.type) {
      case 'submitted':
        must(event.run === this.#run, 'a log is of one run')
        this.#first = event.origin?.checkpoint ?? 0
        break
      case 'leads':
        must(event.epoch === this.#epoch + 1, `the epoch after ${this.#epoch} is the next one`)
        this.#epoch = event.epoch
        this.#foreign = this.#reserved
        break
      case 'reserved':
        must(event.to > Math.max(this.#reserved, this.#newest), 'ids are reserved once, and rise')
        this.#reserved = event.to
        must(
          after.reserved?.epoch === event.epoch && after.reserved.to === event.to,
          'a reservation is its epoch’s',
        )
        must((after.reserved?.from ?? 0) > this.#foreign, 'no epoch has ids of another')
        break
      case 'started':
        must(this.#cancelling === undefined, 'nothing starts of a run that is to be canceled')
        must(event.attempt === this.#attempt + 1, `the attempt after ${this.#attempt} is the next one`)
        must(
          event.from === this.#newest,
          `an attempt starts from the newest checkpoint, which is ${this.#newest}`,
        )
        this.#attempt = event.attempt
        break
      case 'completed':
        must(event.attempt === this.#attempt, `only attempt ${this.#attempt} completes checkpoints`)
        must(event.checkpoint > this.#newest, `ids rise for ever, and ${this.#newest} is complete`)
        if (event.attempt === 0) must(event.checkpoint === this.#first, `the first one is ${this.#first}`)
        else
          must(
            event.checkpoint > this.#foreign && event.checkpoint <= this.#reserved,
            `epoch ${event.epoch} has the ids above ${this.#foreign} to ${this.#reserved}`,
          )
        this.#newest = event.checkpoint
        this.#retained = [...this.#retained, event.checkpoint]
        must(
          isDeepStrictEqual(after.retained.at(-1)?.manifest, event.manifest),
          'its manifest is the one retained',
        )
        break
      case 'cancelling':
        must(this.#cancelling === undefined, 'that it is to be canceled is written once')
        this.#cancelling = event.epoch
        break
      case 'released':
        must(event.checkpoints.length > 0, 'something is released')
        must(
          event.checkpoints.every((id) => this.#retained.includes(id)),
          'only what is retained is released',
        )
        must(!event.checkpoints.some((id) => id === this.#newest), 'the newest checkpoint stays')
        this.#retained = this.#retained.filter((id) => !event.checkpoints.some((gone) => gone === id))
        break
      case 'ended':
        must(
          event.outcome === 'canceled' || (this.#cancelling ?? event.epoch) === event.epoch,
          'whoever takes over a run that is to be canceled cancels it',
        )
        this.#ended = event.outcome
        break
      default:
        assertNever(event)
    }

    must(after.run === this.#run, 'an entry says of which run it is')
    must(after.epoch === this.#epoch, `it says that epoch ${this.#epoch} leads`)
    must(after.attempt === this.#attempt, `it says that attempt ${this.#attempt} is the current one`)
    const retained = after.retained.map(({ checkpoint }) => checkpoint)
    must(isDeepStrictEqual(retained, this.#retained), `it says that ${this.#retained} are retained`)
    must(
      after.isCancelling === (this.#cancelling === undefined ? undefined : true),
      'it says whether it is to be canceled',
    )
    must(after.ended?.outcome === this.#ended, 'it says whether the run has ended, and how')
    this.#place = place
    this.#nonce = nonce
    this.#nonces.add(nonce)
  }
}
