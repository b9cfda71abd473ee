import { posix } from 'node:path'
import type { PublicName } from './public-api.js'

/** How the pages of `docs/reference` are made again. */
export const REMAKE = 'npx vitest run test/house/api.test.ts -u'

const FOLDER = 'docs/reference'

/** The file of an entry's page: `retake/kafka` is in `docs/reference/retake-kafka.md`. */
export function apiPagePath(entry: string): string {
  return posix.join(FOLDER, `${entry.replace('/', '-')}.md`)
}

/** The page of one entry: all that it exports, what is called before what is only a type. */
export function apiPage(entry: string, about: string, names: readonly PublicName[]): string {
  const isType = ({ text }: PublicName) => /^(type|interface) /.test(text)
  return [
    `# \`${entry}\``,
    '',
    `${about} Made from the docstrings by \`${REMAKE}\`.`,
    '',
    ...chapter(
      'Functions, classes and values',
      names.filter((name) => !isType(name)),
    ),
    ...chapter('Types', names.filter(isType)),
  ].join('\n')
}

function chapter(title: string, names: readonly PublicName[]): string[] {
  return names.length === 0 ? [] : [`## ${title}`, '', ...names.flatMap(section)]
}

function section({ name, doc, text, source }: PublicName): string[] {
  const code = ['```typescript', text, '```']
  const link = `[\`${source}\`](${posix.relative(FOLDER, source)})`
  return [`### \`${name}\``, '', ...(doc === undefined ? [] : [doc, '']), ...code, '', link, '']
}

/** Options that are written in one place: their title, whose they are, and what the code takes where none is given. */
export interface OptionTable {
  readonly title: string
  readonly about: string
  readonly name: PublicName
  /** By option. Where there is none, what is said of the option says what is taken. */
  readonly defaults?: Readonly<Record<string, unknown>>
}

/** Every option of a job, of its operators and of its connectors. */
export function configurationPage(tables: readonly OptionTable[]): string {
  return [
    '# Configuration',
    '',
    'Every option of a job, of its operators, and of its sources and sinks. Options of commands, and the environment',
    'variables of nodes, are in [the page of the command](../cli.md); what has no option, because it is a bound of the',
    'system, is in [`src/kit/limits.ts`](../../src/kit/limits.ts). Durations are milliseconds, or texts such as `500ms`,',
    '`5s`, `10m`, `1h`, `1d`.',
    '',
    `Made from the docstrings, and from the defaults that the code takes, by \`${REMAKE}\`.`,
    '',
    ...tables.flatMap(optionTable),
  ].join('\n')
}

function optionTable({ title, about, name, defaults = {} }: OptionTable): string[] {
  const rows = name.members.map(({ name: option, doc = '' }) => {
    const fallback = defaults[option] === undefined ? '' : `\`${shown(defaults[option])}\``
    return `| \`${option}\` | ${fallback} | ${doc.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')} |`
  })
  return [`## ${title}`, '', about, '', '| option | default | |', '|---|---|---|', ...rows, '']
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}
