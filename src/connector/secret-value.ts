import { readFileSync } from 'node:fs'
import { RetakeError } from '../kit/errors.js'
import { isSecret, type SecretReference } from './secret.js'

type Environment = Readonly<Record<string, string | undefined>>

/** The variable that holds the secret `name`: `database.url` is in `RETAKE_SECRET_DATABASE_URL`. */
function variableOf(name: string): string {
  return `RETAKE_SECRET_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`
}

/**
 * The value of `option`: itself, or what this node holds for the secret that it names, in a variable or in the file that
 * the variable with `_FILE` names. Throws RT1710 without it, and for a file that cannot be read.
 */
export function resolveSecret<T>(
  option: T | SecretReference,
  environment: Environment = process.env,
): T | string {
  if (!isSecret(option)) return option
  const name = option['~secret']
  const variable = variableOf(name)
  const value = environment[variable] ?? contentsOf(environment[`${variable}_FILE`], name, variable)
  if (value !== undefined && value !== '') return value
  throw unknown(
    name,
    `its environment variable ${variable} is ${value === undefined ? 'not set' : 'empty'}`,
    variable,
  )
}

/** What a file holds, without the end of its last line. The error does not show the path: it may be a secret by mistake. */
function contentsOf(path: string | undefined, name: string, variable: string): string | undefined {
  if (path === undefined || path === '') return undefined
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw unknown(name, `the file that ${variable}_FILE names cannot be read (${code})`, variable)
  }
}

function unknown(name: string, why: string, variable: string): RetakeError {
  return new RetakeError('RT1710', {
    what: `the secret ${JSON.stringify(name)} is not known on this node`,
    why,
    fix: `set ${variable}, or ${variable}_FILE to the path of a file that holds it, for every node that runs this job, and start the node again`,
  })
}

/** `options` with every secret in it resolved, however deep: plain data in, plain data out. */
export function resolveSecrets(options: unknown, environment: Environment = process.env): unknown {
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
