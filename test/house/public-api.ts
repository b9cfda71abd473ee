import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parseSync } from 'vite'
import { PROJECT } from '../support/project.js'
import { isNode, type SyntaxNode } from './source-module.js'

/** One name that a user can import, as the built declarations have it. */
export interface PublicName {
  readonly name: string
  /** The source file that declares it, from the project's folder. */
  readonly source: string
  /** Its docstring, or that of its first overload; a line break only where a paragraph ends. */
  readonly doc: string | undefined
  /** What is declared, docstrings of members included; overloads one below the other. */
  readonly text: string
  readonly members: readonly Member[]
}

/** An option, a method, or a field of what is exported. */
export interface Member {
  readonly name: string
  readonly doc: string | undefined
}

/** The entries of package.json that hold code: `retake` and those below it, each with its file in the build. */
export function entriesOf(manifest: { exports: Readonly<Record<string, string>> }): Map<string, string> {
  const entries = Object.entries(manifest.exports).filter(([, target]) => target.endsWith('.js'))
  return new Map(
    entries.map(([path, target]) => [
      posix.join('retake', path),
      target.replace('./', '').replace(/\.js$/, '.d.ts'),
    ]),
  )
}

/** Every name that a declaration file exports, sorted, wherever it is declared. */
export function publicNamesOf(path: string): PublicName[] {
  const files: Files = new Map()
  const exported = [...exportsOf(path, files)].sort(([a], [b]) => (a < b ? -1 : 1))
  return exported.map(([name, found]) => publicNameOf(name, found, files))
}

interface Declared {
  readonly module: DeclarationFile
  readonly nodes: readonly SyntaxNode[]
  /** A class that is exported so is met, and never made, by whoever imports it. */
  readonly isTypeOnly: boolean
}

/** A built declaration file: what it declares at its top, and where its comments are. */
interface DeclarationFile {
  readonly path: string
  readonly text: string
  readonly body: readonly SyntaxNode[]
  readonly declared: ReadonlyMap<string, readonly SyntaxNode[]>
  /** Docstrings by where the thing behind them begins. */
  readonly docs: ReadonlyMap<number, string>
}

type Files = Map<string, DeclarationFile>

function exportsOf(path: string, files: Files): Map<string, Declared> {
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
function declaredAs(name: string, module: DeclarationFile, files: Files): Declared | undefined {
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
    if (type === 'Block' && value.startsWith('*'))
      docs.set(end + /^\s*/.exec(text.slice(end))![0].length, value)
  }
  const file: DeclarationFile = { path, text, body, declared, docs }
  files.set(path, file)
  return file
}

function publicNameOf(name: string, { module, nodes, isTypeOnly }: Declared, files: Files): PublicName {
  return {
    name,
    source: module.path.replace(/^dist\//, '').replace(/\.d\.ts$/, '.ts'),
    doc: nodes.map((node) => docOf(node, module)).find((doc) => doc !== undefined),
    text: nodes.map((node) => textOf(node, module, isTypeOnly)).join('\n'),
    members: nodes.flatMap((node) => membersOf(name, node, module, files)),
  }
}

/**
 * Members of interfaces, classes and object types; overloads count once. Of a union only options are looked at: the
 * variants of a message or an answer are told by their type. What only a compiler reads begins with `~`.
 */
function membersOf(name: string, node: SyntaxNode, module: DeclarationFile, files: Files): Member[] {
  const found = new Map<string, Member>()
  for (const member of bodiesOf(node, name.endsWith('Options'))) {
    const key = nameIn(member['key'])
    if (key === '' || key.startsWith('~') || isHidden(member)) continue
    if (found.get(key)?.doc !== undefined) continue
    const doc = docOf(member, module) ?? docOfQueried(member, module) ?? inherited(key, node, module, files)
    found.set(key, { name: key, doc })
  }
  return [...found.values()]
}

function bodiesOf(node: SyntaxNode, withUnions = false): SyntaxNode[] {
  const declaration = declarationIn(node)
  if (declaration.type === 'VariableDeclaration')
    return nodesOf(declaration['declarations']).flatMap(({ id }) => literalMembers(annotationOf(id)))
  if (declaration.type === 'TSTypeAliasDeclaration')
    return literalMembers(declaration['typeAnnotation'], withUnions)
  return isNode(declaration['body']) ? nodesOf(declaration['body']['body']) : []
}

function literalMembers(type: unknown, withUnions = false): SyntaxNode[] {
  if (!isNode(type)) return []
  if (type.type === 'TSTypeLiteral') return nodesOf(type['members'])
  if (type.type !== 'TSUnionType' || !withUnions) return []
  // `type: 'fixed-delay'` tells one from another, and needs no words.
  return nodesOf(type['types'])
    .flatMap((each) => literalMembers(each))
    .filter((member) => annotationOf(member)?.type !== 'TSLiteralType')
}

/** What the contract says of a member counts for a class that keeps it. */
function inherited(key: string, node: SyntaxNode, module: DeclarationFile, files: Files): string | undefined {
  const declaration = declarationIn(node)
  for (const above of [...nodesOf(declaration['implements']), ...nodesOf(declaration['extends'])]) {
    const name = nameIn(above['expression'])
    const contract = declaredAs(name, module, files)
    const member = contract?.nodes
      .flatMap((each) => membersOf(name, each, contract.module, files))
      .find((each) => each.name === key)
    if (member?.doc !== undefined) return member.doc
  }
  return undefined
}

function isHidden(member: SyntaxNode): boolean {
  const { key } = member
  if (isNode(key) && key.type === 'PrivateIdentifier') return true
  return (
    member['computed'] === true || member['accessibility'] === 'private' || member['kind'] === 'constructor'
  )
}

function declarationIn(node: SyntaxNode): SyntaxNode {
  return isNode(node['declaration']) ? node['declaration'] : node
}

function annotationOf(node: unknown): SyntaxNode | undefined {
  if (!isNode(node) || !isNode(node['typeAnnotation'])) return undefined
  const type = node['typeAnnotation']['typeAnnotation']
  return isNode(type) ? type : undefined
}

function docOf(node: SyntaxNode, { docs }: DeclarationFile): string | undefined {
  const comment = docs.get(node.start)
  if (comment === undefined) return undefined
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
  return lines.join('\n').trim()
}

/** `kafka.source` is `typeof source`: what is said of the function is said of it. */
function docOfQueried(member: SyntaxNode, module: DeclarationFile): string | undefined {
  const type = annotationOf(member)
  if (type?.type !== 'TSTypeQuery') return undefined
  const [declared] = module.declared.get(nameIn(type['exprName'])) ?? []
  return declared === undefined ? undefined : docOf(declared, module)
}

/** A declaration as a reader wants it: what it is typed by, and nothing that is private. */
function textOf(node: SyntaxNode, module: DeclarationFile, isTypeOnly: boolean): string {
  const members = bodiesOf(node)
  const hidden = isTypeOnly ? members.filter(({ kind }) => kind === 'constructor') : []
  let text = module.text.slice(node.start, node['end'] as number)
  for (const { start, end } of hidden.reverse())
    text = `${text.slice(0, start - node.start).trimEnd()}${text.slice((end as number) - node.start)}`
  const plain = text.replace(/^export (declare )?/, '').replaceAll(/^ +#private;\n/gm, '')
  const indented = plain.replaceAll(/^( {4})+/gm, (spaces) => ' '.repeat(spaces.length / 2))
  return [indented, ...members.flatMap((member) => queriedIn(member, module))].join('\n\n')
}

function queriedIn(member: SyntaxNode, module: DeclarationFile): string[] {
  const type = annotationOf(member)
  if (type?.type !== 'TSTypeQuery') return []
  const declared = module.declared.get(nameIn(type['exprName'])) ?? []
  return declared.map((node) => {
    const start = module.text.lastIndexOf('/**', node.start)
    return module.text
      .slice(docOf(node, module) === undefined ? node.start : start, node['end'] as number)
      .replaceAll('declare ', '')
  })
}

function namesOf(declaration: SyntaxNode): string[] {
  if (declaration.type === 'VariableDeclaration')
    return nodesOf(declaration['declarations']).map(({ id }) => nameIn(id))
  const name = nameIn(declaration['id'])
  return name === '' ? [] : [name]
}

/** The name of an identifier, or the text of a key in quotes. */
function nameIn(node: unknown): string {
  if (!isNode(node)) return ''
  return String(node['name'] ?? node['value'] ?? '')
}

function nodesOf(value: unknown): SyntaxNode[] {
  return Array.isArray(value) ? value.filter(isNode) : []
}

function targetOf(path: string, { source }: SyntaxNode): string {
  const specifier = isNode(source) ? String(source['value']) : ''
  return posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.d.ts')
}
