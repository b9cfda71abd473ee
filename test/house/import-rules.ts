import type { Import, SourceModule } from './source-module.js'

/**
 * Who may import whom (DESIGN.md §2), as tables. A violation names the file, the line, the import and the rule.
 *
 * Directions hold for types too: a layer that knows another's types knows the other. What a job reaches and cycles are
 * about what is loaded, so there only value imports count.
 */

/** Each folder of src and those it may import besides itself. */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  kit: [],
  actor: ['kit'],
  record: ['kit'],
  channel: ['kit', 'record'],
  time: ['kit', 'record'],
  state: ['kit', 'record'],
  operator: ['kit', 'record', 'channel', 'time', 'state'],
  connector: ['kit', 'record', 'channel', 'time', 'state', 'operator'],
  graph: ['kit', 'record', 'channel', 'time', 'state', 'operator', 'connector'],
  api: ['kit', 'record', 'channel', 'time', 'state', 'operator', 'connector', 'graph', 'actor'],
  checkpoint: ['kit', 'record', 'channel', 'time', 'state', 'operator', 'connector', 'graph', 'actor'],
  cluster: [
    'kit',
    'record',
    'channel',
    'time',
    'state',
    'operator',
    'connector',
    'graph',
    'actor',
    'checkpoint',
  ],
  cli: ['*'],
  testing: ['*'],
}

/** Only these folders of src may import `actors`. */
export const MAY_IMPORT_ACTORS: readonly string[] = ['cli', 'testing']

/**
 * The cast: each role and the children it spawns, which alone it may import as values. Other files in actors are parts
 * of a role: whoever needs them may import them, and they import no role but its types, unless they stand here too.
 */
export const CAST: Readonly<Record<string, readonly string[]>> = {
  'node-process': ['node'],
  node: ['job-manager', 'task-manager'],
  'job-manager': ['resource-manager', 'front-desk', 'job-master'],
  'front-desk': [],
  'resource-manager': [],
  'job-master': ['checkpoint-coordinator', 'job-sources'],
  'job-sources': ['source-coordinator'],
  'checkpoint-coordinator': [],
  'source-coordinator': [],
  'task-manager': [],
  // In its own thread, which the task manager starts.
  'slot-thread': ['hosted-slot'],
  'hosted-slot': ['slot', 'subtask-factory'],
  slot: ['subtask'],
  'subtask-factory': ['subtask'],
  subtask: [],
}

export interface PackageRule {
  readonly name: string
  /** Files that may import it at all. */
  readonly within: RegExp
  /** How many of them may do so as a value. */
  readonly filesMax?: number
}

/** Packages with an owner. One that is not named here may be imported by every file of src and actors. */
export const PACKAGES: readonly PackageRule[] = [
  // One file connects; one speaks to JetStream; the one for messages needs no more than types.
  {
    name: 'nats',
    within: /^src\/(actor\/transport\/nats|checkpoint\/jetstream-|cluster\/jetstream-)[^/]*\.ts$/,
    filesMax: 2,
  },
  { name: 'kafkajs', within: /^src\/connector\/kafka\// },
  { name: 'lz4-napi', within: /^src\/connector\/kafka\// },
  { name: 'fzstd', within: /^src\/connector\/kafka\// },
  { name: 'pg', within: /^src\/connector\/postgres\//, filesMax: 1 },
  { name: 'pino', within: /^src\//, filesMax: 1 },
  { name: 'esbuild', within: /^src\//, filesMax: 1 },
]

/** What is bundled into a job, and what must not come with it. */
export const JOB_ENTRIES = /^src\/api\//
export const NOT_IN_A_JOB: readonly RegExp[] = [/^actors\//, /^(pino|nats|kafkajs|pg|esbuild)$/]

/** All violations in the house, one line each, in the order of the files. */
export function violationsOf(house: readonly SourceModule[], dependencies: readonly string[]): string[] {
  return [
    ...house.flatMap((module) =>
      module.imports.flatMap((what) => importViolations(module, what, dependencies)),
    ),
    ...packageViolations(house),
    ...reachViolations(house),
    ...cycles(house),
  ]
}

function importViolations(module: SourceModule, what: Import, dependencies: readonly string[]): string[] {
  const refuse = (rule: string) => [`${module.path}:${what.line} imports ${what.specifier}: ${rule}`]
  if (what.isPackage) {
    if (what.target.startsWith('node:') || dependencies.includes(what.target)) return []
    return refuse('it is not among the dependencies of package.json (or a Node module without node:)')
  }
  const [root, folder = ''] = module.path.split('/')
  const [targetRoot, targetFolder = ''] = what.target.split('/')
  if (root === 'actors') return actorViolations(module, what)
  if (!what.specifier.startsWith('.')) return refuse('imports inside src are relative')
  if (targetRoot === 'actors') {
    return MAY_IMPORT_ACTORS.includes(folder)
      ? []
      : refuse(`src imports actors only from ${MAY_IMPORT_ACTORS.join(', ')}`)
  }
  if (targetRoot !== 'src') return refuse('src imports only src')
  const allowed = LAYERS[folder]
  if (allowed === undefined) return refuse(`src/${folder} has no place in LAYERS`)
  if (targetFolder === folder || allowed.includes('*') || allowed.includes(targetFolder)) return []
  return refuse(`${folder} may import ${allowed.join(', ') || 'nothing'}, not ${targetFolder}`)
}

function actorViolations(module: SourceModule, what: Import): string[] {
  const refuse = (rule: string) => [`${module.path}:${what.line} imports ${what.specifier}: ${rule}`]
  if (what.target.startsWith('src/')) {
    const folder = what.target.split('/')[1] ?? ''
    return folder === 'cli' || folder === 'testing' ? refuse(`actors do not import ${folder}`) : []
  }
  if (!what.target.startsWith('actors/')) return refuse('actors import only src and actors')
  const name = nameOf(module.path)
  const other = nameOf(what.target)
  if (what.kind === 'type' || CAST[other] === undefined || CAST[name]?.includes(other)) return []
  return refuse(`${name} does not spawn a ${other}, so it may import only its types`)
}

function nameOf(path: string): string {
  return path.replace(/^actors\//, '').replace(/\.ts$/, '')
}

function packageViolations(house: readonly SourceModule[]): string[] {
  return PACKAGES.flatMap(({ name, within, filesMax = Number.POSITIVE_INFINITY }) => {
    const importers = house.flatMap((module) =>
      module.imports
        .filter((what) => what.isPackage && what.target === name)
        .map((what) => ({ module, what })),
    )
    const outside = importers
      .filter(({ module }) => !within.test(module.path))
      .map(({ module, what }) => `${module.path}:${what.line} imports ${name}: only ${within.source} may`)
    const owners = new Set(
      importers.filter(({ what }) => what.kind === 'value').map(({ module }) => module.path),
    )
    if (owners.size <= filesMax) return outside
    return [
      ...outside,
      `${[...owners].join(', ')} import ${name}: only ${filesMax} ${filesMax === 1 ? 'file' : 'files'} may`,
    ]
  })
}

function reachViolations(house: readonly SourceModule[]): string[] {
  const modules = new Map(house.map((module) => [module.path, module]))
  return house
    .filter((module) => JOB_ENTRIES.test(module.path))
    .flatMap((entry) => {
      const cameFrom = reachedFrom(entry.path, modules)
      const forbidden = [...cameFrom.keys()].filter((path) =>
        NOT_IN_A_JOB.some((pattern) => pattern.test(path)),
      )
      return forbidden.map((path) => `${chainTo(path, cameFrom).join(' → ')}: a job must not reach ${path}`)
    })
}

/** Everything that is loaded with `entry`, each with the module that brought it. */
function reachedFrom(
  entry: string,
  modules: ReadonlyMap<string, SourceModule>,
): Map<string, string | undefined> {
  const cameFrom = new Map<string, string | undefined>([[entry, undefined]])
  for (const path of cameFrom.keys()) {
    for (const target of loadedBy(modules.get(path))) if (!cameFrom.has(target)) cameFrom.set(target, path)
  }
  return cameFrom
}

function chainTo(path: string, cameFrom: ReadonlyMap<string, string | undefined>): string[] {
  const before = cameFrom.get(path)
  return before === undefined ? [path] : [...chainTo(before, cameFrom), path]
}

/** Each cycle once, from the module of it that was met first. */
function cycles(house: readonly SourceModule[]): string[] {
  const modules = new Map(house.map((module) => [module.path, module]))
  const done = new Set<string>()
  const found: string[] = []
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path)
    if (start >= 0)
      found.push(`${[...trail.slice(start), path].join(' → ')}: modules must not import in a circle`)
    if (start >= 0 || done.has(path)) return
    for (const target of loadedBy(modules.get(path))) visit(target, [...trail, path])
    done.add(path)
  }
  for (const { path } of house) visit(path, [])
  return found
}

function loadedBy(module: SourceModule | undefined): string[] {
  return module === undefined
    ? []
    : module.imports.filter(({ kind }) => kind === 'value').map(({ target }) => target)
}
