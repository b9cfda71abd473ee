import { encodeParcel } from '#src/actor/transport/parcel-bytes.js'
import type { Parcel } from '#src/actor/transport/transport.js'
import type { SystemId } from '#src/kit/ids.js'
import { KIND, readHeader } from '#src/record/frame-codec.js'
import { type Counts, Tally } from './tally.js'

/** What the network between the processes has carried so far. */
export interface Carried {
  /** By word, in bytes as NATS would carry them. Answers are named by what was asked. */
  readonly toLeader: Counts
  readonly fromLeader: Counts
  /** Between subtasks of different processes: frames by kind, and grants. */
  readonly channels: Counts
}

/** Counts what arrives. */
export class Traffic {
  readonly #isLeader: (system: SystemId) => boolean
  readonly #toLeader = new Tally()
  readonly #fromLeader = new Tally()
  readonly #channels = new Tally()
  /** The words of questions that have not been answered, by asker and number. */
  readonly #asked = new Map<string, string>()

  constructor(isLeader: (system: SystemId) => boolean) {
    this.#isLeader = isLeader
  }

  onArrival(from: SystemId, to: SystemId, parcel: Parcel): void {
    if (parcel.kind === 'frame') return this.#onFrame(parcel.body as Uint8Array)
    if (this.#isLeader(to)) this.#toLeader.add(this.#nameOf(parcel), encodeParcel(parcel).length)
    else if (this.#isLeader(from)) this.#fromLeader.add(this.#nameOf(parcel), encodeParcel(parcel).length)
    else if (wordOf(parcel) === 'grant') this.#channels.add('grant')
  }

  read(): Carried {
    return {
      toLeader: this.#toLeader.read(),
      fromLeader: this.#fromLeader.read(),
      channels: this.#channels.read(),
    }
  }

  #onFrame(bytes: Uint8Array): void {
    this.#channels.add(FRAMES.get(readHeader(bytes).kind) ?? 'frame', bytes.length)
  }

  #nameOf(parcel: Exclude<Parcel, { kind: 'frame' }>): string {
    if (parcel.kind === 'ask') this.#asked.set(`${parcel.from} ${parcel.correlation}`, wordOf(parcel))
    if (parcel.kind !== 'answer') return wordOf(parcel)
    const question = `${parcel.to} ${parcel.correlation}`
    const word = this.#asked.get(question)
    this.#asked.delete(question)
    return word === undefined ? 'late answer' : `answer to ${word}`
  }
}

const FRAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(KIND).map(([name, kind]) => [kind, name] as const),
)

function wordOf({ body }: Parcel): string {
  const type = (body as { type?: unknown } | null)?.type
  return typeof type === 'string' ? type : 'word'
}
