import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { dirname, extname, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type BuildFailure, build, type Message, type Plugin } from 'esbuild'
import { RetakeError } from '../kit/errors.js'
import { LIMITS } from '../kit/limits.js'
import { OWN_SOURCE } from '../kit/stack-frames.js'
import { BUNDLE_FILE } from './bundle-cache.js'

/** A job's code as it is shipped: one module that imports nothing but Node's own. */
export interface JobBundle {
  /** Minified ESM. */
  readonly code: string
  /** Source map, kept beside the code under its name with `.map`. */
  readonly map: string
  /** sha256, hex, of `code`: the same project gives the same bundle in any directory. */
  readonly hash: string
  readonly bytes: number
  /** Set when the bundle is larger than is usual: which inputs make it so. */
  readonly warning: string | undefined
}

/** This package's folder: this file runs from <package>/dist/src/cluster. */
const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url))

/** Clients that live on nodes: a bundle that holds one was built from the wrong half of a connector. */
const NODE_ONLY = ['pg', 'kafkajs', 'nats', 'pino', 'esbuild', 'msgpackr'] as const

/**
 * Bundles the job in `file`. Code is shipped as a module, never as a closure: every thread imports it afresh.
 * Throws RT1101, RT1102 or RT1103.
 */
export async function bundleJob(file: string): Promise<JobBundle> {
  const entry = resolve(file)
  if (statSync(entry, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new RetakeError('RT1101', {
      what: `there is no file ${file}`,
      why: `it was looked for at ${entry}`,
      fix: 'give the path of a .ts or .js file whose default export is a job',
    })
  }
  const directory = dirname(entry)
  const result = await built(entry, directory)
  const [code, map] = [textOf(result.outputFiles, '.mjs'), textOf(result.outputFiles, '.map')]
  const bytes = Buffer.byteLength(code)
  const largest = largestInputs(result.metafile.outputs)
  if (bytes > LIMITS.bundleBytesMax) {
    throw new RetakeError('RT1103', {
      what: `the bundle of ${file} has ${megabytes(bytes)}`,
      why: `a bundle may have ${megabytes(LIMITS.bundleBytesMax)}, for it is imported in every slot thread; largest: ${largest}`,
      fix: 'import less, or load large data from elsewhere in the operator that needs it',
    })
  }
  const warning =
    bytes > LIMITS.bundleWarnBytes ? `the bundle has ${megabytes(bytes)}; largest: ${largest}` : undefined
  return {
    code,
    map: withNamedSources(map, directory),
    hash: createHash('sha256').update(code).digest('hex'),
    bytes,
    warning,
  }
}

async function built(entry: string, directory: string) {
  try {
    return await build({
      entryPoints: [entry],
      absWorkingDir: directory,
      outfile: resolve(directory, BUNDLE_FILE),
      write: false,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      // Comments with paths would differ from directory to directory; names stay, for the user's stacks and messages.
      minifyWhitespace: true,
      minifySyntax: true,
      keepNames: true,
      legalComments: 'none',
      charset: 'utf8',
      sourcemap: 'linked',
      sourcesContent: true,
      metafile: true,
      treeShaking: true,
      logLevel: 'silent',
      plugins: [ownPackage(directory), nodeOnly],
      // A CommonJS module inside the bundle may require one of Node's own.
      banner: { js: REQUIRE },
    })
  } catch (error) {
    if (!isBuildFailure(error)) throw error
    throw doesNotBundle(entry, error.errors)
  }
}

const REQUIRE =
  "import{createRequire as __retakeRequire}from'node:module';const require=__retakeRequire(import.meta.url);"

/** `retake` and `retake/…` are this very package, wherever the job file lies: a job and its node are of one version. */
function ownPackage(directory: string): Plugin {
  return {
    name: 'retake',
    setup({ onResolve }) {
      onResolve({ filter: /^retake(\/.*)?$/ }, ({ path, resolveDir, pluginData }) => {
        if (pluginData === 'resolved') return undefined
        const target = ownExports().get(path)
        if (target !== undefined) return { path: target, sideEffects: false }
        const known = [...ownExports().keys()].join(', ')
        return {
          errors: [
            { text: `retake has no entry "${path}" (it has ${known}); in ${resolveDir || directory}` },
          ],
        }
      })
    },
  }
}

let ownExportsCache: ReadonlyMap<string, string> | undefined

/** The package's own entries, by what users import. */
function ownExports(): ReadonlyMap<string, string> {
  ownExportsCache ??= readOwnExports()
  return ownExportsCache
}

function readOwnExports(): ReadonlyMap<string, string> {
  const packageFile = join(PACKAGE, 'package.json')
  const { exports } = JSON.parse(readFileSync(packageFile, 'utf8')) as { exports: Record<string, string> }
  const root = pathToFileURL(packageFile)
  return new Map(
    Object.entries(exports)
      .filter(([, target]) => target.endsWith('.js'))
      .map(([name, target]) => [`retake${name.slice(1)}`, fileURLToPath(new URL(target, root))]),
  )
}

/** Refuses clients in a bundle, with a message that says where they belong. */
const nodeOnly: Plugin = {
  name: 'node-only',
  setup({ onResolve }) {
    onResolve({ filter: new RegExp(`^(${NODE_ONLY.join('|')})(/.*)?$`) }, ({ path, importer }) => {
      const own = [...ownExports().values()].some((target) => importer.startsWith(dirname(dirname(target))))
      return own
        ? { errors: [{ text: `"${path}" lives on nodes and is not part of a job's bundle` }] }
        : undefined
    })
  },
}

/**
 * The map is no part of the hash, so it may say where the sources are: stacks then name the user's files. Retake's own
 * have another name, by which frames are known as ours on every machine.
 */
function withNamedSources(map: string, directory: string): string {
  const parsed = JSON.parse(map) as { sources: string[] }
  const sources = parsed.sources.map((source) => {
    const path = resolve(directory, source)
    const own = relative(PACKAGE, path)
    const isOwn = /^(dist[/\\])?(src|actors)[/\\]/.test(own)
    return isOwn ? `${OWN_SOURCE}${own.replaceAll('\\', '/')}` : pathToFileURL(path).href
  })
  return JSON.stringify({ ...parsed, sources })
}

function textOf(
  files: readonly { readonly path: string; readonly text: string }[],
  extension: string,
): string {
  return files.find(({ path }) => extname(path) === extension)?.text ?? ''
}

function largestInputs(
  outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>
  >,
): string {
  const inputs = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs))
  return inputs
    .sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
    .slice(0, 3)
    .map(([path, { bytesInOutput }]) => `${path} (${Math.ceil(bytesInOutput / 1024)} KB)`)
    .join(', ')
}

/** As short as it can be read from where the user is. */
function shownPath(path: string): string {
  const fromHere = relative(process.cwd(), path)
  return fromHere.startsWith('..') ? path : fromHere
}

function doesNotBundle(entry: string, messages: readonly Message[]): RetakeError {
  const [first] = messages
  const where = first?.location
    ? `${shownPath(resolve(dirname(entry), first.location.file))}:${first.location.line}`
    : undefined
  const more = messages.length > 1 ? ` (and ${messages.length - 1} more)` : ''
  return new RetakeError('RT1102', {
    what: `${entry} does not bundle`,
    why: `${ownNamed(first?.text ?? 'esbuild failed', dirname(entry))}${more}`,
    fix: 'correct that line; native addons and files read beside the code cannot be shipped in a bundle',
    where,
  })
}

/** Entries of this package by what users import, where esbuild names their files. */
function ownNamed(text: string, directory: string): string {
  return [...ownExports()].reduce(
    (told, [name, target]) => told.replaceAll(`"${relative(directory, target)}"`, `"${name}"`),
    text,
  )
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors)
}

function megabytes(bytes: number): string {
  return `${(bytes / (1024 * 1024)).toFixed(1)} MB`
}
