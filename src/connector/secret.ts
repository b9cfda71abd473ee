import { RetakeError } from '../kit/errors.js'

/**
 * What stands in a job where a secret will be: its name alone travels, in the job's plan and in the log. The value is
 * looked up on the node that needs it, in the environment.
 */
export interface SecretReference {
  /** The name. */
  readonly '~secret': string
}

export function isSecret(value: unknown): value is SecretReference {
  return (
    typeof value === 'object' && value !== null && typeof (value as SecretReference)['~secret'] === 'string'
  )
}

/** The variable that holds the secret `name`: `database.url` is in `RETAKE_SECRET_DATABASE_URL`. */
function secretVariable(name: string): string {
  return `RETAKE_SECRET_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`
}

/** The value of `option`: itself, or what this node holds for the secret that it names. Throws RT1710 without it. */
export function resolveSecret<T>(
  option: T | SecretReference,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): T | string {
  if (!isSecret(option)) return option
  const name = option['~secret']
  const variable = secretVariable(name)
  const value = environment[variable]
  if (value !== undefined && value !== '') return value
  throw new RetakeError('RT1710', {
    what: `the secret ${JSON.stringify(name)} is not known on this node`,
    why: `its environment variable ${variable} is ${value === undefined ? 'not set' : 'empty'}`,
    fix: `set ${variable} for every node that runs this job, and start the node again`,
  })
}

/** `options` with every secret in it resolved, however deep: plain data in, plain data out. */
export function resolveSecrets(
  options: unknown,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): unknown {
  if (isSecret(options)) return resolveSecret(options, environment)
  if (Array.isArray(options)) return options.map((option) => resolveSecrets(option, environment))
  if (
    typeof options !== 'object' ||
    options === null ||
    Object.getPrototypeOf(options) !== Object.prototype
  ) {
    return options
  }
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => [name, resolveSecrets(option, environment)]),
  )
}
