import type { ExplainedCause, Explanation } from '#src/cli/explanations.js'
import { isNode, nodesIn, type SourceModule, type SyntaxNode } from './source-module.js'

/** What one place in the code says when it throws an error of the catalogue. */
export type Thrown = ExplainedCause & { readonly code: string }

export interface CatalogueEntry {
  readonly title: string
  readonly restart: 'cures' | 'useless'
}

const CHAPTERS: readonly [prefix: string, title: string][] = [
  ['RT10', 'The graph of a job'],
  ['RT11', 'The bundle of a job'],
  ['RT12', 'State and restore'],
  ['RT13', 'Checkpoints and the log of a job'],
  ['RT14', 'Connectors'],
  ['RT15', 'Cluster and transport'],
  ['RT16', 'User code and its records'],
  ['RT17', 'Configuration and parameters'],
  ['RT18', 'Tests'],
]

/** What is known of the parameters of a function where it is called. */
type Given = ReadonlyMap<string, string>

/**
 * Every place of a file that makes a RetakeError with its texts written there. Where a function makes it of texts that
 * it is given, each call of it is such a place, in this file or in those of `house` that import it.
 */
export function thrownIn(module: SourceModule, house: readonly SourceModule[] = []): Thrown[] {
  const { syntax, path } = module
  const callers = house.filter(({ imports }) => imports.some(({ target }) => target === path))
  const makers = makersIn(syntax)
  return [...nodesIn(syntax)].flatMap((node) => {
    const [first, second] = argumentsOf(node)
    if (first === undefined || second === undefined) return []
    const maker = makers.get(node)
    const calls =
      maker === undefined ? [] : [module, ...callers].flatMap((each) => callsOf(maker, each.syntax))
    return codesIn(first).flatMap((code) =>
      (calls.length === 0 ? [new Map()] : calls).map((given: Given) => {
        const text = (name: string) => textOf(propertyOf(second, name), given)
        return { code, what: text('what'), why: text('why'), fix: text('fix') }
      }),
    )
  })
}

/** The named function that each error is made in. */
function makersIn(syntax: SyntaxNode): ReadonlyMap<SyntaxNode, SyntaxNode> {
  const functions = [...nodesIn(syntax)].filter(({ type }) => type === 'FunctionDeclaration')
  return new Map(
    functions.flatMap((maker) =>
      [...nodesIn(maker)]
        .filter((node) => argumentsOf(node).length > 0)
        .map((node): [SyntaxNode, SyntaxNode] => [node, maker]),
    ),
  )
}

function callsOf(maker: SyntaxNode, syntax: SyntaxNode): Given[] {
  const name = isNode(maker['id']) ? maker['id']['name'] : undefined
  const parameters = nodesOf(maker['params']).map((parameter) => String(parameter['name']))
  return [...nodesIn(syntax)]
    .filter(({ type, callee }) => type === 'CallExpression' && isNode(callee) && callee['name'] === name)
    .map((call) => {
      const given = nodesOf(call['arguments'])
      return new Map(parameters.map((parameter, index) => [parameter, textOf(given[index])]))
    })
}

/** Every code that a file names anywhere. */
export function codesIn(node: SyntaxNode): string[] {
  const literals = [...nodesIn(node)]
    .filter((below) => below.type === 'Literal')
    .map((below) => String(below['value']))
  return literals.filter((value) => /^RT\d{4}$/.test(value))
}

/** Where neither a restart nor a failed job is what follows. */
const CONSEQUENCES: Readonly<Record<string, string>> = {
  RT1308:
    'Nothing is decided for the job until the log shows more; after 20 seconds it is given up (RT1306).',
  RT1801: 'The call throws it.',
}

/** The catalogue by chapters, with what the code itself says about causes and remedies. Throws for a code of none. */
export function explanationsOf(
  catalogue: Readonly<Record<string, CatalogueEntry>>,
  thrown: readonly Thrown[],
): Explanation[] {
  return Object.entries(catalogue)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { title, restart }]) => {
      const [, area] = CHAPTERS.find(([prefix]) => code.startsWith(prefix)) ?? []
      if (area === undefined) throw new Error(`${code} belongs to no chapter`)
      const consequence =
        restart === 'cures'
          ? 'The job starts again by its restart strategy.'
          : 'Starting again cannot cure it: the job fails at once.'
      return {
        code,
        title,
        area,
        consequence: CONSEQUENCES[code] ?? consequence,
        causes: causesOf(code, thrown),
      }
    })
}

function causesOf(code: string, thrown: readonly Thrown[]): ExplainedCause[] {
  const causes = thrown
    .filter((one) => one.code === code && /\w/.test(one.what + one.why + one.fix))
    .map(({ what, why, fix }): [string, ExplainedCause] => [what + why + fix, { what, why, fix }])
  return [...new Map(causes.toSorted(([a], [b]) => (a < b ? -1 : 1))).values()]
}

/** The page `docs/errors.md`, which `explanationsIn` reads again. */
export function errorsPage(explanations: readonly Explanation[]): string {
  const chapters = [...new Set(explanations.map(({ area }) => area))].flatMap((area) => [
    `## ${area}`,
    '',
    ...explanations.filter((each) => each.area === area).flatMap(sectionOf),
  ])
  return [
    '# Errors',
    '',
    'Every error that a user can meet has a code, and says what happened, why, and what to do. This page is made from the',
    'catalogue in `src/kit/errors.ts` and from the texts in the code, by `npx vitest run test/house/errors.test.ts -u`.',
    '`…` stands for what is only known when it happens. `retake explain CODE` prints what stands here.',
    '',
    ...chapters,
  ].join('\n')
}

function sectionOf({ code, title, consequence, causes }: Explanation): string[] {
  const list = causes.map(({ what, why, fix }) => `- **${what}**: ${why}. *Remedy:* ${fix}.`)
  return [`### ${code} ${title}`, '', consequence, '', ...list.map(escaped), '']
}

/** `<run>` would be taken for a tag. */
function escaped(text: string): string {
  return text.replaceAll('<', '\\<')
}

function argumentsOf(node: SyntaxNode): SyntaxNode[] {
  const callee = node['callee']
  if (node.type !== 'NewExpression' || !isNode(callee) || callee['name'] !== 'RetakeError') return []
  return nodesOf(node['arguments'])
}

function propertyOf(object: SyntaxNode, name: string): unknown {
  const property = nodesOf(object['properties']).find(
    (each) => isNode(each['key']) && each['key']['name'] === name,
  )
  return property?.['value']
}

function nodesOf(value: unknown): SyntaxNode[] {
  return Array.isArray(value) ? value.filter(isNode) : []
}

/** A text as far as it is written down; what is put in at run time becomes `…`. */
function textOf(node: unknown, given: Given = new Map()): string {
  if (!isNode(node)) return '…'
  switch (node.type) {
    case 'Literal':
      return String(node['value'])
    case 'Identifier':
      return given.get(String(node['name'])) ?? '…'
    case 'TemplateLiteral': {
      const quasis = Array.isArray(node['quasis']) ? node['quasis'] : []
      const between = [...nodesOf(node['expressions']).map((expression) => textOf(expression, given)), '']
      const texts = quasis.map((quasi) => (quasi as { value: { cooked: string } }).value.cooked)
      return texts.map((text, index) => `${text}${between[index]}`).join('')
    }
    case 'BinaryExpression':
      return `${textOf(node['left'], given)}${textOf(node['right'], given)}`
    case 'ConditionalExpression':
      return `${textOf(node['consequent'], given)} / ${textOf(node['alternate'], given)}`
    default:
      return '…'
  }
}
