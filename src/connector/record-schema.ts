import { RetakeError } from '../kit/errors.js'
import { printedSample } from '../operator/user-code.js'

/** Standard Schema (standardschema.dev), the part that validates. */
interface StandardSchema {
  readonly '~standard': { validate(value: unknown): ValidationResult | Promise<ValidationResult> }
}

interface ValidationResult {
  readonly value?: unknown
  readonly issues?: readonly Issue[] | undefined
}

interface Issue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** A user's schema, as a source applies it to each value. */
export class RecordSchema {
  readonly #schema: StandardSchema['~standard']
  readonly #where: string

  /**
   * Throws RT1012 for what is no schema.
   *
   * @param where what is read with it, for errors
   */
  constructor(schema: unknown, where: string) {
    this.#schema = (schema as Partial<StandardSchema> | null)?.['~standard'] as StandardSchema['~standard']
    this.#where = where
    if (typeof this.#schema?.validate === 'function') return
    throw new RetakeError('RT1012', {
      what: `the schema of ${where} is none`,
      why: 'it has no "~standard": a schema is what a library for Standard Schema makes (valibot, zod, arktype)',
      fix: 'give the schema itself, and neither a type nor a function',
    })
  }

  /** What the schema makes of `value`, or why it refuses it. Throws RT1012 for a schema that would have to be awaited, RT1601 for one that throws. */
  check(value: unknown): { readonly value: unknown } | { readonly refused: string } {
    const result = this.#validated(value)
    if (result instanceof Promise) {
      throw new RetakeError('RT1012', {
        what: `the schema of ${this.#where} validates asynchronously`,
        why: 'records are read without waiting, a batch at a time',
        fix: 'use a schema without async checks or transforms',
      })
    }
    if (result.issues === undefined) return { value: result.value }
    return { refused: `it does not fit the schema: ${result.issues.map(printed).join('; ')}` }
  }

  #validated(value: unknown): ValidationResult | Promise<ValidationResult> {
    try {
      return this.#schema.validate(value)
    } catch (cause) {
      throw new RetakeError('RT1601', {
        what: `the schema of ${this.#where} threw`,
        why: `${cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)}, at ${printedSample(value)}`,
        fix: 'correct it: a value that does not fit is told by `issues`, and never thrown',
        cause,
      })
    }
  }
}

function printed({ message, path = [] }: Issue): string {
  const keys = path.map((part) => String(typeof part === 'object' ? part.key : part))
  return keys.length === 0 ? message : `${keys.join('.')}: ${message}`
}
