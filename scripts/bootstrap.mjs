/**
 * Makes a checkout ready to run, and says on stderr what it did: installs when the lock changed since the last install,
 * builds, and removes what was built from sources that are gone. It needs nothing but Node and npm, so nothing here is
 * imported that is not Node's own. Every command of package.json that runs our code starts with it.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)))

const OLDEST_NODE = [20, 19]
const STAMP = join(PROJECT, 'node_modules', '.retake-install')
const BUILD_LOCK = join(PROJECT, 'node_modules', '.retake-build')
const BUILT = ['src', 'actors', 'test', 'bench', 'examples']

/** Ends the process with a message when something cannot be done. */
export function bootstrap() {
  requireNode()
  install()
  build()
}

export function say(line) {
  process.stderr.write(`${line}\n`)
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return
  fail(`Retake needs Node ${OLDEST_NODE.join('.')} or newer, and this is Node ${process.versions.node}`)
}

/** A first install takes exactly the lock; a later one changes only what differs and keeps the cache of servers. */
function install() {
  const wanted = fingerprintOfLock()
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return
  const isFirst = !existsSync(join(PROJECT, 'node_modules'))
  say(isFirst ? 'installing packages' : 'installing packages (the lock changed)')
  const command = isFirst ? ['ci'] : ['install', '--no-save']
  // npm talks on stdout; ours belongs to the program that runs next.
  const { status, error } = spawnSync('npm', [...command, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: PROJECT,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (status !== 0) fail(`npm ${command[0]} failed${error === undefined ? '' : `: ${error.message}`}`)
  writeFileSync(STAMP, wanted)
}

/** The lock, and the platform that the packages with binaries were chosen for. */
function fingerprintOfLock() {
  const hash = createHash('sha256').update(readFileSync(join(PROJECT, 'package-lock.json')))
  return `${hash.digest('hex')} ${process.platform}-${process.arch} node ${process.versions.modules}\n`
}

function build() {
  const release = takeBuildLock()
  try {
    removeStale()
    const started = Date.now()
    const { status, error } = spawnSync(process.execPath, [compiler(), '-p', 'tsconfig.json'], {
      cwd: PROJECT,
      stdio: ['ignore', 2, 2],
    })
    if (status !== 0) fail(`the build failed${error === undefined ? '' : `: ${error.message}`}`)
    say(`built in ${((Date.now() - started) / 1000).toFixed(1)} s`)
  } finally {
    release()
  }
}

function compiler() {
  const folder = join(PROJECT, 'node_modules', 'typescript')
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return join(folder, typeof bin === 'string' ? bin : bin.tsc)
}

/** One build at a time in a checkout. A lock whose owner is dead counts for nothing. */
function takeBuildLock() {
  const deadline = Date.now() + 180_000
  for (;;) {
    try {
      mkdirSync(dirname(BUILD_LOCK), { recursive: true })
      writeFileSync(BUILD_LOCK, String(process.pid), { flag: 'wx' })
      const release = () => rmSync(BUILD_LOCK, { force: true })
      process.once('exit', release)
      return release
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      if (isAbandoned()) rmSync(BUILD_LOCK, { force: true })
      else if (Date.now() > deadline) fail(`another build holds ${relative(PROJECT, BUILD_LOCK)}`)
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
    }
  }
}

function isAbandoned() {
  try {
    const owner = Number(readFileSync(BUILD_LOCK, 'utf8'))
    if (owner === 0) return Date.now() - statSync(BUILD_LOCK).mtimeMs > 5_000
    process.kill(owner, 0)
    return false
  } catch (error) {
    return error.code !== 'EPERM'
  }
}

/** A module that was renamed must not go on living in the build, where a test would still find it. */
function removeStale() {
  for (const folder of BUILT) removeStaleBelow(join(PROJECT, 'dist', folder), join(PROJECT, folder))
}

function removeStaleBelow(built, source) {
  if (!existsSync(built)) return
  for (const entry of readdirSync(built, { withFileTypes: true })) {
    const path = join(built, entry.name)
    if (entry.isDirectory()) {
      removeStaleBelow(path, join(source, entry.name))
      if (readdirSync(path).length === 0) rmdirSync(path)
      continue
    }
    const stem = entry.name.replace(/(\.d\.ts|\.js)(\.map)?$/, '')
    if (stem !== entry.name && !existsSync(join(source, `${stem}.ts`))) rmSync(path)
  }
}

function fail(message) {
  say(`retake: ${message}`)
  process.exit(1)
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  bootstrap()
