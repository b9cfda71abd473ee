import { posix } from 'node:path'
import {
  type DeclarationFile,
  type Declared,
  declarationIn,
  declaredAs,
  docOf,
  exportsOf,
  type Files,
  nameIn,
  nodesOf,
} from './declaration-file.js'
import { isNode, type SyntaxNode } from './source-module.js'

/** One name that a user can import, as the built declarations have it. */
export interface PublicName {
  readonly name: string
  /** The source file that declares it, from the project's folder. */
  readonly source: string
  /** Its docstring without its stars, or that of its first overload that has one. */
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

function annotationOf(node: unknown): SyntaxNode | undefined {
  if (!isNode(node) || !isNode(node['typeAnnotation'])) return undefined
  const type = node['typeAnnotation']['typeAnnotation']
  return isNode(type) ? type : undefined
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
