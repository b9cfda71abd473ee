import { createHash, type Hash } from 'node:crypto'
import { assert } from '../kit/assert.js'
import { type Random, randomToken } from '../kit/random.js'
import { type Bytes, cutInto, lengthOf } from '../state/bytes.js'
import {
  isUnanswered,
  type JetStreamConnection,
  type StoredMessage,
  type StreamNeeds,
} from './jetstream-connection.js'

export interface JetStreamObjectsOptions {
  readonly connection: JetStreamConnection
  readonly bucket: string
  /** All names are below it: what is kept for different ends in one bucket stays apart. */
  readonly folder: string
  readonly random: Random
}

/** What stands in the bucket about one object; `nuid` is the end of the subject of its chunks. */
interface ObjectInfo {
  readonly name: string
  readonly bucket: string
  readonly nuid: string
  readonly size: number
  readonly chunks: number
  readonly digest: string
  readonly options: { readonly max_chunk_size: number }
  /** Ours: the sequences of its chunks, by which they are deleted. */
  readonly metadata?: { readonly sequences?: string }
  readonly deleted?: boolean
}

interface Standing {
  readonly info: ObjectInfo
  /** Of the message that holds it. */
  readonly sequence: number
}

const CHUNK_BYTES = 128 * 1024
/** Chunks of one object that are under way at once: a slow link must take as much within the time-out of a request. */
const WINDOW = 16

/** The stream of an object store. Its operator may bound it, move it, and keep it more than once. */
export function bucketNeeds(bucket: string): StreamNeeds {
  return {
    name: streamOf(bucket),
    config: {
      subjects: [`$O.${bucket}.C.>`, `$O.${bucket}.M.>`],
      retention: 'limits',
      storage: 'file',
      max_age: 0,
      max_msgs_per_subject: -1,
      discard: 'new',
      allow_rollup_hdrs: true,
      deny_purge: false,
    },
    whenMade: { allow_direct: true },
  }
}

/**
 * Things of any size in an object store of JetStream, in the form that all its clients read (`nats object ls`). Not by
 * the client's own functions: those put a whole object into memory at once and its hash in one turn, wait for ever for a
 * chunk that is missing, and leave a message behind for each object that they delete.
 *
 * Chunks first, then the message that makes the object exist; a put that dies half way leaves chunks that nobody reads.
 * Their subject has the object's name in it, so `list` finds them too, and `delete` takes them along: they live until
 * their run is swept. Deleted in the other order, so that no object is ever without its chunks.
 *
 * Deleted one by one, by their sequences: nats-server 2.9 never gives back to its account what a purge by subject removes,
 * and takes nothing more when all that was ever written reaches its limit. A purge is for what died half way alone.
 */
export class JetStreamObjects {
  readonly #connection: JetStreamConnection
  readonly #bucket: string
  readonly #folder: string
  readonly #random: Random

  constructor({ connection, bucket, folder, random }: JetStreamObjectsOptions) {
    this.#connection = connection
    this.#bucket = bucket
    this.#folder = folder
    this.#random = random
  }

  /** Resolves when JetStream has all of it, in place of what had that name. Gives its sha256. */
  async put(name: string, bytes: Bytes): Promise<Buffer> {
    const nuid = `${this.#below(name)}.${randomToken(this.#random, 20)}`
    const hashing = createHash('sha256')
    const before = await this.#standing(name)
    const sequences: number[] = []
    let hash: Buffer
    let isNamed = false
    try {
      await this.#putChunks(nuid, bytes, hashing, sequences)
      hash = hashing.digest()
      isNamed = true
      await this.#putInfo(name, {
        name: `${this.#folder}/${name}`,
        bucket: this.#bucket,
        nuid,
        size: lengthOf(bytes),
        chunks: sequences.length,
        digest: `SHA-256=${padded(hash.toString('base64url'))}`,
        options: { max_chunk_size: CHUNK_BYTES },
        metadata: { sequences: sequences.join(' ') },
      })
    } catch (error) {
      // The message that makes it exist may still land when its answer was lost: then its chunks must be there.
      if (!isNamed || !isUnanswered(error)) await this.#deleteChunks(nuid, sequences).catch(() => undefined)
      throw error
    }
    // What cannot be deleted now, goes with the object.
    if (before !== undefined) {
      await this.#deleteChunks(before.info.nuid, sequencesOf(before.info)).catch(() => undefined)
    }
    return hash
  }

  /** The first `end` bytes of it, fewer when it is shorter or damaged; undefined when it is not there. */
  async get(name: string, end = Number.POSITIVE_INFINITY): Promise<Uint8Array | undefined> {
    let seen: string | undefined
    for (;;) {
      const standing = await this.#standing(name)
      if (standing === undefined) return undefined
      const { info } = standing
      const length = Math.min(end, info.size)
      let found = await this.#chunks(info, length, (subject, from) =>
        this.#connection.nextOnReplica(streamOf(this.#bucket), subject, from),
      )
      // That replica may be behind. Its leader knows.
      if (found.length < length) {
        found = await this.#chunks(info, length, (subject, from) =>
          this.#connection.next(streamOf(this.#bucket), subject, from),
        )
      }
      // Or it was replaced, and its chunks are gone.
      if (found.length === length || info.nuid === seen) return found
      seen = info.nuid
    }
  }

  /** What is not there is as good as deleted. */
  async delete(name: string): Promise<void> {
    const standing = await this.#standing(name)
    if (standing !== undefined) {
      await this.#connection.delete(streamOf(this.#bucket), standing.sequence)
    }
    await this.#deleteChunks(
      `${this.#below(name)}.*`,
      standing === undefined ? [] : sequencesOf(standing.info),
    )
  }

  /** Names of all below `path`, with those that a put left half done. */
  async list(path: readonly string[]): Promise<readonly string[]> {
    const head = `$O.${this.#bucket}.C.${this.#folder}.`
    const filter = `${head}${path.map((part) => `${part}.`).join('')}>`
    const subjects = await this.#connection.subjects(streamOf(this.#bucket), filter)
    return [...new Set(subjects.map((subject) => nameBelow(subject.slice(head.length))))]
  }

  /** The sequences that they have go into `sequences`, also of a put that fails. */
  async #putChunks(nuid: string, bytes: Bytes, hash: Hash, sequences: number[]): Promise<void> {
    const subject = `$O.${this.#bucket}.C.${nuid}`
    const chunks = cutInto(bytes, CHUNK_BYTES)
    // One at least: what exists can be listed.
    const count = Math.max(1, Math.ceil(lengthOf(bytes) / CHUNK_BYTES))
    await inLanes(count, async (index) => {
      const chunk = chunks.next().value ?? new Uint8Array()
      hash.update(chunk)
      const stored = await this.#connection.store(streamOf(this.#bucket), subject, chunk)
      assert(stored !== 'refused', 'a chunk is stored whatever is there', { subject })
      sequences[index] = stored
    })
  }

  /** Those with known `sequences`, and then whatever is left of `chunks`, the end of a subject. */
  async #deleteChunks(chunks: string, sequences: readonly number[]): Promise<void> {
    const stream = streamOf(this.#bucket)
    // One that a failed put has no answer for is a hole in the array.
    const known = sequences.filter((sequence) => sequence !== undefined)
    await inLanes(known.length, (index) => this.#connection.delete(stream, known[index]!))
    await this.#connection.purge(stream, `$O.${this.#bucket}.C.${chunks}`)
  }

  async #putInfo(name: string, info: ObjectInfo): Promise<void> {
    const text = new TextEncoder().encode(JSON.stringify(info))
    await this.#connection.store(streamOf(this.#bucket), this.#infoSubject(name), text, { replaces: true })
  }

  async #standing(name: string): Promise<Standing | undefined> {
    const message = await this.#connection.last(streamOf(this.#bucket), this.#infoSubject(name))
    if (message === undefined) return undefined
    const info = JSON.parse(new TextDecoder().decode(message.data)) as ObjectInfo
    return info.deleted ? undefined : { info, sequence: message.sequence }
  }

  /** As many of the first `length` bytes as there are. */
  async #chunks(
    info: ObjectInfo,
    length: number,
    next: (subject: string, sequence: number) => Promise<StoredMessage | undefined>,
  ): Promise<Uint8Array> {
    const bytes = new Uint8Array(length)
    const subject = `$O.${this.#bucket}.C.${info.nuid}`
    let [at, sequence] = [0, 1]
    while (at < length) {
      const chunk = await next(subject, sequence)
      if (chunk === undefined) break
      bytes.set(chunk.data.subarray(0, length - at), at)
      at = Math.min(length, at + chunk.data.length)
      sequence = chunk.sequence + 1
    }
    return bytes.subarray(0, at)
  }

  #infoSubject(name: string): string {
    const encoded = Buffer.from(`${this.#folder}/${name}`).toString('base64url')
    return `$O.${this.#bucket}.M.${padded(encoded)}`
  }

  /** Where the chunks of `name` are, but for the token of the put: folders are tokens, and the last part may have dots. */
  #below(name: string): string {
    const folders = name.split('/')
    const last = folders.pop() ?? ''
    return [this.#folder, ...folders, Buffer.from(last).toString('base64url')].join('.')
  }
}

/** None of an object that another client has put. */
function sequencesOf(info: ObjectInfo): number[] {
  return (info.metadata?.sequences ?? '').split(' ').filter(Boolean).map(Number)
}

function nameBelow(subject: string): string {
  const parts = subject.split('.').slice(0, -1)
  const last = parts.pop() ?? ''
  return [...parts, Buffer.from(last, 'base64url').toString()].join('/')
}

/**
 * Works through 0 … count - 1, `WINDOW` at a time. Each lane begins the next one in the turn in which it takes it, so
 * they begin in order. When one fails, those under way end and no other begins.
 */
async function inLanes(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  let failure: { readonly error: unknown } | undefined
  const lane = async () => {
    while (next < count && failure === undefined) {
      try {
        await work(next++)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(WINDOW, count) }, lane))
  if (failure !== undefined) throw failure.error
}

export function streamOf(bucket: string): string {
  return `OBJ_${bucket}`
}

/** The form of base64 that names and digests have in an object store. */
function padded(text: string): string {
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}
