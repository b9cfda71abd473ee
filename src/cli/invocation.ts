import { parseArgs } from 'node:util'
import type { Command, Environment, Option } from './command.js'
import { didYouMean } from './did-you-mean.js'
import { UsageError } from './usage-error.js'

/** A command line that fits its command: what was given, read by name. */
export class Invocation {
  readonly environment: Environment
  readonly #positionals: readonly string[]
  readonly #given: ReadonlyMap<string, Given>

  constructor(positionals: readonly string[], given: ReadonlyMap<string, Given>, environment: Environment) {
    this.#positionals = positionals
    this.#given = given
    this.environment = environment
  }

  /** An argument that the command requires. */
  argument(index: number): string {
    return this.#positionals[index] ?? ''
  }

  optionalArgument(index: number): string | undefined {
    return this.#positionals[index]
  }

  isSet(option: string): boolean {
    return this.#given.has(option)
  }

  /** How the user gave it: `--nats`, or `RETAKE_NATS`. */
  nameOf(option: string): string {
    return this.#given.get(option)?.name ?? `--${option}`
  }

  /** The last one counts. */
  text(option: string): string | undefined {
    return this.#given.get(option)?.values.at(-1)
  }

  /** Each that was given. */
  texts(option: string): readonly string[] {
    return this.#given.get(option)?.values ?? []
  }

  /** Throws a UsageError unless it is a whole number of at least `least`. */
  whole(option: string, least = 1): number | undefined {
    const text = this.text(option)
    if (text === undefined) return undefined
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (number >= least && Number.isSafeInteger(number)) return number
    throw new UsageError(
      `${this.nameOf(option)} is ${JSON.stringify(text)}`,
      `give a whole number of at least ${least}`,
    )
  }

  /** `--option name=value`, several times, or several between `separator`s; of one name the last counts. */
  pairs(option: string, separator?: string): Readonly<Record<string, string>> {
    const texts = this.texts(option).flatMap((text) =>
      separator === undefined ? [text] : text.split(separator),
    )
    const pairs = texts.map((text) => {
      const at = text.indexOf('=')
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)] as const
      throw new UsageError(`--${option} is ${JSON.stringify(text)}`, `write --${option} name=value`)
    })
    return Object.fromEntries(pairs)
  }
}

/** What one option was given, and how it was named. */
interface Given {
  readonly name: string
  readonly values: readonly string[]
}

/** Reads what stands behind the command's name. Throws a UsageError with what to type instead. */
export function parseInvocation(
  command: Command,
  args: readonly string[],
  environment: Environment = {},
): Invocation {
  const byName = new Map(command.options.map((option) => [option.name, option]))
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      command.options.map(({ name, value, short }) => [
        name,
        { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) },
      ]),
    ),
  })
  const positionals: string[] = []
  const given = new Map<string, Given>()
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const option = byName.get(token.name)
    if (option === undefined) throw unknownOption(command, token.rawName)
    const name = `--${option.name}`
    const { value, inlineValue } = token
    const checked = checkedValue(command, option, name, value, inlineValue)
    given.set(option.name, { name, values: [...(given.get(option.name)?.values ?? []), checked] })
  }
  checkArguments(command, positionals)
  for (const option of command.options) {
    const name = option.environment
    const value = name === undefined ? undefined : environment[name]
    if (name === undefined || value === undefined || value === '' || given.has(option.name)) continue
    given.set(option.name, { name, values: [checkedValue(command, option, name, value, true)] })
  }
  return new Invocation(positionals, given, environment)
}

function checkedValue(
  command: Command,
  { value: placeholder, choices }: Option,
  name: string,
  value: string | undefined,
  isInline: boolean | undefined,
): string {
  const help = `see: retake help ${command.name}`
  if (placeholder === undefined) {
    if (value !== undefined) throw new UsageError(`${name} takes no value`, help)
    return ''
  }
  if (value === undefined || (isInline !== true && value.startsWith('-'))) {
    throw new UsageError(`${name} needs a value`, `write ${name}=${placeholder}`)
  }
  if (choices === undefined || choices.includes(value)) return value
  const meant = didYouMean(value, choices)
  const suggestion = meant === undefined ? '' : `did you mean "${meant}"? `
  throw new UsageError(`${name} is ${JSON.stringify(value)}`, `${suggestion}It is ${choices.join(', ')}`)
}

function unknownOption(command: Command, given: string): UsageError {
  const known = command.options.map(({ name }) => `--${name}`)
  const meant = didYouMean(given, known)
  return new UsageError(
    `"${command.name}" has no option ${given}`,
    meant === undefined ? `see: retake help ${command.name}` : `did you mean ${meant}?`,
  )
}

function checkArguments(command: Command, given: readonly string[]): void {
  const required = command.arguments.filter(({ isOptional }) => isOptional !== true)
  const missing = required[given.length]
  const example = command.examples[0]?.line ?? `retake help ${command.name}`
  if (missing !== undefined)
    throw new UsageError(
      `"${command.name}" needs ${missing.name}: ${missing.summary}`,
      `for example: ${example}`,
    )
  const extra = given[command.arguments.length]
  if (extra !== undefined)
    throw new UsageError(
      `"${command.name}" does not take ${JSON.stringify(extra)}`,
      `see: retake help ${command.name}`,
    )
}
