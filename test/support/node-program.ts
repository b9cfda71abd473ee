import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Availability, availabilityOf, remembered } from './availability.js'
import { mustRun } from './command.js'
import { cached } from './download.js'

/** The versions of Node that we promise to run on. */
export const NODE_MAJORS = [20, 22, 24] as const
export type NodeMajor = (typeof NODE_MAJORS)[number]

const ASKS = Object.fromEntries(
  NODE_MAJORS.map((major) => [
    major,
    remembered(`node-${major}`, () => availabilityOf(() => findNode(major))),
  ]),
) as Readonly<Record<NodeMajor, () => Promise<Availability<string>>>>

/** The path of the newest Node of this major version: the one that runs the tests, or npm's package of it. */
export function nodeAvailability(major: NodeMajor): Promise<Availability<string>> {
  return ASKS[major]()
}

async function findNode(major: NodeMajor): Promise<string> {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const folder = await cached(`${name}-${major}`, (fresh) => unpackNpm(`${name}@${major}`, fresh))
  const program = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (!existsSync(program)) throw new Error(`the package ${name} holds no program`)
  return program
}

/** Only what is in `bin`. */
async function unpackNpm(spec: string, folder: string): Promise<void> {
  const packed = join(folder, 'packed')
  await mkdir(packed)
  const [{ filename }] = JSON.parse(
    await mustRun('npm', ['pack', spec, '--json', '--loglevel=silent'], { cwd: packed, timeoutMs: 180_000 }),
  )
  const bin = ['-xzf', join(packed, filename), '-C', folder, '--strip-components=1', 'package/bin']
  await mustRun('tar', bin)
  await rm(packed, { recursive: true })
}
