import type { Command, Example, Option } from './command.js'
import { wrapped } from './wrapped.js'

const WIDTH = 80
const EXIT_CODES =
  'Exit codes: 0 ok, 1 internal error, 2 usage, 3 not found, 4 unreachable, 5 rejected, 6 job FAILED, ' +
  '7 job CANCELED, 8 timed out, 9 inexact, 10 unhealthy, 130 and 143 signals.'

/** What `retake help` prints. */
export function overviewText(commands: readonly Command[]): string {
  return lines(
    'Retake: exactly-once stream processing in TypeScript',
    '',
    ...commands.slice(0, 2).flatMap(({ examples }) => exampleLines(examples.slice(0, 2))),
    '',
    'Commands',
    ...grouped(commands, ({ name, summary }) => [name, summary]),
    '',
    'retake help COMMAND tells all about one.',
    ...wrapped(EXIT_CODES, WIDTH),
  )
}

/** What `retake help COMMAND` prints. */
export function commandText(command: Command): string {
  const { name, summary, examples, options, notes = [] } = command
  const names = command.arguments.map((argument) =>
    argument.isOptional === true ? `[${argument.name}]` : argument.name,
  )
  const usage = ['retake', name, ...names, ...(options.length > 0 ? ['[options]'] : [])].join(' ')
  return lines(
    ...exampleLines(examples),
    '',
    `${usage}: ${summary}`,
    '',
    ...table([
      ...command.arguments.map((argument): Row => [argument.name, argument.summary]),
      ...options.filter(({ group }) => group === undefined).map(optionRow),
    ]),
    ...grouped(
      options.filter(({ group }) => group !== undefined),
      optionRow,
    ),
    ...notes.flatMap((note) => ['', ...wrapped(note, WIDTH)]),
  )
}

function optionRow({ name, short, value, summary, isRepeatable, environment }: Option): Row {
  const flag = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
  const origin = environment === undefined ? [] : [`or ${environment}`]
  return [flag, [summary, ...(isRepeatable === true ? ['repeatable'] : []), ...origin].join('; ')]
}

/** A table for each group, below its name, in the order in which they are met. */
function grouped<T extends { readonly group?: string }>(
  all: readonly T[],
  rowOf: (each: T) => Row,
): string[] {
  const groups = [...new Set(all.map(({ group }) => group))]
  return groups.flatMap((title) => [
    ...(title === undefined ? [] : ['', title]),
    ...table(all.filter(({ group }) => group === title).map(rowOf)),
  ])
}

function exampleLines(examples: readonly Example[]): string[] {
  return examples.flatMap(({ line, what }) => [`  $ ${line}`, `      ${what}`])
}

type Row = readonly [string, string]

function table(rows: readonly Row[]): string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length)) + 4
  return rows.flatMap(([name, text]) =>
    wrapped(text, WIDTH - width).map((line, i) => `  ${(i === 0 ? name : '').padEnd(width - 2)}${line}`),
  )
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n').trimEnd()}\n`
}
