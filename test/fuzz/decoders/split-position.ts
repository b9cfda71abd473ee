import { filePosition, fileSplit } from '#src/connector/file/file-position.js'
import { generatorPosition, generatorSplit } from '#src/connector/generator/generator-position.js'
import { kafkaPosition, splitPosition } from '#src/connector/kafka/kafka-position.js'
import type { SplitPosition } from '#src/state/snapshot.js'
import { damagedJson } from '../damaged-value.js'
import { type Decoder, refusedWith } from '../decoder.js'
import { between, count, pick } from '../draw.js'

/** Where a split stands, as a manifest keeps it, in the words of each connector. */
export const splitPositions: Decoder<SplitPosition | undefined> = {
  name: 'split-position',
  sample(random) {
    const [offset, stop] = [count(random), pick(random, [null, count(random)])]
    const value = pick(random, [
      () => splitPosition('clicks', { partition: between(random, 0, 9), offset, stop }),
      () => fileSplit(between(random, 0, 9), { path: '/clicks.jsonl', offset, lines: 3, stop: stop ?? 9 }),
      () => generatorSplit({ split: between(random, 0, 3), splits: 4, next: offset, stop }),
    ])()
    return { bytes: new TextEncoder().encode(JSON.stringify(value)), value }
  },
  decode(bytes) {
    const split = opened(bytes)
    if (split === undefined) return undefined
    if (split.split.startsWith('clicks')) return splitPosition('clicks', kafkaPosition('clicks', split))
    if (split.split.startsWith('generator')) return generatorSplit(generatorPosition(split))
    return fileSplit(split.owner, filePosition(split))
  },
  isRefusal: refusedWith('RT1210'),
  damage: (random, { value }) => damagedJson(random, value),
  faultOf(split) {
    if (split === undefined) return undefined
    const numbers = Object.values(split.position as Record<string, unknown>)
    const isPosition = numbers.every(
      (one) => one === null || typeof one === 'string' || (Number.isSafeInteger(one) && Number(one) >= 0),
    )
    return isPosition ? undefined : `a split that stands at ${JSON.stringify(split.position)}`
  },
}

/** As a manifest that was read holds them (`manifest-codec.ts`): of its position nothing is known. */
function opened(bytes: Uint8Array): SplitPosition | undefined {
  try {
    const value: SplitPosition = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return typeof value?.split === 'string' && Number.isSafeInteger(value.owner) && value.owner >= 0
      ? value
      : undefined
  } catch {
    return undefined
  }
}
