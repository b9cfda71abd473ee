import { parseArgs } from 'node:util'
import { didYouMean } from '#src/cli/did-you-mean.js'
import { UsageError } from '#src/cli/usage-error.js'

/** What a command line asks for. */
export type Request = { readonly kind: 'help' } | { readonly kind: 'list' } | RunRequest | CompareRequest

export interface RunRequest {
  readonly kind: 'run'
  /** In the order in which they are known, each once. */
  readonly names: readonly string[]
  readonly isCheck: boolean
  readonly isJson: boolean
  readonly rounds?: number
  readonly save?: string
  readonly plots?: string
  /** Of `scale` alone: clusters up to so many. */
  readonly nodes?: number
}

export interface CompareRequest {
  readonly kind: 'compare'
  readonly files: readonly [before: string, after: string]
  /** A share: 0.05 of the rate may be lost. */
  readonly bound: number
  readonly isForced: boolean
}

/** What may be asked for: `all` means the first, and `--check` alone means both. */
export interface Known {
  readonly benchmarks: readonly string[]
  /** Run when they are named, or checked. */
  readonly others: readonly string[]
}

const OPTIONS = {
  rounds: { type: 'string' },
  save: { type: 'string' },
  plots: { type: 'string' },
  nodes: { type: 'string' },
  check: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  bound: { type: 'string' },
  force: { type: 'boolean' },
} as const
const OF_COMPARE: readonly string[] = ['bound', 'force']
/** A change of less is no regression, whoever asks. */
const BOUND = '5%'

/** Throws a UsageError for what cannot be meant. */
export function requestOf(args: readonly string[], known: Known): Request {
  const { values, positionals } = parsed(args)
  if (values.help === true || positionals[0] === 'help') return { kind: 'help' }
  const isCompare = positionals[0] === 'compare'
  for (const option of Object.keys(values)) {
    if (OF_COMPARE.includes(option) === isCompare) continue
    throw new UsageError(`--${option} ${isCompare ? 'is not for' : 'is for'} compare`, HELP)
  }
  if (isCompare) {
    const [a, b, ...more] = positionals.slice(1)
    if (a === undefined || b === undefined || more.length > 0)
      throw new UsageError('compare takes two reports', 'npm run bench -- compare BEFORE.json AFTER.json')
    return {
      kind: 'compare',
      files: [a, b],
      bound: share(values.bound ?? BOUND),
      isForced: values.force === true,
    }
  }
  if (positionals.length === 0 && values.check !== true) {
    const [option] = Object.keys(values)
    if (option === undefined) return { kind: 'list' }
    throw new UsageError(`--${option} of what?`, 'name benchmarks, or say "all"')
  }
  const names = chosen(positionals, known)
  if (values.nodes !== undefined && !names.includes('scale'))
    throw new UsageError('--nodes is for scale', HELP)
  const isMeasured = values.check !== true && names.includes('scale')
  if (values.json === true && isMeasured) throw new UsageError('scale has tables and no report', HELP)
  return {
    kind: 'run',
    names,
    isCheck: values.check === true,
    isJson: values.json === true,
    ...(values.rounds === undefined ? {} : { rounds: whole('rounds', values.rounds) }),
    ...(values.nodes === undefined ? {} : { nodes: whole('nodes', values.nodes) }),
    ...(values.save === undefined ? {} : { save: values.save }),
    ...(values.plots === undefined ? {} : { plots: values.plots }),
  }
}

function chosen(positionals: readonly string[], { benchmarks, others }: Known): readonly string[] {
  const all = [...benchmarks, ...others]
  if (positionals.length === 0) return all
  for (const name of positionals) {
    if (name === 'all' || all.includes(name)) continue
    const meant = didYouMean(name, all)
    throw new UsageError(
      `there is no benchmark ${JSON.stringify(name)}`,
      meant === undefined
        ? '"npm run bench" lists them'
        : `did you mean ${meant}? "npm run bench" lists them`,
    )
  }
  const isChosen = (name: string) =>
    positionals.includes(name) || (positionals.includes('all') && benchmarks.includes(name))
  return all.filter(isChosen)
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
  } catch (error) {
    // Its messages are for those who call it: the first sentence is for those who type.
    const [said] = (error as Error).message.split(/\. |\n/)
    throw new UsageError(said!, HELP)
  }
}

const HELP = '"npm run bench -- --help" tells all options'

function whole(option: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new UsageError(`--${option} is ${JSON.stringify(text)}`, 'give a whole number above 0')
}

/** `5%` as 0.05. */
function share(text: string): number {
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? []
  if (percent !== undefined) return Number(percent) / 100
  throw new UsageError(`--bound is ${JSON.stringify(text)}`, 'give a share of a hundred: --bound 5%')
}
