import type { JetStreamConnection } from '../checkpoint/jetstream-connection.js'
import { assert } from '../kit/assert.js'
import { RetakeError } from '../kit/errors.js'
import { isToken } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { JobLog } from './job-log.js'
import type { LogEntry } from './log-entry.js'
import { decodeLogEntry, encodeLogEntry } from './log-entry-codec.js'
import { outcomeOf } from './log-outcome.js'

/** The last entry, if there is one, and the sequence of the last message, 0 if there is none: mostly it holds that entry. */
interface Standing {
  readonly entry: LogEntry | undefined
  readonly sequence: number
}

/**
 * A job's log as the messages of one subject. JetStream stores an entry only if the last message of that subject is
 * still the one that holds the entry before it: sequences rise for ever, so of all who write after one entry, one is
 * stored, and a message that was held up on its way comes too late whenever another was faster.
 *
 * A writer whose answer is lost (the link broke, the server was killed) cannot know whether its entry stands, or will:
 * the message may still be on its way. It writes the same entry again. That one meets its own twin ('refused', and the
 * nonce at its place is its own), or another's entry, or is stored, and then the twin is refused.
 *
 * Whoever may ask JetStream anything may name the subject of a log for the answer, and no permission of NATS keeps the
 * server from storing it there. Such a message is no entry, and is passed over; but it takes a place, and enough of
 * them push the entries out.
 *
 * The stream keeps the last `LIMITS.logEntriesKept` messages of a subject. Reads are answered by the leader of the
 * stream, never by a replica, which may be behind; a leader that was just voted out may be too, for a moment: then a
 * reader acts on an old view, and its next entry is refused, or finds that more was there before (RT1308).
 */
export class JetStreamJobLog implements JobLog {
  readonly #connection: JetStreamConnection
  readonly #stream: string
  readonly #subject: string

  constructor(connection: JetStreamConnection, stream: string, subject: string) {
    this.#connection = connection
    this.#stream = stream
    this.#subject = subject
  }

  async read(): Promise<readonly LogEntry[]> {
    for (;;) {
      const entries = await this.#kept()
      // A hole: what followed was dropped while we read, for newer ones.
      if (entries.every(({ place }, index) => place === entries[0]!.place + index)) return entries
    }
  }

  async append(entry: LogEntry): Promise<'written' | 'taken'> {
    assert(isToken(entry.nonce), 'a nonce is a token', { nonce: entry.nonce })
    for (;;) {
      const last = await this.#last()
      const lastPlace = last.entry?.place ?? 0
      if (lastPlace >= entry.place) return this.#outcomeOf(entry)
      if (lastPlace < entry.place - 1) throw this.#behind(lastPlace, entry.place - 1)
      // It follows an entry that never came to stand: its writer has lost already.
      if (last.entry?.nonce !== entry.previous) return 'taken'
      const stored = await this.#connection.store(this.#stream, this.#subject, encodeLogEntry(entry), {
        after: last.sequence,
        timeoutMs: LIMITS.logAnswerMs,
      })
      if (stored !== 'refused') return 'written'
      // Another was faster, or this entry itself, on its first way here. Look again.
    }
  }

  /** Whose entry stands at the place of `entry`, where one does or did. */
  async #outcomeOf(entry: LogEntry): Promise<'written' | 'taken'> {
    const kept = await this.read()
    const outcome = outcomeOf(entry, kept)
    if (outcome === 'behind') throw this.#behind(kept.at(-1)?.place ?? 0, entry.place)
    return outcome
  }

  async #kept(): Promise<readonly LogEntry[]> {
    const entries: LogEntry[] = []
    for (let sequence = 1; ; ) {
      const message = await this.#connection.next(this.#stream, this.#subject, sequence)
      if (message === undefined) return entries
      if (message.isMeant) entries.push(this.#decoded(message.data))
      sequence = message.sequence + 1
    }
  }

  async #last(): Promise<Standing> {
    const message = await this.#connection.last(this.#stream, this.#subject)
    if (message === undefined) return { entry: undefined, sequence: 0 }
    const { sequence, data, isMeant } = message
    return { entry: isMeant ? this.#decoded(data) : (await this.#kept()).at(-1), sequence }
  }

  #decoded(data: Uint8Array): LogEntry {
    return decodeLogEntry(data, undefined, `${this.#stream}/${this.#subject}`)
  }

  /**
   * A leader that was just voted out answers so, and soon no more. If it stays so, JetStream, which confirms before its
   * disk does, has lost it: all copies lost power at once, or the stream was restored from a copy.
   */
  #behind(lastPlace: number, wasThere: number): RetakeError {
    const where = `${this.#stream}/${this.#subject}`
    return new RetakeError('RT1308', {
      what: `${where} ends at entry ${lastPlace}, though entry ${wasThere} was there`,
      why: 'a server of JetStream that no longer leads has answered, or what was confirmed is lost',
      fix: 'wait; if it stays so, start a new run from its newest checkpoint (--from-checkpoint), and keep the stream on three servers',
      where,
    })
  }
}
