import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Availability, availabilityOf, remembered } from './availability.js'
import { mustRun } from './command.js'
import { cached } from './download.js'

/** Programs, by path, that look at a tarball as those do who will import it. */
export interface PackageLinters {
  readonly publint: string
  /** "Are the types wrong?" */
  readonly attw: string
}

/** Forty megabytes that one test needs, so they are no dependencies of ours. */
const PACKAGES = ['publint@0.3.25', '@arethetypeswrong/cli@0.18.5']

export const packageLinters: () => Promise<Availability<PackageLinters>> = remembered('package-linters', () =>
  availabilityOf(findLinters),
)

async function findLinters(): Promise<PackageLinters> {
  const folder = await cached('package-linters', async (fresh) => {
    const modules = join(fresh, 'modules')
    mkdirSync(modules)
    writeFileSync(join(modules, 'package.json'), '{ "private": true }')
    const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error']
    await mustRun('npm', ['install', ...flags, ...PACKAGES], { cwd: modules, timeoutMs: 180_000 })
  })
  const bin = join(folder, 'modules', 'node_modules', '.bin')
  return { publint: join(bin, 'publint'), attw: join(bin, 'attw') }
}
