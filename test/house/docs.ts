import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { PROJECT } from '../support/project.js'

/** A page of ours, as a reader sees it. */
export interface Page {
  /** From the project's folder. */
  readonly path: string
  readonly text: string
}

export interface CodeBlock {
  readonly language: string
  readonly text: string
}

/** A numbered step of a walk through the house: a file, and what to look for in it. */
export interface Step {
  readonly path: string
  readonly symbol: string
}

export const pageOf = (path: string): Page => ({ path, text: readFileSync(join(PROJECT, path), 'utf8') })

/** README, CHANGELOG, SECURITY and all of docs. */
export function readPages(): Page[] {
  const docs = readdirSync(join(PROJECT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => posix.join('docs', name.replaceAll('\\', '/')))
  return ['README.md', 'CHANGELOG.md', 'SECURITY.md', ...docs.sort()].map(pageOf)
}

export function codeBlocksOf({ text }: Page): CodeBlock[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', code = '']) => ({
    language,
    text: code,
  }))
}

/** What a reader does with a page: saves a file, or types commands. In the order of the page. */
export type PageStep =
  | { readonly kind: 'file'; readonly name: string; readonly text: string }
  | {
      readonly kind: 'commands'
      readonly text: string
      readonly line: number
      readonly how: Typing
      /** What comes, as the block of text right behind has it. */
      readonly shown: readonly string[]
    }

/**
 * How a block of commands is typed, as the comment above it says: `<!-- repeated -->` until it shows what the page shows;
 * `<!-- stays -->`, each line in a terminal of its own, where it goes on; `<!-- not run: why -->` not at all in tests.
 */
export type Typing =
  | { readonly kind: 'once' | 'repeated' | 'stays' }
  | { readonly kind: 'not run'; readonly why: string }

/** Throws for a comment above a block of commands that means nothing. */
export function stepsToTypeIn({ path, text }: Page): PageStep[] {
  const blocks = text.matchAll(
    /(?:^<!-- (.+) -->\n)?^```(sh|ts)\n([\s\S]*?)^```$(?:\n\n```text\n([\s\S]*?)^```$)?/gm,
  )
  return [...blocks].flatMap(
    ({ 1: comment, 2: language, 3: code = '', 4: shown = '', index }): PageStep[] => {
      const line = text.slice(0, index).split('\n').length
      if (language === 'ts') {
        const [, name] = /^file: (\S+)$/.exec(comment ?? '') ?? []
        return name === undefined ? [] : [{ kind: 'file', name, text: code }]
      }
      const how = typingOf(comment)
      if (how === undefined)
        throw new Error(`${path}:${line} has the comment "${comment}", which means nothing`)
      return [{ kind: 'commands', text: code, line, how, shown: shown.split('\n').filter(Boolean) }]
    },
  )
}

function typingOf(comment: string | undefined): Typing | undefined {
  if (comment === undefined) return { kind: 'once' }
  if (comment === 'repeated' || comment === 'stays') return { kind: comment }
  const [, why] = /^not run: (.+)$/.exec(comment) ?? []
  return why === undefined ? undefined : { kind: 'not run', why }
}

/** What a page says of files: where its links lead, and every path below a folder of ours that it writes as code. */
export function pathsNamedIn(page: Page): string[] {
  const prose = page.text.replaceAll(/^```\w*\n[\s\S]*?^```$/gm, '')
  const links = [...prose.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target = '']) =>
    posix.join(posix.dirname(page.path), target),
  )
  const named = [...prose.matchAll(/`((?:src|actors|test|bench|examples|scripts|docs|\.ci)\/[\w./-]*)`/g)]
  return [...links, ...named.map(([, path = '']) => path)]
}

/** Headings that links within the house lead to: `page#heading`. */
export function anchorsNamedIn(page: Page): { page: string; anchor: string }[] {
  return [...page.text.matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g)].map(
    ([, target = '', anchor = '']) => ({
      page: target === '' ? page.path : posix.join(posix.dirname(page.path), target),
      anchor,
    }),
  )
}

/** As GitHub makes them of headings. */
export function anchorsOf({ text }: Page): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number}\s-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** The text below a heading, up to the next one of its rank. */
export function sectionOf({ path, text }: Page, title: string): Page {
  const [, section] = new RegExp(`^## ${title}\\n([\\s\\S]*?)(?=^## |(?![\\s\\S]))`, 'm').exec(text) ?? []
  if (section === undefined) throw new Error(`${path} has no section "${title}"`)
  return { path, text: section }
}

/** The numbered steps of a section; `symbol` is empty where a step names a file alone. */
export function stepsOf(section: Page): Step[] {
  return [...section.text.matchAll(/^\d+\. \[`([^`]+)`\]\([^)]+\)(?: `([^`]+)`)?/gm)].map(
    ([, path = '', symbol = '']) => ({ path, symbol }),
  )
}

/** Tests that a page quotes: a link to the file, and a part of the test's name. */
export function quotedTestsIn(page: Page): { path: string; name: string }[] {
  return [...page.text.matchAll(/\]\(([^)]*\/test\/[^)]+)\):\s*“([^”]+)”/g)].map(
    ([, target = '', name = '']) => ({
      path: posix.join(posix.dirname(page.path), target),
      name: name.replaceAll(/\s+/g, ' '),
    }),
  )
}

/** Rows of the table below the heading that begins so, as the texts of their cells; without the head. */
export function rowsOf(page: Page, firstColumns: string): string[][] {
  const [, table = ''] =
    new RegExp(`^\\| ${firstColumns}[^\\n]*\\n\\|[-|: ]+\\n((?:\\|.*\\n)+)`, 'm').exec(page.text) ?? []
  return table
    .split('\n')
    .filter(Boolean)
    .map((row) =>
      row
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
}

/** What a console block shows: a command as it is typed, and the lines that come. */
export interface Typed {
  readonly words: readonly string[]
  readonly shown: readonly string[]
}

export function typedIn(block: CodeBlock): Typed[] {
  const typed: { words: string[]; shown: string[] }[] = []
  for (const line of block.text.split('\n')) {
    if (line.startsWith('$ ')) typed.push({ words: wordsOf(line.slice(2)), shown: [] })
    else if (line !== '') typed.at(-1)?.shown.push(line)
  }
  return typed
}

/** The words of a command line as a shell makes them, of which we show no more than quotes, comments and pipes. */
export function wordsOf(line: string): string[] {
  const words: string[] = []
  for (const [word] of line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)) {
    if (word === '|' || word.startsWith('#')) break
    words.push(word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'))
  }
  return words
}

/** A line without what differs from run to run: ids, counts (and their plurals), times, sizes, and the spaces of columns. */
export function loose(line: string): string {
  return line
    .replaceAll(/\b[0-9a-z]{12}\b/g, 'ID')
    .replaceAll(/\d+m? ?\d*s\b|-?\d[\d.]* (ms|s|min)\b/g, 'TIME')
    .replaceAll(/\d[\d.,]* ?(B|KB|MB|GB|k|M)\b/g, 'SIZE')
    .replaceAll(/\d[\d.,:]*/g, 'N')
    .replaceAll(/\bN ([a-z]+)s\b/g, 'N $1')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** A folder inside the checkout, so that what is written there imports `retake` as a user's file does. */
export class Workbench {
  readonly folder: string

  constructor() {
    const parent = join(PROJECT, 'dist', 'docs')
    mkdirSync(parent, { recursive: true })
    this.folder = mkdtempSync(join(parent, 'page-'))
  }

  write(name: string, text: string): string {
    const path = join(this.folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export function isThere(path: string): boolean {
  return existsSync(join(PROJECT, path))
}
