import { cpSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeFolder } from '../kit/make-folder.js'
import type { RunCommand } from './command.js'
import { EXIT } from './exit-code.js'
import type { Terminal } from './terminal.js'
import { UsageError } from './usage-error.js'

/** What of a `package.json` is read here. */
interface Manifest {
  readonly version: string
  readonly engines: { readonly node: string }
  readonly devDependencies: Readonly<Record<string, string>>
}

// This file runs from <package>/dist/src/cli.
const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url))

/** What every project begins as, and what this package's own tests run: job, test, servers, README. */
const EXAMPLE = join(PACKAGE, 'examples', 'project')

/** Of these the project gets the versions that the example is tested with. */
const TOOLS = ['@types/node', 'typescript', 'valibot', 'vitest'] as const

/** Writes the example project, and a `package.json` for it, into a folder that is empty or not there yet. */
export const initCommand: RunCommand = async (invocation, terminal) => {
  const given = invocation.argument(0)
  const folder = resolve(given)
  try {
    refuseUnlessEmpty(given, folder)
    await writeProject(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new UsageError(`${given} cannot be written: ${code}`, 'name a folder that you may write to')
  }
  for (const line of nextSteps(given, terminal)) terminal.talk(line)
  return EXIT.ok
}

/** A repository that holds nothing but itself is empty, too. */
function refuseUnlessEmpty(given: string, folder: string): void {
  if (!existsSync(folder)) return
  const held = readdirSync(folder).filter((name) => name !== '.git')
  if (held.length === 0) return
  const others = held.length > 1 ? ` and ${held.length - 1} more` : ''
  throw new UsageError(
    `${given} is not empty: it holds ${held[0]}${others}`,
    'name a folder that is empty or not there yet',
  )
}

async function writeProject(folder: string): Promise<void> {
  await makeFolder(folder)
  cpSync(EXAMPLE, folder, { recursive: true })
  // npm packs no file of this name.
  renameSync(join(folder, 'gitignore'), join(folder, '.gitignore'))
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifestOf(folder), null, 2)}\n`)
}

function manifestOf(folder: string) {
  const own = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as Manifest
  const { valibot, ...tools } = Object.fromEntries(TOOLS.map((name) => [name, own.devDependencies[name]]))
  return {
    name: packageName(folder),
    version: '0.0.0',
    private: true,
    type: 'module',
    engines: own.engines,
    scripts: { dev: 'retake dev src/click-count-demo.ts', test: 'vitest run', check: 'tsc' },
    dependencies: { retake: originOf(folder, own.version), valibot },
    devDependencies: tools,
  }
}

/** The folder's name as npm allows it, and not that of a package which the project depends on. */
function packageName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[._-]+|-+$/g, '')
  const isTaken = ['', 'retake', 'node_modules', ...TOOLS].includes(name)
  return isTaken ? 'retake-job' : name
}

/**
 * Where the project takes Retake from is where this one came from: a registry has the version, a tarball or a checkout
 * is named by its path.
 */
function originOf(folder: string, version: string): string {
  const modules = dirname(PACKAGE)
  const path = basename(modules) === 'node_modules' ? tarballIn(modules) : PACKAGE
  return path === undefined ? version : `file:${relative(folder, path).split(sep).join('/')}`
}

/** The tarball that was installed below `modules`, as npm keeps it in mind. Undefined when it came from a registry. */
function tarballIn(modules: string): string | undefined {
  const lock = join(modules, '.package-lock.json')
  if (!existsSync(lock)) return undefined
  const { packages } = JSON.parse(readFileSync(lock, 'utf8')) as {
    packages: Readonly<Record<string, { readonly resolved?: string }>>
  }
  const from = packages['node_modules/retake']?.resolved
  return from?.startsWith('file:') === true ? resolve(dirname(modules), from.slice(5)) : undefined
}

function nextSteps(given: string, { palette }: Terminal): string[] {
  return [
    `${palette.good('✔')} ${given}: a job that counts clicks, its test, and servers to run it with`,
    '',
    `  cd ${given}`,
    '  npm install',
    '  npm test       the job through a crash, without a server',
    '  npm run dev    the same counts, of made-up clicks: press k to crash it',
    '',
    'README.md goes on from there, to Kafka, PostgreSQL and a cluster.',
  ]
}
