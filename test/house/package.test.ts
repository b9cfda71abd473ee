import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bundleJob } from '#src/cluster/job-bundle.js'
import { mustRun } from '../support/command.js'
import { PROJECT } from '../support/project.js'

const MANIFEST = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'))

/** Job files of ours that a stranger reads first. */
const JOBS = ['examples', 'examples/project/src']
  .flatMap((folder) => readdirSync(join(PROJECT, folder)).map((name) => join(folder, name)))
  .filter(
    (file) =>
      file.endsWith('.ts') && readFileSync(join(PROJECT, file), 'utf8').includes('export default job('),
  )

test('when the package is packed, then it holds what runs and its types, and nothing of ours alone', async () => {
  const npm = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=silent']
  const [{ files }] = JSON.parse(await mustRun('npm', npm, { cwd: PROJECT }))
  const paths: string[] = files.map((file: { path: string }) => file.path)

  const strangers = paths.filter(
    (path) =>
      !/^((dist\/)?(src|actors)|examples\/project)\/|^(package\.json|(README|CHANGELOG|SECURITY|docs\/errors)\.md|LICENSE)$/.test(
        path,
      ),
  )
  expect(strangers).toEqual([])
  expect(paths).toContain('examples/project/gitignore')
  for (const target of [...Object.values<string>(MANIFEST.exports), ...Object.values<string>(MANIFEST.bin)]) {
    const path = target.replace('./', '')
    expect(paths).toContain(path)
    if (path.endsWith('.js')) expect(paths).toContain(path.replace(/\.js$/, '.d.ts'))
  }
})

test('when the package is installed from any registry, then its lock names none', () => {
  const lock = JSON.parse(readFileSync(join(PROJECT, 'package-lock.json'), 'utf8'))
  const entries = Object.entries<{ resolved?: string; integrity?: string }>(lock.packages).filter(
    ([path]) => path !== '',
  )
  expect(
    entries.filter(
      ([, { resolved }]) => resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/'),
    ),
  ).toEqual([])
  expect(entries.filter(([, { integrity }]) => integrity === undefined)).toEqual([])
})

test('when a package is asked for, then its version is exact', () => {
  const versions = Object.entries<string>({ ...MANIFEST.dependencies, ...MANIFEST.devDependencies })
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
})

test('when the command is installed, then the system can run it', () => {
  for (const path of Object.values<string>(MANIFEST.bin)) {
    const file = join(PROJECT, path)
    expect(existsSync(file)).toBe(true)
    expect(readFileSync(file, 'utf8').startsWith('#!/usr/bin/env node\n')).toBe(true)
  }
})

test.each(JOBS)(
  'when %s is bundled, then it is small enough to be imported by every slot of every attempt',
  async (file) => {
    const { bytes } = await bundleJob(join(PROJECT, file))
    expect(bytes).toBeLessThan(60 * 1024)
  },
)
