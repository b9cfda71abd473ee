import { canonicalJson } from './canonical-json.js'
import type { JobPlan } from './job-plan.js'

/** The first thing in which two plans of a job differ, and what each has there. */
export interface PlanDifference {
  /** For example `vertices[1].operators[0].kind`. */
  readonly path: string
  readonly one: string
  readonly other: string
}

/** Fields that do not make two plans different: places in files, and the sum of all the rest. */
const NOT_COMPARED: ReadonlySet<string> = new Set(['where', 'fingerprint'])

/** Undefined when the plans describe the same job. */
export function firstDifference(one: JobPlan, other: JobPlan): PlanDifference | undefined {
  return differenceAt('', one, other)
}

function differenceAt(path: string, one: unknown, other: unknown): PlanDifference | undefined {
  if (isBranch(one) && isBranch(other) && Array.isArray(one) === Array.isArray(other)) {
    for (const name of namesIn(one, other)) {
      if (NOT_COMPARED.has(name)) continue
      const step = Array.isArray(one) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`
      const found = differenceAt(step, one[name], other[name])
      if (found !== undefined) return found
    }
    return undefined
  }
  const [printedOne, printedOther] = [printed(one), printed(other)]
  return printedOne === printedOther ? undefined : { path, one: printedOne, other: printedOther }
}

/** What lies deeper comes first: a vertex is named after its operators, and theirs is the place to be told. */
function namesIn(one: Record<string, unknown>, other: Record<string, unknown>): readonly string[] {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])]
  const isDeep = (name: string) => isBranch(one[name]) && isBranch(other[name])
  return [...names.filter(isDeep), ...names.filter((name) => !isDeep(name))]
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Date)
}

function printed(value: unknown): string {
  return value === undefined ? 'nothing' : canonicalJson(value, NOT_COMPARED)
}
