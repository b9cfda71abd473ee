import { RetakeError } from '../kit/errors.js'
import { type OutputOf, printedIssues, type SchemaIssue, type StandardSchema } from './standard-schema.js'

/** Parameters as they were submitted. Reading one that is missing throws; `'name' in params` asks first. */
export type Params = Readonly<Record<string, string>>

/** What `flow.params` is: what the schema makes of the parameters, or the texts themselves. */
export type ParamsOf<Schema> = [Schema] extends [never] ? Params : OutputOf<Schema>

/** Throws RT1703 for what `schema` refuses. */
export function paramsOf(given: Params, schema: StandardSchema | undefined): unknown {
  if (schema === undefined) return readable(given)
  const result = schema['~standard'].validate({ ...given })
  if (result instanceof Promise)
    throw refused('the schema of the parameters is asynchronous', 'use a synchronous one')
  if (result.issues !== undefined) {
    throw refused(printedIssues(result.issues), remedyOf(result.issues))
  }
  return result.value
}

function readable(given: Params): Params {
  return new Proxy(given, {
    get(params, name) {
      if (typeof name !== 'string' || Object.hasOwn(params, name)) return Reflect.get(params, name)
      if (name === 'toJSON' || name === 'then') return undefined
      const known = Object.keys(params)
      throw new RetakeError('RT1705', {
        what: `the parameter ${JSON.stringify(name)} is missing`,
        why: known.length === 0 ? 'no parameters were given' : `those given are ${known.join(', ')}`,
        fix: `add --param ${name}=value`,
      })
    },
  })
}

function remedyOf(issues: readonly SchemaIssue[]): string {
  const names = new Set(issues.flatMap(({ path }) => nameOf(path?.[0])))
  return `correct ${names.size === 0 ? 'the parameters' : [...names].map((name) => `--param ${name}=value`).join(' ')}`
}

function nameOf(step: NonNullable<SchemaIssue['path']>[number] | undefined): readonly string[] {
  return step === undefined ? [] : [String(typeof step === 'object' ? step.key : step)]
}

function refused(why: string, fix: string): RetakeError {
  return new RetakeError('RT1703', { what: 'the parameters are not what the job takes', why, fix })
}
