import { type ErrorCode, RetakeError } from '#src/kit/errors.js'
import type { Random } from '#src/kit/random.js'

/** Bytes as one of ours writes them, and what they must be read as. */
export interface Sample<Value> {
  readonly bytes: Uint8Array
  readonly value: Value
}

/**
 * What reads bytes from outside, as the fuzzer sees it. What it reads with needs no more than the bytes: whatever else
 * it takes (a version, a count) stands in front of them.
 */
export interface Decoder<Value = unknown> {
  /** On the command line, and in finds. */
  readonly name: string
  /** A valid input, with contents of every kind. */
  sample(random: Random): Sample<Value>
  decode(bytes: Uint8Array): Value
  /** Whether `error` is one of those that whoever calls it is told of, and expects. */
  isRefusal(error: unknown): boolean
  /** Damage that lies behind a checksum, or inside of JSON: where bytes that were changed blindly never come. */
  damage?(random: Random, sample: Sample<Value>): Uint8Array
  /** What is wrong with what damaged bytes were read as; undefined: nothing, it might have been written. */
  faultOf?(value: Value): string | undefined
  /** What reading `bytes` bytes may allocate. Undefined: `ALLOCATED_MAX`. */
  allocatedMax?(bytes: number): number
}

/** Some fixed cost, and for each byte an object or two. */
export function ALLOCATED_MAX(bytes: number): number {
  return 8 * 1024 * 1024 + 512 * bytes
}

export function refusedWith(...codes: readonly ErrorCode[]): (error: unknown) => boolean {
  return (error) => error instanceof RetakeError && codes.includes(error.code)
}
