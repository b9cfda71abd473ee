import type { Random } from '../../kit/random.js'

/** `SourceSpec.options` of the connector 'generator': checked by its factory, every default applied. */
export interface GeneratorOptions {
  /** Records in all; null: without end. */
  readonly count: number | null
  /** Of all splits together; null: as fast as records are taken. */
  readonly ratePerSecond: number | null
  readonly seed: number
  /** Null: one for each subtask that the source has when the run begins. */
  readonly splits: number | null
}

/** `SourceSpec.functions` of the connector 'generator'. */
export interface GeneratorFunctions {
  /** The record at `index`. `random` is good for this call alone. */
  readonly make: (random: Random, index: number) => unknown
}
