import { jsonText } from './cluster-json.js'
import type { RunCommand } from './command.js'
import { EXIT } from './exit-code.js'
import { type ExplainedCause, type Explanation, readExplanations } from './explanations.js'
import type { Palette } from './palette.js'
import { UsageError } from './usage-error.js'
import { wrapped } from './wrapped.js'

const WIDTH = 100
const LABEL = 8

/** What a code means, how it comes about and what to do; without a code, which there are. Needs no cluster. */
export const explainCommand: RunCommand = async (invocation, terminal) => {
  const all = await readExplanations()
  const given = invocation.optionalArgument(0)
  const isJson = invocation.text('output') === 'json'
  if (given === undefined) {
    terminal.data(isJson ? jsonText({ errors: all }) : listText(all, terminal.palette))
    return EXIT.ok
  }
  const explanation = explanationOf(given, all)
  terminal.data(isJson ? jsonText(explanation) : `${explanationText(explanation, terminal.palette)}\n`)
  return EXIT.ok
}

/** Of `RT1203`, `rt1203` or `1203`. Throws a UsageError that names those near it. */
export function explanationOf(given: string, all: readonly Explanation[]): Explanation {
  const code = `RT${given.toUpperCase().replace(/^RT/, '')}`
  const found = all.find((explanation) => explanation.code === code)
  if (found !== undefined) return found
  throw new UsageError(`there is no error ${JSON.stringify(given)}`, hintOf(given, code, all))
}

const NEAR = 3

/** The codes nearest to a number, that begin with one, or that are about a word. */
function hintOf(given: string, code: string, all: readonly Explanation[]): string {
  const near = nearTo(given, code, all).slice(0, NEAR)
  if (near.length === 0) return 'retake explain lists all'
  const told = near.map((explanation) => `${explanation.code} (${explanation.title})`)
  return `did you mean ${told.join(', ')}? retake explain lists all`
}

function nearTo(given: string, code: string, all: readonly Explanation[]): readonly Explanation[] {
  const word = given.toLowerCase()
  if (!/^RT\d+$/.test(code)) return all.filter(({ title }) => title.toLowerCase().includes(word))
  if (code.length < 6) return all.filter((explanation) => explanation.code.startsWith(code))
  const distance = (explanation: Explanation) =>
    Math.abs(Number(explanation.code.slice(2)) - Number(code.slice(2)))
  return all.toSorted((a, b) => distance(a) - distance(b))
}

function listText(all: readonly Explanation[], palette: Palette): string {
  const areas = [...new Set(all.map(({ area }) => area))]
  return areas
    .map((area) => {
      const codes = all.filter((explanation) => explanation.area === area)
      const lines = codes.map(({ code, title }) => `  ${palette.strong(code)}  ${title}\n`)
      return `${area}\n${lines.join('')}`
    })
    .join('\n')
}

function explanationText({ code, title, consequence, causes }: Explanation, palette: Palette): string {
  const parts = [`${palette.bad(code)} ${title}`, `  ${consequence}`]
  return [...parts, ...causes.flatMap((cause) => ['', ...causeLines(cause, palette)])].join('\n')
}

function causeLines({ what, why, fix }: ExplainedCause, palette: Palette): string[] {
  const rows = [
    ['what', what],
    ['why', why],
    ['fix', fix],
  ] as const
  return rows.flatMap(([label, text]) => {
    const [first = '', ...rest] = wrapped(text, WIDTH - LABEL - 2)
    const margin = ' '.repeat(LABEL + 2)
    return [`  ${palette.faint(label.padEnd(LABEL))}${first}`, ...rest.map((line) => `${margin}${line}`)]
  })
}
