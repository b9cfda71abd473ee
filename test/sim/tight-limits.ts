import { LIMITS } from '#src/kit/limits.js'
import { type Random, randomInteger } from '#src/kit/random.js'

const USUAL = { ...LIMITS }

/** The bounds of the system are constants to everyone but the simulation, which has some worlds meet them. */
const limits = LIMITS as { -readonly [Name in keyof typeof LIMITS]: unknown }

/** Bounds that the few records of a simulation meet, with the relations between them that `kit/limits.ts` asserts. */
export function tightenLimits(random: Random): void {
  const between = (min: number, max: number) => min + randomInteger(random, max - min + 1)
  const batchBytes = between(100, 1_000)
  const channelBytes = batchBytes * between(2, 4)
  const pieceBytes = between(60, 2_000)
  const pileBytes = pieceBytes * between(1, 3)
  const stagedBytesInMemory = pileBytes * between(2, 5)
  Object.assign(limits, {
    batchBytes,
    batchRecords: between(1, 40),
    pollBytes: between(60, channelBytes),
    kafkaTurnRecords: between(1, 20),
    channelFrames: between(2, 6),
    channelBytes,
    gateBytes: channelBytes * between(1, 4),
    pieceRows: between(1, 30),
    pieceBytes,
    pileBytes,
    stagedBytesInMemory,
    decidedBytesMax: stagedBytesInMemory * between(1, 3),
    reservedIds: between(1, 8),
    abortedIds: between(1, 4),
    captureEntries: between(1, 20),
    combinedKeys: between(1, 30),
    combinedBytes: between(100, 2_000),
  } satisfies Partial<Record<keyof typeof LIMITS, number>>)
}

export function restoreLimits(): void {
  Object.assign(limits, USUAL)
}
