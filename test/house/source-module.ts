import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parseSync } from 'vite'
import { PROJECT } from '../support/project.js'

/** A node of the syntax tree, as far as the house rules look at it. */
export type SyntaxNode = { readonly type: string; readonly start: number } & Readonly<Record<string, unknown>>

export interface Import {
  /** What the file says: `../kit/assert.js`, `#src/kit/assert.js`, `pg`, `node:fs`. */
  readonly specifier: string
  /** The file of this project that it means, from the project's folder; or the name of the package. */
  readonly target: string
  readonly isPackage: boolean
  /** `type` leaves nothing in the build; `import { type A }` does, because it may have side effects. */
  readonly kind: 'value' | 'type'
  readonly line: number
}

/** One file of ours as the house rules see it: its path from the project's folder, what it imports, its syntax. */
export interface SourceModule {
  readonly path: string
  readonly imports: readonly Import[]
  readonly syntax: SyntaxNode
  lineOf(node: SyntaxNode): number
}

/** Every file of `src` and `actors`. */
export function readHouse(): SourceModule[] {
  return ['src', 'actors'].flatMap((folder) =>
    readdirSync(join(PROJECT, folder), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) =>
        moduleOf(file.slice(PROJECT.length + 1).replaceAll('\\', '/'), readFileSync(file, 'utf8')),
      ),
  )
}

export function moduleOf(path: string, text: string): SourceModule {
  const { program, errors } = parseSync(path, text)
  if (errors[0] !== undefined) throw new Error(`${path}: ${errors[0].message}`)
  const syntax = program as unknown as SyntaxNode
  const lineOf = (node: SyntaxNode) => text.slice(0, node.start).split('\n').length
  const imports: Import[] = []
  for (const node of nodesIn(syntax)) {
    const found = importOf(node)
    if (found === undefined) continue
    imports.push({ ...found, ...targetOf(path, found.specifier), line: lineOf(node) })
  }
  return { path, imports, syntax, lineOf }
}

/** The node itself and all below it, outermost first. */
export function* nodesIn(node: SyntaxNode): Generator<SyntaxNode> {
  yield node
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) yield* nodesIn(child)
  }
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string'
}

function importOf(node: SyntaxNode): Pick<Import, 'specifier' | 'kind'> | undefined {
  const specifier = isNode(node['source']) ? node['source']['value'] : undefined
  if (typeof specifier !== 'string') return undefined
  switch (node.type) {
    case 'ImportDeclaration':
      return { specifier, kind: node['importKind'] === 'type' ? 'type' : 'value' }
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return { specifier, kind: node['exportKind'] === 'type' ? 'type' : 'value' }
    case 'ImportExpression':
      return { specifier, kind: 'value' }
    case 'TSImportType':
      return { specifier, kind: 'type' }
    default:
      return undefined
  }
}

function targetOf(path: string, specifier: string): Pick<Import, 'target' | 'isPackage'> {
  const inside = /^#(src|actors)\/(.*)$/.exec(specifier)
  const file = inside ? `${inside[1]}/${inside[2]}` : posix.join(posix.dirname(path), specifier)
  if (inside !== null || specifier.startsWith('.'))
    return { target: file.replace(/\.js$/, '.ts'), isPackage: false }
  const segments = specifier.split('/')
  return { target: segments.slice(0, specifier.startsWith('@') ? 2 : 1).join('/'), isPackage: true }
}
