import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parseSync } from 'vite'
import { PROJECT } from '../support/project.js'
import { isNode, type SyntaxNode } from './source-module.js'

/** What a name stands for: one declaration, or the overloads of a function. */
export interface Declared {
  readonly module: DeclarationFile
  readonly nodes: readonly SyntaxNode[]
  /** A class that is exported so is met, and never made, by whoever imports it. */
  readonly isTypeOnly: boolean
}

/** A built declaration file: what it declares at its top, and where its comments are. */
export interface DeclarationFile {
  readonly path: string
  readonly text: string
  readonly body: readonly SyntaxNode[]
  readonly declared: ReadonlyMap<string, readonly SyntaxNode[]>
  /** Docstrings by where the thing behind them begins. */
  readonly docs: ReadonlyMap<number, string>
}

/** Those that were read, by path. */
export type Files = Map<string, DeclarationFile>

/** What a file exports, by name, wherever it is declared. */
export function exportsOf(path: string, files: Files): Map<string, Declared> {
  const module = declarationFile(path, files)
  const found = new Map<string, Declared>()
  for (const node of module.body) {
    if (node.type === 'ExportAllDeclaration') {
      for (const [name, declared] of exportsOf(targetOf(path, node), files)) found.set(name, declared)
    }
    if (node.type !== 'ExportNamedDeclaration') continue
    for (const name of isNode(node['declaration']) ? namesOf(node['declaration']) : [])
      found.set(name, { module, nodes: module.declared.get(name) ?? [], isTypeOnly: false })
    for (const specifier of nodesOf(node['specifiers'])) {
      const [local, exported] = [nameIn(specifier['local']), nameIn(specifier['exported'])]
      const declared = isNode(node['source'])
        ? exportsOf(targetOf(path, node), files).get(local)
        : declaredAs(local, module, files)
      if (declared === undefined) throw new Error(`${path} exports ${local}, which is declared nowhere`)
      const isTypeOnly = [node, specifier].some((each) => each['exportKind'] === 'type')
      found.set(exported, { ...declared, isTypeOnly: isTypeOnly || declared.isTypeOnly })
    }
  }
  return found
}

/** What a name of a file means there: its own declaration, or the one that it imports. */
export function declaredAs(name: string, module: DeclarationFile, files: Files): Declared | undefined {
  const nodes = module.declared.get(name)
  if (nodes !== undefined) return { module, nodes, isTypeOnly: false }
  for (const node of module.body.filter(({ type }) => type === 'ImportDeclaration')) {
    const imported = nodesOf(node['specifiers']).find((each) => nameIn(each['local']) === name)
    if (imported !== undefined)
      return exportsOf(targetOf(module.path, node), files).get(nameIn(imported['imported']))
  }
  return undefined
}

function declarationFile(path: string, files: Files): DeclarationFile {
  const known = files.get(path)
  if (known !== undefined) return known
  const text = readFileSync(join(PROJECT, path), 'utf8')
  const { program, comments } = parseSync(path, text)
  const body = (program as unknown as { body: SyntaxNode[] }).body
  const declared = new Map<string, SyntaxNode[]>()
  for (const node of body) {
    for (const name of namesOf(declarationIn(node))) declared.set(name, [...(declared.get(name) ?? []), node])
  }
  const docs = new Map<number, string>()
  for (const { type, value, end } of comments) {
    if (type === 'Block' && value.startsWith('*')) docs.set(end + text.slice(end).search(/\S|$/), value)
  }
  const file: DeclarationFile = { path, text, body, declared, docs }
  files.set(path, file)
  return file
}

/** `export` taken off. */
export function declarationIn(node: SyntaxNode): SyntaxNode {
  return isNode(node['declaration']) ? node['declaration'] : node
}

/** The docstring right before a node, without its stars. */
export function docOf(node: SyntaxNode, { docs }: DeclarationFile): string | undefined {
  const comment = docs.get(node.start)
  if (comment === undefined) return undefined
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
  return lines.join('\n').trim()
}

function namesOf(declaration: SyntaxNode): string[] {
  if (declaration.type === 'VariableDeclaration')
    return nodesOf(declaration['declarations']).map(({ id }) => nameIn(id))
  const name = nameIn(declaration['id'])
  return name === '' ? [] : [name]
}

/** The name of an identifier, or the text of a key in quotes. */
export function nameIn(node: unknown): string {
  if (!isNode(node)) return ''
  return String(node['name'] ?? node['value'] ?? '')
}

export function nodesOf(value: unknown): SyntaxNode[] {
  return Array.isArray(value) ? value.filter(isNode) : []
}

function targetOf(path: string, { source }: SyntaxNode): string {
  const specifier = isNode(source) ? String(source['value']) : ''
  return posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.d.ts')
}
