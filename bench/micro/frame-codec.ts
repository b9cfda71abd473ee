import { Packr } from 'msgpackr'
import { decodeFrame, encodeFrame } from '#src/record/frame-codec.js'
import type { Benchmark } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import { BATCH_RECORDS, clickBatch, FRAME_BYTES, frameOf } from './click-batch.js'
import { contendersOf, type Run } from './contenders.js'
import { type Round, steadyState } from './steady-state.js'

export const frameCodec: Benchmark = {
  name: 'frame-codec',
  question: 'How many rows a second become the bytes of a frame and rows again?',
  unit: 'rows',
  async prepare(scale) {
    return {
      configuration: { rowsPerFrame: BATCH_RECORDS, frameBytes: FRAME_BYTES },
      contenders: contendersOf(import.meta.url, Object.keys(ROUNDS), scale),
      targets: [
        { kind: 'ratio', of: 'retake', over: 'bare msgpackr', aim: 0.9, floor: 0.6 },
        { kind: 'ratio', of: 'retake', over: 'JSON', aim: 1 },
      ],
    }
  },
}

const ROUNDS: Readonly<Record<string, () => Round>> = {
  retake() {
    const frame = frameOf(clickBatch())
    return roundTrips(() => {
      const back = decodeFrame(encodeFrame(frame))
      return back.kind === 'element' && back.element.kind === 'records' ? back.element.records.length : 0
    })
  },
  'bare msgpackr'() {
    const packr = new Packr({ useRecords: true })
    const rows = clickBatch()
    // A frame owns its bytes; what msgpackr returns is a view into a buffer that it goes on using.
    return roundTrips(() => packr.unpack(new Uint8Array(packr.pack(rows))).length)
  },
  JSON() {
    const rows = clickBatch()
    return roundTrips(() => JSON.parse(Buffer.from(JSON.stringify(rows)).toString()).length)
  },
}

export function measure({ contender, seconds }: Run): Promise<Sample> {
  return steadyState(seconds, ROUNDS[contender]!())
}

function roundTrips(roundTrip: () => number): Round {
  return () => {
    let rows = 0
    for (let i = 0; i < 100; i++) rows += roundTrip()
    return rows
  }
}
