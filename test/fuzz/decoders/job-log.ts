import { JobHistory } from '#src/cluster/job-history.js'
import type { LogEntry } from '#src/cluster/log-entry.js'
import { decodeLogEntry, encodeLogEntry } from '#src/cluster/log-entry-codec.js'
import type { Random } from '#src/kit/random.js'
import { entriesOf, on } from '../../unit/cluster/fixtures.js'
import { damagedJson } from '../damaged-value.js'
import { type Decoder, refusedWith } from '../decoder.js'
import { between, pick } from '../draw.js'

/** The entries of a log, a line each: read, put one behind the other, and gone on from as a leader does. */
export const jobLog: Decoder<readonly LogEntry[]> = {
  name: 'job-log',
  sample(random) {
    const entries = drawnEntries(random)
    return { bytes: Buffer.concat(entries.map(encodeLogEntry)), value: entries.map(asRead) }
  },
  decode(bytes) {
    const entries = linesOf(bytes).map((line) => decodeLogEntry(line, undefined, 'an entry'))
    const history = JobHistory.of(entries)
    if (entries.length > 0) goOn(history)
    return entries
  },
  isRefusal: refusedWith('RT1306'),
  damage(random, { value: entries }) {
    const at = between(random, 0, entries.length - 1)
    const lines = entries.map((entry, i) =>
      i === at ? Buffer.concat([damagedJson(random, entry), Buffer.from('\n')]) : encodeLogEntry(entry),
    )
    return Buffer.concat(pick(random, [lines, lines.slice(at), lines.slice(at, at + 1)]))
  },
  faultOf(entries) {
    const last = entries.at(-1)
    if (last === undefined) return undefined
    const { epoch, attempt, retained } = last.after
    const isNumbered = [last.place, epoch, attempt].every(
      (number) => Number.isSafeInteger(number) && number >= 0,
    )
    if (!isNumbered) return `an entry with the numbers ${last.place}, ${epoch}, ${attempt}`
    const isPart = retained.every(
      ({ checkpoint, manifest }) => Number.isSafeInteger(checkpoint) && typeof manifest.blob === 'string',
    )
    return isPart ? undefined : 'checkpoints without manifests'
  },
}

/** What whoever takes the job over asks, and writes. */
function goOn(history: JobHistory): void {
  const { epoch, attempt } = history.state
  const latest = history.latest?.checkpoint ?? 0
  const events = [
    on.leads(epoch + 1),
    on.reserved(epoch, latest + 100),
    on.started(epoch, attempt + 1, latest),
  ]
  const more = [on.completed(epoch, attempt, latest + 1), on.released(epoch, latest), on.cancelling(epoch)]
  for (const event of [...events, ...more, on.ended(epoch)]) {
    history.holds(event)
    history.propose(event, 'nonce')
  }
}

function drawnEntries(random: Random): readonly LogEntry[] {
  const events = [
    on.submitted(),
    on.leads(1),
    on.completed(1, 0, 0),
    on.reserved(1, 64),
    on.started(1, 1, 0),
    on.completed(1, 1, 1),
    on.completed(1, 1, 2),
    on.released(1, 1),
    on.leads(2),
    on.reserved(2, 128),
    on.started(2, 2, 2),
    pick(random, [on.cancelling(2), on.completed(2, 2, 65)]),
    on.ended(2, pick(random, ['finished', 'canceled', 'failed'])),
  ]
  const entries = entriesOf(...events.slice(0, between(random, 1, events.length)))
  return entries.slice(between(random, 0, entries.length - 1))
}

function asRead(entry: LogEntry): LogEntry {
  return JSON.parse(JSON.stringify(entry)) as LogEntry
}

function linesOf(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const feed = bytes.indexOf(10, at)
    const end = feed < 0 ? bytes.length : feed
    lines.push(bytes.subarray(at, end))
    at = end + 1
  }
  return lines
}
