import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import { PROJECT } from '../support/project.js'
import type { Mutation } from './mutations.js'

/** A copy of the build in which one mutation is carried out, where the packages are still found. */
export interface Mutant {
  /** The path of its simulator, for a process of its own. */
  readonly program: string
  remove(): void
}

export function buildMutant({ name, file, from, to }: Mutation): Mutant {
  const source = readFileSync(join(PROJECT, file), 'utf8')
  const times = source.split(from).length - 1
  if (times !== 1)
    throw new Error(
      `mutation "${name}": its text stands ${times} times in ${file}, and has to stand there once`,
    )
  const folder = join(
    PROJECT,
    'node_modules',
    '.cache',
    'mutants',
    name.replaceAll(/[^a-z]+/g, '-').slice(0, 60),
  )
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  cpSync(join(PROJECT, 'package.json'), join(folder, 'package.json'))
  for (const part of ['src', 'actors', 'test/sim', 'test/support'])
    cpSync(join(PROJECT, 'dist', part), join(folder, 'dist', part), { recursive: true })
  const { code } = transformSync(
    source.replace(from, () => to),
    { loader: 'ts', format: 'esm', target: 'node20' },
  )
  writeFileSync(join(folder, 'dist', file.replace(/\.ts$/, '.js')), code)
  return {
    program: join(folder, 'dist', 'test', 'sim', 'main.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
