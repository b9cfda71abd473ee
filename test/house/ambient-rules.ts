import { isNode, nodesIn, type SourceModule, type SyntaxNode } from './source-module.js'

/**
 * Everything nondeterministic is injected: what reads the process's clock, waits on it or throws dice stands in one
 * owner file, so that the whole cluster runs on virtual time and a failure replays from its seed.
 */
export const OWNERS: Readonly<Record<string, string>> = {
  'Date.now': 'src/kit/clock.ts',
  'new Date()': 'src/kit/clock.ts',
  'performance.now': 'src/kit/clock.ts',
  'process.hrtime': 'src/kit/clock.ts',
  setTimeout: 'src/kit/clock.ts',
  setInterval: 'src/kit/clock.ts',
  setImmediate: 'src/kit/clock.ts',
  'AbortSignal.timeout': 'src/kit/clock.ts',
  'node:timers': 'src/kit/clock.ts',
  'node:timers/promises': 'src/kit/clock.ts',
  'Math.random': 'src/kit/random.ts',
  'crypto.randomUUID': 'src/kit/random.ts',
  'crypto.getRandomValues': 'src/kit/random.ts',
  randomUUID: 'src/kit/random.ts',
  randomBytes: 'src/kit/random.ts',
  randomInt: 'src/kit/random.ts',
}

/** Files with a reason of their own, each with what it uses and why. */
export const EXCEPTIONS: readonly { readonly path: string; readonly uses: string; readonly why: string }[] =
  []

/** All uses outside their owner, one line each. */
export function ambientViolations(module: SourceModule): string[] {
  return usesIn(module).flatMap(({ name, line }) => {
    const owner = OWNERS[name]
    if (owner === undefined || owner === module.path) return []
    if (EXCEPTIONS.some(({ path, uses }) => path === module.path && uses === name)) return []
    return [`${module.path}:${line} uses ${name}: only ${owner} may; ask for a Clock or a Random`]
  })
}

function usesIn(module: SourceModule): { name: string; line: number }[] {
  const names = new Set<SyntaxNode>() // identifiers that merely name a member: `clock.setTimeout`, `{ setTimeout: … }`
  const uses: { name: string; line: number }[] = []
  for (const node of nodesIn(module.syntax)) {
    for (const part of [node['property'], node['key']]) {
      if (isNode(part) && node['computed'] !== true && node['shorthand'] !== true) names.add(part)
    }
    const name = names.has(node) ? undefined : useOf(node)
    if (name !== undefined) uses.push({ name, line: module.lineOf(node) })
  }
  for (const { specifier, line } of module.imports) uses.push({ name: specifier, line })
  return uses
}

function useOf(node: SyntaxNode): string | undefined {
  switch (node.type) {
    case 'Identifier':
      return String(node['name'])
    case 'MemberExpression': {
      const [object, property] = [node['object'], node['property']]
      if (!isNode(object) || !isNode(property) || object.type !== 'Identifier') return undefined
      return object['name'] === 'globalThis'
        ? String(property['name'])
        : `${object['name']}.${property['name']}`
    }
    case 'NewExpression': {
      const callee = node['callee']
      const isBare = Array.isArray(node['arguments']) && node['arguments'].length === 0
      return isBare && isNode(callee) && callee['name'] === 'Date' ? 'new Date()' : undefined
    }
    default:
      return undefined
  }
}
