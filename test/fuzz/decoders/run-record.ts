import type { RunRecord } from '#src/cluster/job-store.js'
import { decodeRunRecord, encodeRunRecord } from '#src/cluster/run-record-codec.js'
import type { RunId } from '#src/kit/ids.js'
import { randomToken } from '#src/kit/random.js'
import { damagedJson } from '../damaged-value.js'
import { type Decoder, refusedWith } from '../decoder.js'
import { between, chance, listOf, text } from '../draw.js'

/** What a run is, as its document says. */
export const runRecord: Decoder<RunRecord> = {
  name: 'run-record',
  sample(random) {
    const value: RunRecord = {
      run: randomToken(random) as RunId,
      job: text(random),
      bundle: 'a'.repeat(64),
      request: {
        params: Object.fromEntries(listOf(random, 3, () => [text(random, 8), text(random)])),
        ...(chance(random, 0.5) && { parallelism: between(random, 1, 9) }),
      },
      fingerprint: 'f'.repeat(64),
      allowRepeatedRows: chance(random, 0.5),
      createdAt: between(random, 0, 2 ** 41),
    }
    return { bytes: encodeRunRecord(value), value }
  },
  decode: (bytes) => decodeRunRecord(bytes, 'a record'),
  isRefusal: refusedWith('RT1306'),
  damage: (random, { value }) => damagedJson(random, value),
  faultOf({ createdAt, request }) {
    if (Number.isNaN(new Date(createdAt).getTime())) return `a run of the time ${createdAt}`
    return Object.values(request.params).every((one) => typeof one === 'string')
      ? undefined
      : 'parameters that are no text'
  },
}
