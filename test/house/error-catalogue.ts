import { isNode, nodesIn, type SourceModule, type SyntaxNode } from './source-module.js'

/** What one place in the code says when it throws an error of the catalogue. */
export interface Thrown {
  readonly code: string
  readonly what: string
  readonly why: string
  readonly fix: string
}

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

/** Every place of a file that makes a RetakeError with its texts written there. */
export function thrownIn(module: SourceModule): Thrown[] {
  return [...nodesIn(module.syntax)].flatMap((node) => {
    const [first, second] = argumentsOf(node)
    if (first === undefined || second === undefined) return []
    const text = (name: string) => textOf(propertyOf(second, name))
    const said = { what: text('what'), why: text('why'), fix: text('fix') }
    return codesIn(first).map((code) => ({ code, ...said }))
  })
}

/** Every code that a file names anywhere. */
export function codesIn(node: SyntaxNode): string[] {
  const literals = [...nodesIn(node)]
    .filter((below) => below.type === 'Literal')
    .map((below) => String(below['value']))
  return literals.filter((value) => /^RT\d{4}$/.test(value))
}

/** The page `docs/errors.md`: the catalogue by chapters, with what the code itself says about cause and remedy. */
export function errorsPage(
  catalogue: Readonly<Record<string, CatalogueEntry>>,
  thrown: readonly Thrown[],
): string {
  const chapters = CHAPTERS.flatMap(([prefix, title]) => {
    const codes = Object.keys(catalogue).filter((code) => code.startsWith(prefix))
    const sections = codes.sort().flatMap((code) => sectionOf(code, catalogue[code]!, thrown))
    return sections.length === 0 ? [] : [`## ${title}`, '', ...sections]
  })
  return [
    '# Errors',
    '',
    'Every error that a user can meet has a code, and says what happened, why, and what to do. This page is made from the',
    'catalogue in `src/kit/errors.ts` and from the texts in the code, by `npx vitest run test/house/errors.test.ts -u`.',
    '`…` stands for what is only known when it happens.',
    '',
    ...chapters,
  ].join('\n')
}

/** Where neither a restart nor a failed job is what follows. */
const WHAT_FOLLOWS: Readonly<Record<string, string>> = {
  RT1308:
    'Nothing is decided for the job until the log shows more; after 20 seconds it is given up (RT1306).',
  RT1801: 'The call throws it.',
}

function sectionOf(code: string, { title, restart }: CatalogueEntry, thrown: readonly Thrown[]): string[] {
  const outcome =
    WHAT_FOLLOWS[code] !== undefined
      ? WHAT_FOLLOWS[code]
      : restart === 'cures'
        ? 'The job starts again by its restart strategy.'
        : 'Starting again cannot cure it: the job fails at once.'
  const texts = thrown
    .filter((one) => one.code === code)
    .map(({ what, why, fix }) => `- ${what}: ${why}. *Remedy:* ${fix}.`)
  const unique = [...new Set(texts)].sort()
  return [`### ${code} ${title}`, '', outcome, '', ...(unique.length === 0 ? [] : [...unique, ''])]
}

function argumentsOf(node: SyntaxNode): SyntaxNode[] {
  const callee = node['callee']
  if (node.type !== 'NewExpression' || !isNode(callee) || callee['name'] !== 'RetakeError') return []
  return Array.isArray(node['arguments']) ? node['arguments'].filter(isNode) : []
}

function propertyOf(object: SyntaxNode, name: string): unknown {
  const properties = Array.isArray(object['properties']) ? object['properties'].filter(isNode) : []
  return properties.find((property) => isNode(property['key']) && property['key']['name'] === name)?.['value']
}

/** A text as far as it is written down; what is put in at run time becomes `…`. */
function textOf(node: unknown): string {
  if (!isNode(node)) return '…'
  switch (node.type) {
    case 'Literal':
      return String(node['value'])
    case 'TemplateLiteral': {
      const quasis = Array.isArray(node['quasis']) ? node['quasis'] : []
      return quasis.map((quasi) => (quasi as { value: { cooked: string } }).value.cooked).join('…')
    }
    case 'BinaryExpression':
      return `${textOf(node['left'])}${textOf(node['right'])}`
    case 'ConditionalExpression':
      return `${textOf(node['consequent'])} / ${textOf(node['alternate'])}`
    default:
      return '…'
  }
}
